package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/console/consoletest"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// doubt is a person with a browser in front of the page about one alarm, which triage linked to another.
type doubt struct {
	t      *testing.T
	w      *consoletest.World
	h      http.Handler
	alarm  record.Alarm
	secret string
	csrf   string
	cookie *http.Cookie
}

func doubts(t *testing.T) *doubt {
	t.Helper()
	w := consoletest.New(t, base)
	w.Alarm("checkout 5xx above 5 %", 0)
	d := &doubt{t: t, w: w, h: w.Undo(), alarm: w.Alarm("checkout p99 above 2 s", time.Minute)}
	if d.alarm.Decision.Outcome != incident.Linked {
		t.Fatalf("%+v", d.alarm.Decision)
	}
	path, secret, _ := strings.Cut(strings.TrimPrefix(w.UndoLink(d.alarm.ID), base), "#")
	d.secret = secret
	got, page := visit(t, d.h, path)
	if got.Code != 200 || got.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	d.csrf = page.one(t, "#decide input[name=csrf]").attrs["value"]
	d.cookie = got.Result().Cookies()[0]
	return d
}

func (d *doubt) fields() url.Values {
	return url.Values{"csrf": {d.csrf}, "secret": {d.secret}, "by": {"Ada@Example.com"}, "why": {"another team's queue"}}
}

// send posts as a browser's form does; change may spoil the request.
func (d *doubt) send(f url.Values, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, base+"/undo/"+d.alarm.ID, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "null")
	r.AddCookie(d.cookie)
	if change != nil {
		change(r)
	}
	got := httptest.NewRecorder()
	d.h.ServeHTTP(got, r)
	return got
}

// call posts as a program does.
func (d *doubt) call(body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, base+"/undo/"+d.alarm.ID, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	got := httptest.NewRecorder()
	d.h.ServeHTTP(got, r)
	return got
}

func (d *doubt) body(by string) string {
	return fmt.Sprintf(`{"secret":%q,"by":%q,"why":"another team's queue"}`, d.secret, by)
}

// stands fails the test unless the decision is as triage made it and nothing was opened.
func (d *doubt) stands() {
	d.t.Helper()
	a, err := record.GetAlarm(context.Background(), d.w.Store, d.alarm.ID)
	list, err2 := record.List(context.Background(), d.w.Store, consoletest.Noon.Add(time.Hour), 10)
	if err != nil || err2 != nil || a.Decision.Reversed != nil || a.Investigation != d.alarm.Investigation || len(list) != 1 {
		d.t.Fatalf("reversed: %+v, %d investigations, %v, %v", a.Decision.Reversed, len(list), err, err2)
	}
}

