package console_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/console/consoletest"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
)

func TestListEmpty(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	got, page := visit(t, w.Console(), "/")
	if got.Code != 200 || len(page.all(".list")) != 0 || !strings.Contains(page.one(t, ".empty").text(), "firefinder doctor") {
		t.Errorf("%d: %s", got.Code, page.one(t, "main").text())
	}
	if len(page.all("script")) != 0 {
		t.Error("a list in which nothing can change needs no script")
	}
}

func TestListOne(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	inv := w.Checkout(nil)
	_, page := visit(t, w.Console(), "/")
	row := page.one(t, ".list li")
	if link := row.one(t, ".title a"); link.attrs["href"] != "/investigations/"+inv.ID || link.text() != "checkout 5xx above 5 %" {
		t.Errorf("link %v %q", link.attrs, link.text())
	}
	for _, want := range []string{"awaiting approval", "CRITICAL", "confirmed", "checkout", "4 alarms", "20 min ago", "INC0010001", "connection pool from 40 to 4"} {
		if !strings.Contains(row.text(), want) {
			t.Errorf("row lacks %q: %s", want, row.text())
		}
	}
	if row.one(t, ".state").attrs["class"] != "state act" || row.one(t, "time").attrs["datetime"] != "2026-03-04T11:40:00Z" {
		t.Errorf("state or time of %s", row.text())
	}
}

// TestListMany walks all pages: newest first, each investigation once, also where many opened in the same moment.
func TestListMany(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	ids := w.Many(120)
	h := w.Console()
	var seen []string
	path := "/"
	for range 5 {
		_, page := visit(t, h, path)
		for _, row := range page.all(".list li") {
			seen = append(seen, row.attrs["data-id"])
		}
		path = ""
		for _, a := range page.all("nav a") {
			if a.text() == "Older" {
				path = a.attrs["href"]
			}
		}
		if path == "" {
			break
		}
	}
	if len(seen) != len(ids) {
		t.Fatalf("saw %d of %d", len(seen), len(ids))
	}
	for i, id := range seen {
		if id != ids[len(ids)-1-i] {
			t.Fatalf("place %d: %s, want %s", i, id, ids[len(ids)-1-i])
		}
	}
}

func TestInvestigationTellsEverything(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	inv := w.Checkout(nil)
	_, page := visit(t, w.Console(), "/investigations/"+inv.ID)
	for selector, want := range map[string]string{
		"h1":                   "checkout 5xx above 5 %",
		"#root-cause":          "Brought about by change checkout:42. Also affected: storefront. see f-2 f-3",
		"#symptoms":            "31 % of checkout requests fail see obs-1",
		"#rejected":            "its CPU is at 12 %",
		"#gaps":                "allow xray:GetTraceSummaries",
		"#dropped":             "the load balancer is misconfigured",
		"#observations":        "could not look: access denied",
		"#told":                "the token was refused",
		"#after":               "sealed by",
		".standing":            "Waiting for a decision",
		"#plan .command":       "", // counted below
		"[data-state=PENDING]": "firefinder approve " + inv.ID,
	} {
		found := page.all(selector)
		if len(found) == 0 || !strings.Contains(found[0].text(), want) {
			t.Errorf("%s lacks %q in %d: %s", selector, want, len(found), textOf(found))
		}
	}
	if n := len(page.all("#plan .command")); n != 4 {
		t.Errorf("%d commands, want 4", n)
	}
	if n := len(page.all("svg.chart")); n != 1 {
		t.Errorf("%d charts", n)
	}
	if a := page.all(".banner.act a"); len(page.all("#plan a")) == 0 || page.all("#plan a")[0].attrs["href"] != "/approve/"+inv.ApprovalID || len(a) != 0 && a[0].attrs["href"] != "/approve/"+inv.ApprovalID {
		t.Error("no link to the approval page")
	}
	checkCites(t, page)
	checkTimeline(t, page)
	tables := page.all(".scores")
	if len(tables) != 3 || !strings.Contains(tables[1].text(), "same service 0.50 (checkout) same region 0.10 0.10") || !strings.Contains(tables[1].text(), "links at 0.60 0.85 0.20") {
		t.Errorf("%d score tables: %s", len(tables), tables[1].text())
	}
}

// checkCites follows every citation to something on the page.
func checkCites(t *testing.T, page *node) {
	t.Helper()
	cites := page.all(".cites a")
	for _, a := range cites {
		if target := page.all(a.attrs["href"]); len(target) != 1 {
			t.Errorf("citation %s leads to %d places", a.attrs["href"], len(target))
		}
	}
	if len(cites) < 6 {
		t.Errorf("only %d citations", len(cites))
	}
}

