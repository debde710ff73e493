package console_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/console/consoletest"
	"github.com/firefinder/firefinder/shared/incident"
)

const base = "https://fire.example.com"

// desk is a person with a browser in front of an approval page.
type desk struct {
	t      *testing.T
	w      *consoletest.World
	h      http.Handler
	id     string
	page   *node
	cookie *http.Cookie
}

// sit opens the page of the world's last request for approval.
func sit(t *testing.T, w *consoletest.World) *desk {
	t.Helper()
	d := &desk{t: t, w: w, h: w.Approve(), id: w.Notice().Approval.ID}
	got, page := visit(t, d.h, "/approve/"+d.id)
	if got.Code != 200 || got.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	d.page = page
	if cookies := got.Result().Cookies(); len(cookies) == 1 {
		d.cookie = cookies[0]
	} else {
		t.Fatalf("%d cookies", len(cookies))
	}
	return d
}

// fields is the form as an approver fills it.
func (d *desk) fields(email string, decision incident.ApprovalState) url.Values {
	d.t.Helper()
	f := url.Values{"email": {email}, "decision": {string(decision)}, "code": {d.w.Notice().Code}, "secret": {d.w.Notice().Secret}, "comment": {""}}
	for _, name := range []string{"plan_hash", "csrf"} {
		f.Set(name, d.page.one(d.t, "#decide input[name="+name+"]").attrs["value"])
	}
	return f
}

// post sends the form as a browser does; change may spoil the request.
func (d *desk) post(f url.Values, change func(*http.Request)) (*httptest.ResponseRecorder, *node) {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, base+"/approve/"+d.id, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "null") // what the referrer policy makes of it
	r.AddCookie(d.cookie)
	if change != nil {
		change(r)
	}
	got := httptest.NewRecorder()
	d.h.ServeHTTP(got, r)
	if !strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") {
		return got, nil
	}
	page := parse(d.t, got.Body.String())
	checkPage(d.t, "POST /approve", got, page)
	return got, page
}