func TestUndoPage(t *testing.T) {
	d := doubts(t)
	_, page := visit(t, d.h, "/undo/"+d.alarm.ID)
	main := page.one(t, "main").text()
	for _, want := range []string{"checkout p99 above 2 s", "Linked", d.alarm.Investigation, "same service", "investigation of its own", "while 5 investigations run", "Investigate this alarm", "needs its script"} {
		if !strings.Contains(main, want) {
			t.Errorf("the page lacks %q: %s", want, main)
		}
	}
	if _, off := page.one(t, "#decide button").attrs["disabled"]; !off || strings.Contains(main, d.secret) {
		t.Error("the button works before the script has found the secret, or the page tells it")
	}
	d.w.Pass(10 * time.Minute)
	got := d.send(d.fields(), nil)
	page = parse(t, got.Body.String())
	checkPage(t, "POST /undo", got, page)
	a, err := record.GetAlarm(t.Context(), d.w.Store, d.alarm.ID)
	if err != nil || a.Decision.Reversed == nil {
		t.Fatalf("%d %s %v", got.Code, page.one(t, "main").text(), err)
	}
	r := *a.Decision.Reversed
	if r.By != "ada@example.com" || r.Method != console.Notice || r.Why != "another team's queue" || !r.At.Equal(consoletest.Noon.Add(10*time.Minute)) || a.Decision.Outcome != incident.Linked {
		t.Errorf("%+v", a.Decision)
	}
	for selector, want := range map[string]string{
		".banner":   "Your reversal is recorded. Investigation " + r.Investigation + " starts within a minute",
		".standing": "By ada@example.com, 4 Mar 2026 12:10:00 UTC (just now), possession of the notice",
	} {
		if text := page.one(t, selector).text(); !strings.Contains(text, want) {
			t.Errorf("%s: %q lacks %q", selector, text, want)
		}
	}
	if got.Code != 200 || len(page.all("form")) != 0 || strings.Contains(got.Body.String(), d.secret) {
		t.Errorf("%d, %d forms, or the secret went back into the page", got.Code, len(page.all("form")))
	}
	// Whoever comes later sees who was first, and changes nothing.
	d.w.Pass(time.Hour)
	f := d.fields()
	f.Set("by", "ben@example.com")
	got = d.send(f, nil)
	page = parse(t, got.Body.String())
	if text := page.one(t, "main").text(); got.Code != 200 || !strings.Contains(text, "Somebody was first") || !strings.Contains(text, "By ada@example.com") {
		t.Errorf("%d %s", got.Code, text)
	}
	if started := d.w.Sweep(); len(started) != 2 || started[0] == started[1] {
		t.Errorf("the sweep started %v", started)
	}
	for path, want := range map[string]string{"/investigations/" + d.alarm.Investigation: "Changed by ada@example.com", "/investigations/" + r.Investigation: "a person changed a triage decision"} {
		if _, page := visit(t, d.w.Console(), path); !strings.Contains(page.one(t, "main").text(), want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
}

// TestUndoRefused: every way of sending the form that lacks something reverses nothing and says what to do.
func TestUndoRefused(t *testing.T) {
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
		"no secret":      {set("secret", ""), nil, 403, "Open the link in the notice"},
		"wrong secret":   {set("secret", strings.Repeat("A", 43)), nil, 403, "Open the link in the notice"},
		"stranger":       {set("by", "eve@example.com"), nil, 403, "list of approvers"},
		"nobody":         {set("by", " "), nil, 403, "list of approvers"},
		"no csrf":        {set("csrf", ""), nil, 403, "does not belong to this browser"},
		"no cookie":      {nil, func(r *http.Request) { r.Header.Del("Cookie") }, 403, "cookies"},
		"planted cookie": {set("csrf", "x"), header("Cookie", "__Host-firefinder-form=x"), 403, "does not belong to this browser"},
		"cross site":     {nil, header("Sec-Fetch-Site", "cross-site"), 403, "another site"},
		"same site":      {nil, header("Sec-Fetch-Site", "same-site"), 403, "another site"},
		"old, other origin": {nil, func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
		}, 403, "another site"},
		"text/plain": {nil, header("Content-Type", "text/plain"), 400, "form on the page"},
		"huge":       {set("why", strings.Repeat("x", 80<<10)), nil, 400, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			d := doubts(t)
			f := d.fields()
			if c.form != nil {
				c.form(f)
			}
			got := d.send(f, c.req)
			page := parse(t, got.Body.String())
			checkPage(t, "POST /undo", got, page)
			if text := page.one(t, "main").text(); got.Code != c.status || !strings.Contains(strings.ToLower(text), strings.ToLower(c.says)) {
				t.Errorf("%d %s", got.Code, text)
			}
			d.stands()
		})
	}
}