func checkTimeline(t *testing.T, page *node) {
	t.Helper()
	last := ""
	kinds := map[string]bool{}
	for _, row := range page.all(".timeline tbody tr") {
		at := row.one(t, "time").attrs["datetime"]
		if at < last {
			t.Errorf("timeline goes back from %s to %s", last, at)
		}
		last = at
		kinds[row.attrs["class"]] = true
	}
	for _, want := range []string{"change", "onset", "alarm", "recovery", "step"} {
		if !kinds[want] {
			t.Errorf("timeline has no %s: %v", want, kinds)
		}
	}
}

// TestInvestigationJustOpened: one alarm and nothing else yet.
func TestInvestigationJustOpened(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	id := w.Many(2)[1]
	_, page := visit(t, w.Console(), "/investigations/"+id)
	if !strings.Contains(page.one(t, ".answer").text(), "Under investigation") || page.one(t, "#told").text() != "Who was told Nobody yet." {
		t.Error(page.one(t, "main").text())
	}
	for _, absent := range []string{"#root-cause", "#plan", "#observations", "#timeline tr[class=change]", "#gaps"} {
		if len(page.all(absent)) != 0 {
			t.Errorf("%s without content", absent)
		}
	}
	w.Look(id)
	_, looked := visit(t, w.Console(), "/investigations/"+id)
	if text := looked.one(t, "#first-look").text(); !strings.Contains(text, "Confirmed, confidence 88 %") || !strings.Contains(text, "checkout: waits for database connections") || len(page.all("#first-look")) != 0 {
		t.Error(text)
	}
	if page.one(t, "script").attrs["src"] != "/static/live.js" || len(page.all("body[data-live=data-live]")) != 1 {
		t.Error("a running investigation does not follow what happens")
	}
}

func TestAfterDecision(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	inv := w.Checkout(nil)
	_, _, err := w.Approvals.Decide(t.Context(), inv.ApprovalID, inv.PlanHash, incident.Rejected, incident.Person{Subject: "ada@example.com", Name: "Ada Byron", Method: "test"}, "wait for the database team")
	if err != nil {
		t.Fatal(err)
	}
	_, page := visit(t, w.Console(), "/investigations/"+inv.ID)
	standing := page.one(t, "#plan .standing")
	if standing.attrs["data-state"] != "REJECTED" || !strings.Contains(standing.text(), "Rejected by Ada Byron") || !strings.Contains(standing.text(), "wait for the database team") {
		t.Error(standing.text())
	}
}

func TestErrors(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	broken := console.Handler(console.Deps{Store: down{}, Blob: w.Blob, Space: w.Space, Now: w.Now, Log: w.Log()})
	for _, c := range []struct {
		h      http.Handler
		path   string
		status int
		says   string
	}{
		{w.Console(), "/investigations/inv-none", 404, "inv-none does not exist"},
		{w.Console(), "/nowhere", 404, "no page /nowhere"},
		{w.Console(), "/?until=yesterday", 400, "until must be a time"},
		{w.Console(), "/static/none.css", 404, "no page /static/none.css"},
		{broken, "/", 503, "Nothing was lost"},
	} {
		got, page := visit(t, c.h, c.path)
		if got.Code != c.status || !strings.Contains(page.one(t, "main").text(), c.says) {
			t.Errorf("%s: %d %s", c.path, got.Code, page.one(t, "main").text())
		}
	}
}

// down is a store that does not answer.
type down struct{ kv.Store }

func (down) Get(context.Context, kv.Key) (kv.Item, error) {
	return kv.Item{}, incident.Errorf(incident.Unavailable, "dynamodb: connect to 10.0.0.7: refused")
}

func (down) Query(context.Context, string, string, kv.Page) ([]kv.Item, error) {
	return nil, incident.Errorf(incident.Unavailable, "dynamodb: connect to 10.0.0.7: refused")
}

// TestNothingInsideLeaks: an unexpected failure is told without its text.
func TestNothingInsideLeaks(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	broken := console.Handler(console.Deps{Store: down{}, Blob: w.Blob, Space: w.Space, Now: w.Now, Log: w.Log()})
	for _, path := range []string{"/", "/api/investigations", "/healthz"} {
		got, _ := visit(t, broken, path)
		if got.Code != 503 || strings.Contains(got.Body.String(), "10.0.0.7") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}

func TestReadOnly(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	inv := w.Checkout(nil)
	for _, path := range []string{"/", "/investigations/" + inv.ID, "/api/investigations", "/api/investigations/" + inv.ID} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			got := httptest.NewRecorder()
			w.Console().ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("x=1")))
			if got.Code != http.StatusForbidden && got.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, got.Code)
			}
		}
	}
}