func (d *desk) state() incident.Approval {
	d.t.Helper()
	a, err := d.w.Approvals.Get(context.Background(), d.id)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func TestApprovePageShowsThePlan(t *testing.T) {
	w := consoletest.New(t, base)
	inv := w.Checkout(nil)
	d := sit(t, w)
	plan, raw, err := w.Approvals.Plan(t.Context(), d.state())
	if err != nil {
		t.Fatal(err)
	}
	shown := d.page.one(t, "[data-plan="+inv.PlanHash+"]")
	if approval.Hash(plan) != inv.PlanHash || len(raw) == 0 {
		t.Error("the plan on the page is not the plan of the hash")
	}
	for _, want := range planTexts(plan) {
		if !strings.Contains(shown.text(), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if n := len(shown.all(".phase")); n != 5 {
		t.Errorf("%d phases and rollback, want 5", n)
	}
	for selector, want := range map[string]string{
		".standing":     "Waiting for a decision until 4 Mar 2026 15:55:00 UTC (in 3 h 55 min)",
		"#code-hint":    approval.Short(inv.PlanHash),
		"main noscript": "needs its script",
	} {
		if text := d.page.one(t, selector).text(); !strings.Contains(text, want) {
			t.Errorf("%s: %q lacks %q", selector, text, want)
		}
	}
	main := d.page.one(t, "main").text()
	for _, want := range []string{"Ada Byron", "ben@example.com", "lowered the database connection pool", "Confirmed, confidence 93 %", "Four connections serve"} {
		if !strings.Contains(main, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if code := w.Notice().Code; strings.Contains(main, code) || strings.Contains(main, w.Notice().Secret) {
		t.Error("the page tells what has to be brought along")
	}
	for _, button := range d.page.all("#decide button") {
		if _, off := button.attrs["disabled"]; !off {
			t.Error("a button works before the script has found the secret")
		}
	}
}

// planTexts are all texts of a plan.
func planTexts(p incident.Plan) []string {
	out := []string{p.Summary, p.BlastRadius, string(p.Risk), p.Requester, p.Analyst, p.Spec.Problem, p.Spec.Repository, p.Spec.Change}
	out = append(out, p.Spec.Files...)
	out = append(out, p.Spec.Tests...)
	out = append(out, p.Blocks...)
	for _, a := range append(p.Actions, p.Rollback...) {
		out = append(out, a.Text, a.Command, a.Target, a.Expected, string(a.Risk))
	}
	for _, c := range p.Success {
		out = append(out, c.Text, c.Metric)
	}
	return out
}

func TestApprove(t *testing.T) {
	w := consoletest.New(t, base)
	w.Checkout(nil)
	d := sit(t, w)
	f := d.fields("Ada@Example.com", incident.Approved)
	f.Set("code", strings.ToLower(f.Get("code")))
	f.Set("comment", "go ahead")
	w.Pass(10 * time.Minute)
	got, page := d.post(f, nil)
	if got.Code != 200 || !strings.Contains(page.one(t, ".banner").text(), "Your decision is recorded") {
		t.Fatalf("%d %s", got.Code, page.one(t, "main").text())
	}
	a := d.state()
	if a.State != incident.Approved || a.Votes[0].By != (incident.Person{Subject: "ada@example.com", Name: "Ada Byron", Method: console.Mailbox}) || a.Votes[0].Comment != "go ahead" {
		t.Errorf("%+v", a)
	}
	if out := w.Decisions(); len(out) != 1 || out[0].Decision != "APPROVED" {
		t.Errorf("workflow got %v", out)
	}
	// Whoever opens the page now sees who decided what and when, and no form.
	_, page = visit(t, d.h, "/approve/"+d.id)
	if s := page.one(t, ".standing").text(); !strings.Contains(s, "Approved") || !strings.Contains(s, "approved by Ada Byron (ada@example.com, possession of mailbox), 4 Mar 2026 12:10:00 UTC") || !strings.Contains(s, "go ahead") || len(page.all("form")) != 0 {
		t.Error(s)
	}
	// A second click is told so; another person's contrary decision is kept and shown without effect.
	got, page = d.post(f, nil)
	if got.Code != 409 || !strings.Contains(page.one(t, ".banner").text(), "already approved by Ada Byron at 12:10 UTC") {
		t.Errorf("%d %s", got.Code, page.one(t, ".banner").text())
	}
	f.Set("email", "ben@example.com")
	f.Set("decision", "REJECTED")
	d.post(f, nil)
	_, page = visit(t, d.h, "/approve/"+d.id)
	if s := page.one(t, ".votes").text(); !strings.Contains(s, "rejected by Ben Ortiz") || !strings.Contains(s, "came too late and has no effect") {
		t.Error(s)
	}
	if d.state().State != incident.Approved || len(w.Decisions()) != 1 {
		t.Error("a late decision had an effect")
	}
}

// TestRefused: every way of sending the form that lacks something decides nothing and says what to do.
func TestRefused(t *testing.T) {
	set := func(name, value string) func(url.Values) { return func(f url.Values) { f.Set(name, value) } }
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		form   func(url.Values)
		req    func(*http.Request)
		status int
		says   string
	}{
		"no secret":         {set("secret", ""), nil, 403, "Open the link in the mail"},
		"wrong secret":      {set("secret", strings.Repeat("A", 43)), nil, 403, "Open the link in the mail"},
		"no code":           {set("code", ""), nil, 422, "type its six characters"},
		"wrong code":        {set("code", "000000"), nil, 422, "type its six characters"},
		"hash for code":     {func(f url.Values) { f.Set("code", f.Get("plan_hash")[:6]) }, nil, 422, "type its six characters"},
		"stranger":          {set("email", "eve@example.com"), nil, 403, "list of approvers"},
		"no address":        {set("email", ""), nil, 403, "list of approvers"},
		"other plan":        {set("plan_hash", strings.Repeat("0", 64)), nil, 409, "Reload the page"},
		"no decision":       {set("decision", ""), nil, 400, "neither approve nor reject"},
		"odd decision":      {set("decision", "approve"), nil, 400, "neither approve nor reject"},
		"two decisions":     {func(f url.Values) { f["decision"] = []string{"", "APPROVED"} }, nil, 400, "neither approve nor reject"},
		"no csrf":           {set("csrf", ""), nil, 403, "does not belong to this browser"},
		"other csrf":        {set("csrf", strings.Repeat("B", 43)), nil, 403, "does not belong to this browser"},
		"no cookie":         {nil, func(r *http.Request) { r.Header.Del("Cookie") }, 403, "cookies"},
		"planted cookie":    {set("csrf", "x"), header("Cookie", "__Host-firefinder-form=x"), 403, "does not belong to this browser"},
		"cookie, no prefix": {nil, func(r *http.Request) { r.Header.Set("Cookie", strings.TrimPrefix(r.Header.Get("Cookie"), "__Host-")) }, 403, "cookies"},
		"cross site":        {nil, header("Sec-Fetch-Site", "cross-site"), 403, "another site"},
		"same site":         {nil, header("Sec-Fetch-Site", "same-site"), 403, "another site"},
		"address bar":       {nil, header("Sec-Fetch-Site", "none"), 403, "another site"},
		"old, other origin": {nil, func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
		}, 403, "another site"},
		"JSON":         {nil, header("Content-Type", "application/json"), 400, "form on the page"},
		"multipart":    {nil, header("Content-Type", "multipart/form-data; boundary=x"), 400, "form on the page"},
		"huge comment": {set("comment", strings.Repeat("x", 80<<10)), nil, 400, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			w := consoletest.New(t, base)
			w.Checkout(nil)
			d := sit(t, w)
			f := d.fields("ada@example.com", incident.Approved)
			if c.form != nil {
				c.form(f)
			}
			got, page := d.post(f, c.req)
			if got.Code != c.status || !strings.Contains(page.one(t, "main").text(), c.says) {
				t.Errorf("%d %s", got.Code, page.one(t, "main").text())
			}
			if d.state().State != incident.Pending || len(w.Decisions()) != 0 {
				t.Error("it decided")
			}
		})
	}
}

// TestWrongCodeKeepsTheRest: the person types the code again and nothing else.
func TestWrongCodeKeepsTheRest(t *testing.T) {
	w := consoletest.New(t, base)
	w.Checkout(nil)
	d := sit(t, w)
	f := d.fields("ada@example.com", incident.Approved)
	f.Set("code", "WRONG1")
	f.Set("comment", `</textarea><b>bold & sure`)
	_, page := d.post(f, nil)
	if page.one(t, "#email").attrs["value"] != "ada@example.com" || page.one(t, "#comment").text() != `</textarea><b>bold & sure` {
		t.Errorf("lost: %v, %q", page.one(t, "#email").attrs, page.one(t, "#comment").text())
	}
	if _, marked := page.one(t, "#code").attrs["aria-invalid"]; !marked || page.one(t, "#decide input[name=secret]").attrs["value"] != "" {
		t.Error("the code is not marked, or the secret went back into the page")
	}
}

func TestTwoPeople(t *testing.T) {
	w := consoletest.New(t, base)
	inv := w.Checkout(nil)
	plan, _, err := approval.ReadPlan(t.Context(), w.Blob, inv.PlanHash)
	if err != nil {
		t.Fatal(err)
	}
	old := sit(t, w)
	plan.Risk, plan.Version = incident.RiskHigh, 2
	w.Replan(plan)
	w.Propose(inv.ID)
	got, page := old.post(old.fields("ada@example.com", incident.Approved), nil)
	if got.Code == 200 || old.state().State != incident.Superseded || !strings.Contains(page.one(t, ".standing").text(), "Superseded") {
		t.Errorf("%d, old approval %s", got.Code, old.state().State)
	}
	d := sit(t, w)
	if got, page = d.post(d.fields("ada@example.com", incident.Approved), nil); got.Code != 200 || !strings.Contains(page.one(t, ".standing").text(), "One approval of 2") || len(page.all("form")) != 1 {
		t.Errorf("%d %s", got.Code, page.one(t, ".standing").text())
	}
	if got, _ = d.post(d.fields("ada@example.com", incident.Approved), nil); got.Code != 409 {
		t.Errorf("same person: %d", got.Code)
	}
	if got, _ = d.post(d.fields("ben@example.com", incident.Approved), nil); got.Code != 200 || d.state().State != incident.Approved {
		t.Errorf("second person: %d %s", got.Code, d.state().State)
	}
}

func TestExpiredPage(t *testing.T) {
	w := consoletest.New(t, base)
	w.Checkout(nil)
	d := sit(t, w)
	f := d.fields("ada@example.com", incident.Approved)
	w.Pass(5 * time.Hour)
	_, page := visit(t, d.h, "/approve/"+d.id)
	if len(page.all("form")) != 0 || !strings.HasPrefix(page.one(t, ".standing").text(), "Expired Nobody decided in time, so the plan is not approved") {
		t.Error(page.one(t, ".standing").text())
	}
	got, page := d.post(f, nil)
	if got.Code != 409 || !strings.Contains(page.one(t, ".banner").text(), "expired at 15:55 UTC") || d.state().State != incident.Expired {
		t.Errorf("%d %s", got.Code, page.one(t, ".banner").text())
	}
	if s := page.one(t, ".votes").text(); !strings.Contains(s, "came too late") {
		t.Error(s)
	}
}

// TestChangedPlanIsNotShown: when the stored bytes are not what the hash names, nobody is asked about them.
func TestChangedPlanIsNotShown(t *testing.T) {
	tampered := consoletest.New(t, base)
	tampered.Checkout(nil)
	a := tampered.Notice().Approval
	tampered.Tamper(a.PlanHash, []byte(`{"summary":"rm -rf"}`))
	got, page := visit(t, tampered.Approve(), "/approve/"+a.ID)
	if got.Code != 400 || !strings.Contains(page.one(t, "main").text(), "the stored bytes were changed") || strings.Contains(got.Body.String(), "rm -rf") {
		t.Errorf("%d %s", got.Code, page.one(t, "main").text())
	}
}

func TestApproveErrors(t *testing.T) {
	w := consoletest.New(t, base)
	w.Checkout(nil)
	broken := console.ApproveHandler(console.ApproveDeps{
		Approvals: approval.New(approval.Deps{Store: down{}, Blob: w.Blob, Space: w.Space, Now: w.Now, Rand: w.Rand, Log: w.Log()}),
		Store:     down{}, Space: w.Space, Now: w.Now, Rand: w.Rand, Log: w.Log(),
	})
	for _, c := range []struct {
		h      http.Handler
		path   string
		status int
		says   string
	}{
		{w.Approve(), "/approve/apr-none", 404, "open the link from the message again"},
		{w.Approve(), "/approve/" + strings.Repeat("x", 500), 404, "no approval id"},
		{w.Approve(), "/approve/", 404, "Open the link"},
		{w.Approve(), "/elsewhere", 404, "Open the link"},
		{broken, "/approve/apr-1", 503, "Try again in a minute"},
	} {
		got, page := visit(t, c.h, c.path)
		if got.Code != c.status || !strings.Contains(page.one(t, "main").text(), c.says) || strings.Contains(got.Body.String(), "10.0.0.7") {
			t.Errorf("%s: %d %s", c.path, got.Code, page.one(t, "main").text())
		}
	}
}

// TestScanners (T15): whatever opens links, a thousand times over, decides nothing and writes nothing.
func TestScanners(t *testing.T) {
	w := consoletest.New(t, base)
	w.Checkout(nil)
	d := sit(t, w)
	before := d.state()
	n := w.Notice()
	page := "/approve/" + d.id
	paths := []string{page, page + "?decision=APPROVED&code=" + n.Code + "&secret=" + n.Secret, page + "?approve", page + "/approve", page + "/reject", "/approve/approve.js"}
	agents := []string{"", "Slackbot-LinkExpanding 1.0", "SafeLinks", "Twitterbot/1.0"}
	for i := range 1000 {
		method := []string{"GET", "HEAD", "OPTIONS", "GET", "PROPFIND", "TRACE"}[i%6]
		r := httptest.NewRequestWithContext(t.Context(), method, paths[i%len(paths)], nil)
		r.Header.Set("User-Agent", agents[i%len(agents)])
		if i%3 == 0 {
			r.Header.Set("Sec-Purpose", "prefetch")
		}
		if i%5 == 0 {
			r.AddCookie(d.cookie)
		}
		got := httptest.NewRecorder()
		d.h.ServeHTTP(got, r)
		if method == "HEAD" && got.Body.Len() > 0 {
			t.Fatal("HEAD has a body")
		}
	}
	for i := range 1000 { // one that submits the form as it found it, with guesses
		f := d.fields("ada@example.com", incident.Approved)
		f.Set("secret", "")
		f.Set("code", fmt.Sprintf("%06d", i))
		if i%2 == 0 {
			f.Del("secret")
			f.Set("code", n.Code)
		}
		if got, _ := d.post(f, nil); got.Code == 200 {
			t.Fatalf("the form without the secret was taken: %v", f)
		}
	}
	if after := d.state(); after.State != incident.Pending || len(after.Votes)+len(after.Late) != 0 || !after.ExpiresAt.Equal(before.ExpiresAt) || len(w.Decisions()) != 0 {
		t.Errorf("%+v", after)
	}
}

// TestHostileText: whatever a field says, it stays text, and what hides or reorders characters is seen.
func TestHostileText(t *testing.T) {
	attacks := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</textarea></pre></code><svg onload=alert(1)>`,
		`javascript:alert(1)`, "{{constructor}}", `<!--`, `]]>`, `&lt;b&gt;`, "<a href=https://evil.example>here</a>",
	}
	for _, attack := range attacks {
		w := consoletest.New(t, base)
		inv := w.Checkout(func(s string) string { return s + attack + "\u202e\u200b\x00\u2066" })
		for _, page := range []struct {
			h    http.Handler
			path string
		}{{w.Console(), "/"}, {w.Console(), "/investigations/" + inv.ID}, {w.Approve(), "/approve/" + inv.ApprovalID}} {
			got, dom := visit(t, page.h, page.path)
			if got.Code != 200 {
				t.Fatalf("%s: %d", page.path, got.Code)
			}
			dom.walk(func(n *node) {
				if n.tag == "img" || n.tag == "script" && !strings.HasSuffix(n.attrs["src"], ".js") || n.tag == "svg" && n.attrs["class"] != "chart" {
					t.Errorf("%s: <%s> made of %q", page.path, n.tag, attack)
				}
			})
			for _, hidden := range []string{"\u202e", "\u200b", "\x00", "\u2066"} {
				if strings.Contains(got.Body.String(), hidden) {
					t.Errorf("%s: %U is in the page unseen", page.path, []rune(hidden)[0])
				}
			}
			if !strings.Contains(dom.text(), "⟨U+202E⟩") {
				t.Errorf("%s: the hidden character is not shown", page.path)
			}
		}
	}
}

// TestPlainHTTP: on a laptop without https the cookie goes without the prefix that needs it.
func TestPlainHTTP(t *testing.T) {
	for address, want := range map[string]string{"http://localhost:8080": "firefinder-form", base: "__Host-firefinder-form"} {
		w := consoletest.New(t, address)
		w.Checkout(nil)
		c := sit(t, w).cookie
		if c.Name != want || c.Secure != strings.HasPrefix(address, "https") || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" {
			t.Errorf("%s: %v", address, c)
		}
	}
}

// TestBehindAPIGateway: the same flow through the adapter of the deployed function.
func TestBehindAPIGateway(t *testing.T) {
	w := consoletest.New(t, base)
	w.Checkout(nil)
	n := w.Notice()
	invoke := boot.HTTP(w.Approve())
	event := func(method, path string) events.APIGatewayV2HTTPRequest {
		e := events.APIGatewayV2HTTPRequest{RawPath: path, Headers: map[string]string{"sec-fetch-site": "same-origin", "origin": "null"}}
		e.RequestContext.HTTP.Method, e.RequestContext.DomainName, e.RequestContext.Stage = method, "fire.example.com", "$default"
		return e
	}
	for _, file := range []string{"firefinder.css", "approve.js", "icon.svg"} { // the one route of the API has one path segment
		if got, err := invoke(t.Context(), event("GET", "/approve/"+file)); err != nil || got.StatusCode != 200 || got.Body == "" || got.IsBase64Encoded {
			t.Errorf("%s: %v %d", file, err, got.StatusCode)
		}
	}
	got, err := invoke(t.Context(), event("GET", "/approve/"+n.Approval.ID))
	if err != nil || got.StatusCode != 200 || len(got.Cookies) != 1 || got.Headers["Referrer-Policy"] != "no-referrer" {
		t.Fatalf("%v %d %v", err, got.StatusCode, got.Cookies)
	}
	form := url.Values{"email": {"ada@example.com"}, "decision": {"REJECTED"}, "code": {n.Code}, "secret": {n.Secret}}
	for _, name := range []string{"plan_hash", "csrf"} {
		form.Set(name, parse(t, got.Body).one(t, "#decide input[name="+name+"]").attrs["value"])
	}
	post := event("POST", "/approve/"+n.Approval.ID)
	post.Headers["content-type"] = "application/x-www-form-urlencoded"
	post.Cookies = []string{strings.SplitN(got.Cookies[0], ";", 2)[0]}
	post.Body, post.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(form.Encode())), true
	got, err = invoke(t.Context(), post)
	if err != nil || got.StatusCode != 200 || len(w.Decisions()) != 1 || w.Decisions()[0].Decision != "REJECTED" {
		t.Errorf("%v %d %v", err, got.StatusCode, w.Decisions())
	}
}

// FuzzDecide: no body, whatever it is, decides without the secret or breaks the page.
func FuzzDecide(f *testing.F) {
	f.Add("email=ada%40example.com&decision=APPROVED&secret=&code=AAAAAA", "application/x-www-form-urlencoded")
	f.Add("secret=%zz&;&decision=APPROVED&decision=REJECTED", "application/x-www-form-urlencoded; charset=utf-8")
	f.Add("{}", "application/json")
	w := consoletest.New(f, base)
	w.Checkout(nil)
	h, id, token := w.Approve(), w.Notice().Approval.ID, strings.Repeat("A", 43)
	f.Fuzz(func(t *testing.T, body, kind string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, base+"/approve/"+id, strings.NewReader(body+"&csrf="+token))
		r.Header.Set("Content-Type", kind)
		r.AddCookie(&http.Cookie{Name: "__Host-firefinder-form", Value: token})
		got := httptest.NewRecorder()
		h.ServeHTTP(got, r)
		a, err := w.Approvals.Get(t.Context(), id)
		if err != nil || got.Code == 200 || got.Code >= 500 || a.State != incident.Pending {
			t.Fatalf("%d %s %v", got.Code, a.State, err)
		}
	})
}