// TestUndoScanners (T15): whatever opens links, a thousand times over, reverses nothing; nor does the secret of another
// alarm's link.
func TestUndoScanners(t *testing.T) {
	d := doubts(t)
	page := "/undo/" + d.alarm.ID
	paths := []string{page, page + "?secret=" + d.secret + "&by=ada@example.com", page + "/undo", "/undo/approve.js", "/undo/"}
	for i := range 1000 {
		method := []string{"GET", "HEAD", "OPTIONS", "GET", "PROPFIND", "PUT", "DELETE"}[i%7]
		r := httptest.NewRequestWithContext(t.Context(), method, paths[i%len(paths)], nil)
		r.Header.Set("User-Agent", []string{"Slackbot-LinkExpanding 1.0", "SafeLinks"}[i%2])
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
	other := d.w.Alarm("checkout hosts unhealthy", 2*time.Minute)
	_, foreign, _ := strings.Cut(d.w.UndoLink(other.ID), "#")
	for _, secret := range []string{"", foreign, d.secret[:42], d.secret + "A", strings.ToLower(d.secret)} {
		f := d.fields()
		f.Set("secret", secret)
		if got := d.send(f, nil); got.Code != 403 {
			t.Errorf("form with secret %q: %d", secret, got.Code)
		}
		if got := d.call(fmt.Sprintf(`{"secret":%q,"by":"ada@example.com"}`, secret)); got.Code != 403 {
			t.Errorf("call with secret %q: %d", secret, got.Code)
		}
	}
	d.stands()
}

// answered is what a program is told.
type answered struct {
	Event    string            `json:"event"`
	First    bool              `json:"first"`
	Reversal incident.Reversal `json:"reversal"`
	Error    string            `json:"error"`
}

func TestUndoJSON(t *testing.T) {
	d := doubts(t)
	for body, want := range map[string]int{
		"": 400, "[]": 400, `{"secret":1}`: 400, `{"secret":"x","by":"ada@example.com","decision":"x"}`: 400, d.body("eve@example.com"): 403,
		`{"by":"ada@example.com"}`: 403, `{"why":"` + strings.Repeat("x", 80<<10) + `"}`: 400,
	} {
		got := d.call(body)
		var out answered
		if err := json.Unmarshal(got.Body.Bytes(), &out); err != nil || got.Code != want || out.Error == "" {
			t.Errorf("%.60s: %d %s %v", body, got.Code, got.Body.String(), err)
		}
	}
	d.stands()
	for i, who := range []string{"ada@example.com", "ben@example.com"} {
		got := d.call(d.body(who))
		var out answered
		if err := json.Unmarshal(got.Body.Bytes(), &out); err != nil || got.Code != 200 || out.First != (i == 0) || out.Event != d.alarm.ID || out.Reversal.By != "ada@example.com" || out.Reversal.Investigation == "" {
			t.Errorf("%s: %d %s %v", who, got.Code, got.Body.String(), err)
		}
	}
}

// TestUndoRace: twenty people press at once; one of them reverses, one investigation opens, all are told the same.
func TestUndoRace(t *testing.T) {
	d := doubts(t)
	answers := make([]answered, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			who := []string{"ada@example.com", "ben@example.com"}[i%2]
			got := d.call(d.body(who))
			if err := json.Unmarshal(got.Body.Bytes(), &answers[i]); err != nil || got.Code != 200 {
				t.Errorf("%d %s %v", got.Code, got.Body.String(), err)
			}
		})
	}
	wg.Wait()
	first := 0
	for _, a := range answers {
		if a.First {
			first++
		}
		if a.Reversal != answers[0].Reversal {
			t.Errorf("%+v beside %+v", a.Reversal, answers[0].Reversal)
		}
	}
	list, err := record.List(t.Context(), d.w.Store, consoletest.Noon.Add(time.Hour), 10)
	if err != nil || first != 1 || len(list) != 2 {
		t.Errorf("%d were first, %d investigations, %v", first, len(list), err)
	}
	if started := d.w.Sweep(); len(started) != 2 {
		t.Errorf("started %v", started)
	}
}

// TestNothingToUndo: an opener and a recovery have no form, and a POST says why; an alarm that is not there is not found.
func TestNothingToUndo(t *testing.T) {
	w := consoletest.New(t, base)
	opener := w.Alarm("checkout 5xx above 5 %", 0)
	_, page := visit(t, w.Undo(), "/undo/"+opener.ID)
	if text := page.one(t, "main").text(); !strings.Contains(text, "investigation of its own already") || len(page.all("form")) != 0 {
		t.Error(text)
	}
	d := &doubt{t: t, w: w, h: w.Undo(), alarm: opener}
	_, d.secret, _ = strings.Cut(w.UndoLink(opener.ID), "#")
	if got := d.call(d.body("ada@example.com")); got.Code != 400 || !strings.Contains(got.Body.String(), "of its own already") {
		t.Errorf("%d %s", got.Code, got.Body.String())
	}
	for _, path := range []string{"/undo/evt-none", "/undo/" + strings.Repeat("x", 500), "/undo/"} {
		if got, page := visit(t, w.Undo(), path); got.Code != 404 || !strings.Contains(page.one(t, "main").text(), "ink from the") && !strings.Contains(page.one(t, "main").text(), "not stored") {
			t.Errorf("%s: %d %s", path, got.Code, page.one(t, "main").text())
		}
	}
}

