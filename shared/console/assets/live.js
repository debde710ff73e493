// Asks every few seconds whether the page has changed (If-None-Match) and replaces its content. Opened details stay open.
(() => {
  "use strict";
  if (!document.body.hasAttribute("data-live")) return;
  let tag = "";
  const refresh = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status !== 200) return;
    const first = tag === "";
    tag = answer.headers.get("ETag") || "";
    if (first) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = next.querySelector("main");
    if (!fresh) return;
    const main = document.querySelector("main");
    main.querySelectorAll("details[open][id]").forEach((d) => {
      const same = fresh.querySelector("#" + CSS.escape(d.id));
      if (same) same.open = true;
    });
    const focused = document.activeElement && document.activeElement.id;
    main.replaceWith(fresh);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    document.title = next.title;
    if (!next.body.hasAttribute("data-live")) clearInterval(timer);
  };
  const timer = setInterval(() => { refresh().catch(() => {}); }, 4000);
  refresh().catch(() => {});
})();