func TestETag(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	inv := w.Checkout(nil)
	h := w.Console()
	for _, path := range []string{"/", "/investigations/" + inv.ID, "/api/investigations", "/api/investigations/" + inv.ID, "/static/firefinder.css"} {
		first, _ := visit(t, h, path)
		tag := first.Header().Get("ETag")
		ask := func() int {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.Header.Set("If-None-Match", `"other", W/`+tag)
			got := httptest.NewRecorder()
			h.ServeHTTP(got, r)
			if got.Code == http.StatusNotModified && got.Body.Len() != 0 {
				t.Errorf("%s: 304 with a body", path)
			}
			return got.Code
		}
		if tag == "" || ask() != http.StatusNotModified {
			t.Errorf("%s: tag %s is not recognised", path, tag)
		}
		if strings.HasPrefix(path, "/static") {
			continue
		}
		w.Pass(time.Minute)
		if !strings.HasPrefix(path, "/api") && ask() != http.StatusOK {
			t.Errorf("%s: unchanged a minute later, although ages are shown", path)
		}
	}
}

func TestAPI(t *testing.T) {
	w := consoletest.New(t, "https://fire.example.com")
	w.Many(60)
	inv := w.Checkout(nil)
	h := w.Console()
	var list struct {
		Investigations []struct {
			ID     string `json:"id"`
			Alarms int    `json:"alarms"`
		} `json:"investigations"`
		Next string `json:"next"`
	}
	read := func(path string, into any) {
		t.Helper()
		got, _ := visit(t, h, path)
		if got.Code != 200 || got.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %s", path, got.Code, got.Body)
		}
		if err := json.Unmarshal(got.Body.Bytes(), into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	read("/api/investigations", &list)
	total := len(list.Investigations)
	if total != 50 || list.Next == "" {
		t.Fatalf("%d on the first page, next %q", total, list.Next)
	}
	read(list.Next, &list)
	if total += len(list.Investigations); total != 61 {
		t.Errorf("%d investigations on two pages", total)
	}
	var one struct {
		Investigation incident.Investigation `json:"investigation"`
		Conclusion    incident.Conclusion    `json:"conclusion"`
		Plan          incident.Plan          `json:"plan"`
		Approval      incident.Approval      `json:"approval"`
		Alarms        []any                  `json:"alarms"`
	}
	read("/api/investigations/"+inv.ID, &one)
	if one.Investigation.ID != inv.ID || one.Conclusion.Outcome != incident.Confirmed || len(one.Plan.Actions) != 4 || one.Approval.ID != inv.ApprovalID || len(one.Alarms) != 4 {
		t.Errorf("%+v", one)
	}
	if got, _ := visit(t, h, "/api/investigations/inv-none"); got.Code != 404 || !strings.Contains(got.Body.String(), `"class":"NotFound"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got, _ := visit(t, h, "/healthz"); got.Code != 200 {
		t.Errorf("health %d", got.Code)
	}
	got, _ := visit(t, h, "/api/investigations/"+inv.ID+"/journal.jsonl")
	records, head, err := journal.Parse(got.Body.Bytes())
	if err != nil || journal.Verify(records, head) != nil || len(records) < 5 {
		t.Errorf("journal: %v, %d records", err, len(records))
	}
	for _, text := range []string{w.Notice().Secret, `"secrets"`, `"sealed"`} {
		whole, _ := visit(t, h, "/api/investigations/"+inv.ID)
		if strings.Contains(whole.Body.String(), text) || strings.Contains(got.Body.String(), text) {
			t.Errorf("the API tells %s", text)
		}
	}
}

// TestHostNames: a console on a laptop answers to its own name only.
func TestHostNames(t *testing.T) {
	w := consoletest.New(t, "http://localhost:8080")
	h := console.Handler(console.Deps{Store: w.Store, Blob: w.Blob, Space: w.Space, Now: w.Now, Log: w.Log(), Hosts: []string{"localhost:8080"}})
	for host, want := range map[string]int{"localhost:8080": 200, "LOCALHOST:8080": 200, "evil.example:8080": 421, "localhost:8081": 421} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		got := httptest.NewRecorder()
		h.ServeHTTP(got, r)
		if got.Code != want {
			t.Errorf("%s: %d, want %d", host, got.Code, want)
		}
	}
}

func textOf(found []*node) string {
	if len(found) == 0 {
		return ""
	}
	return found[0].text()
}