// TestSkippedPage: what rules skipped is listed by day, each with the link that undoes it, as page and as JSON.
func TestSkippedPage(t *testing.T) {
	w := consoletest.New(t, base)
	today, before := w.Skip("nightly batch is late", time.Minute), w.Skip("nightly batch was late", -24*time.Hour)
	_, page := visit(t, w.Console(), "/")
	if len(page.all("main a[href=/skipped]")) != 1 {
		t.Error("the list does not lead to the skipped alarms")
	}
	for path, want := range map[string]record.Alarm{"/skipped": today, "/skipped?day=2026-03-03": before} {
		_, page := visit(t, w.Console(), path)
		li := page.one(t, "main li[data-event="+want.ID+"]")
		if text := li.text(); !strings.Contains(text, "reporting/night-window") || !strings.Contains(text, "lag under 2 h") || base+li.one(t, "a").attrs["href"] != w.UndoLink(want.ID) || len(page.all("main ul.alarms li[data-event]")) != 1 {
			t.Errorf("%s: %s", path, text)
		}
		got := httptest.NewRecorder()
		w.Console().ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api"+path, nil))
		if !strings.Contains(got.Body.String(), want.ID) || strings.Contains(got.Body.String(), "#") {
			t.Errorf("/api%s: %s", path, got.Body.String())
		}
	}
	for _, path := range []string{"/skipped?day=yesterday", "/skipped?from=noon", "/skipped?day=2026-03-04&from=2026-03-03T00:00:00Z"} {
		if got, _ := visit(t, w.Console(), path); got.Code != 400 {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// TestSkippedGoOn: a day with more than a page is continued, and no alarm is left out.
func TestSkippedGoOn(t *testing.T) {
	w := consoletest.New(t, base)
	want := map[string]bool{}
	for i := range 450 {
		want[w.Skip(fmt.Sprint("batch ", i), time.Duration(i)*time.Second).ID] = true
	}
	path := "/api/skipped"
	for pages := 0; path != "" && pages < 5; pages++ {
		got := httptest.NewRecorder()
		w.Console().ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		var out struct {
			Alarms []record.Alarm `json:"alarms"`
			Next   string         `json:"next"`
		}
		if err := json.Unmarshal(got.Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		for _, a := range out.Alarms {
			delete(want, a.ID)
		}
		if path = ""; out.Next != "" {
			path = "/api/skipped?" + out.Next
		}
	}
	if len(want) != 0 || path != "" {
		t.Errorf("%d alarms are on no page; next %q", len(want), path)
	}
}

// TestUndoBehindAPIGateway: the page and its assets through the adapter of the deployed function, whose routes have one
// segment after /undo/.
func TestUndoBehindAPIGateway(t *testing.T) {
	d := doubts(t)
	invoke := boot.HTTP(d.h)
	event := func(method, path, body string) events.APIGatewayV2HTTPRequest {
		e := events.APIGatewayV2HTTPRequest{RawPath: path, Body: body, Headers: map[string]string{"content-type": "application/json", "accept": "application/json"}}
		e.RequestContext.HTTP.Method, e.RequestContext.DomainName, e.RequestContext.Stage = method, "fire.example.com", "$default"
		return e
	}
	for _, file := range []string{"firefinder.css", "approve.js", "icon.svg", d.alarm.ID} {
		if got, err := invoke(t.Context(), event("GET", "/undo/"+file, "")); err != nil || got.StatusCode != 200 || got.Body == "" {
			t.Errorf("%s: %v %d", file, err, got.StatusCode)
		}
	}
	got, err := invoke(t.Context(), event("POST", "/undo/"+d.alarm.ID, d.body("ada@example.com")))
	if err != nil || got.StatusCode != 200 || !strings.Contains(got.Body, `"first":true`) {
		t.Errorf("%v %d %s", err, got.StatusCode, got.Body)
	}
}

// FuzzUndo: no body, whatever it is, reverses without the secret or breaks the page.
func FuzzUndo(f *testing.F) {
	f.Add("by=ada%40example.com&secret=", "application/x-www-form-urlencoded")
	f.Add(`{"by":"ada@example.com","secret":""}`, "application/json")
	w := consoletest.New(f, base)
	w.Alarm("checkout 5xx above 5 %", 0)
	a := w.Alarm("checkout p99 above 2 s", time.Minute)
	h, token := w.Undo(), strings.Repeat("A", 43)
	f.Fuzz(func(t *testing.T, body, kind string) {
		if kind != "application/json" {
			body += "&csrf=" + token
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, base+"/undo/"+a.ID, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.AddCookie(&http.Cookie{Name: "__Host-firefinder-form", Value: token})
		got := httptest.NewRecorder()
		h.ServeHTTP(got, r)
		now, err := record.GetAlarm(t.Context(), w.Store, a.ID)
		if err != nil || got.Code == 200 || got.Code >= 500 || now.Decision.Reversed != nil {
			t.Fatalf("%d %v %v", got.Code, now.Decision.Reversed, err)
		}
	})
}
