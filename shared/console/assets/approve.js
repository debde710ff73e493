// Reads the secret from the link's fragment, which browsers never send to a server, into the form. The fragment then
// leaves the address bar, so that a copied address or a screenshot decides nothing; a reload still finds it in this tab.
(() => {
  "use strict";
  const form = document.getElementById("decide");
  if (!form) return;
  const key = "firefinder " + location.pathname;
  const keep = (value) => { try { sessionStorage.setItem(key, value); } catch { /* private mode: a reload needs the link */ } };
  const kept = () => { try { return sessionStorage.getItem(key) || ""; } catch { return ""; } };
  const given = location.hash.slice(1);
  if (/^[A-Za-z0-9_-]{43}$/.test(given)) {
    keep(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  const secret = kept() || given;
  document.getElementById("no-secret").hidden = secret !== "";
  if (secret === "") return;
  form.elements.secret.value = secret;
  form.querySelectorAll("button").forEach((b) => { b.disabled = false; });
})();
