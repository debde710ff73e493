package servicenow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/deliver"
	client "github.com/firefinder/firefinder/shared/deliver/servicenow"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/redact"
)

// clockwork is a clock that only waiting moves.
type clockwork struct {
	mu sync.Mutex
	at time.Time
}

func (c *clockwork) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clockwork) wait(_ context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d + time.Millisecond)
	return nil
}

func newClock() *clockwork { return &clockwork{at: time.Date(2026, 11, 3, 2, 14, 0, 0, time.UTC)} }

func signedIn(context.Context) (client.Credentials, error) {
	return client.Credentials{Username: "firefinder", Password: "x"}, nil
}

func channelTo(i *Instance, c *clockwork) *client.Channel {
	return client.New(client.Options{Instance: "http://desk.example", Credentials: signedIn, Create: true, HTTP: i.Client(), Wait: c.wait})
}

func notice(id string, kind deliver.Kind) deliver.Notice {
	at := time.Date(2026, 11, 3, 2, 14, 0, 0, time.UTC)
	return deliver.Notice{
		Kind: kind, Key: string(kind),
		Investigation: incident.Investigation{ID: id, Space: "payments", Title: "checkout 5xx", Priority: incident.High, OpenedAt: at, CreatedAt: at},
		Conclusion:    &incident.Conclusion{Outcome: incident.Likely, Confidence: 0.8, Summary: "The pool is too small.", Analyst: "offline analyst"},
		Text:          "a reason",
	}
}

// TestLostAnswers is T26: 1,000 incidents with three notices each, a fifth of all answers lost after the effect, journal
// entries visible late, some 429 and 503: no ticket twice, none missing, no work note twice, none missing.
func TestLostAnswers(t *testing.T) {
	const incidents = 1000
	clock := newClock()
	dice := rand.New(rand.NewPCG(26, 26))
	lost, refused := 0, 0
	desk := New(Options{Now: clock.now, Delay: 3 * time.Second, Fault: func(r *http.Request) Fault {
		switch p := dice.Float64(); {
		case p < 0.20:
			lost++
			return Fault{Lost: true}
		case p < 0.23:
			refused++
			return Fault{Status: http.StatusTooManyRequests, RetryAfter: "5"}
		case p < 0.26:
			refused++
			return Fault{Status: http.StatusServiceUnavailable}
		}
		return Fault{}
	}})
	kinds := []deliver.Kind{deliver.Findings, deliver.Proposal, deliver.Verdict}
	service := deliver.New(deliver.Deps{Store: kv.NewMemory(), Channels: []deliver.Channel{channelTo(desk, clock)}, Redact: redact.New([]byte("k")), Now: clock.now, Log: slog.New(slog.DiscardHandler)})
	repeats := 0
	for n := range incidents {
		for _, kind := range kinds {
			msg := notice(fmt.Sprintf("inv-%04d", n), kind)
			for try := 1; ; try++ {
				err := service.Tell(t.Context(), msg)
				if err == nil {
					break
				}
				if try == 30 || !incident.Is(err, incident.Unavailable) && !incident.Is(err, incident.Throttled) {
					t.Fatalf("try %d: %v", try, err)
				}
				repeats++
			}
		}
	}
	tickets := desk.Tickets()
	seen := map[string]bool{}
	for _, k := range tickets {
		if seen[k.Correlation] {
			t.Errorf("two tickets for %s", k.Correlation)
		}
		seen[k.Correlation] = true
		notes := map[string]int{}
		for _, e := range k.WorkNotes {
			notes[e.Text[len(e.Text)-1]]++
		}
		if len(notes) != len(kinds) || len(k.WorkNotes) != len(kinds) {
			t.Errorf("%s has %d work notes with %d references, want %d of each", k.Number, len(k.WorkNotes), len(notes), len(kinds))
		}
	}
	if len(seen) != incidents {
		t.Errorf("%d tickets, want %d", len(seen), incidents)
	}
	if lost < incidents/2 || refused == 0 {
		t.Errorf("only %d answers were lost and %d refused: the test tests nothing", lost, refused)
	}
	t.Logf("%d incidents, %d notices, %d answers lost, %d refused, %d notices repeated by the caller", incidents, incidents*len(kinds), lost, refused, repeats)
}

// TestWithoutLooking shows that the faults of TestLostAnswers do bite a client that writes without looking.
func TestWithoutLooking(t *testing.T) {
	first := true
	desk := New(Options{Fault: func(r *http.Request) Fault {
		lose := first && r.Method == http.MethodPatch
		first = first && !lose
		return Fault{Lost: lose}
	}})
	number := desk.Seed("a", "b")
	raw := client.Client{Base: "http://desk.example", Credentials: signedIn, HTTP: desk.Client()}
	id := desk.Tickets()[0].SysID
	for range 2 {
		if err := raw.Update(t.Context(), "incident", id, map[string]string{"work_notes": "once"}); err == nil {
			break
		}
	}
	if got := desk.Tickets()[0]; got.Number != number || len(got.WorkNotes) != 2 {
		t.Errorf("want the note twice, got %d", len(got.WorkNotes))
	}
}

func TestTicketOfTheAlarm(t *testing.T) {
	clock := newClock()
	desk := New(Options{Now: clock.now})
	number := desk.Seed("Checkout is down", "reported by phone")
	ch := channelTo(desk, clock)
	n := notice("inv-1", deliver.Findings)
	n.Investigation.Opener.Ticket = number
	receipt, err := ch.Deliver(t.Context(), n, nil, false)
	if err != nil || receipt.Label != number || !receipt.Ticket {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if got := desk.Tickets(); len(got) != 1 || len(got[0].WorkNotes) != 1 {
		t.Errorf("want one note on the ticket that the alarm came from, got %+v", got)
	}
	for _, c := range []struct {
		ticket string
		want   incident.Class
	}{{"INC9999999", incident.NotFound}, {"INC1^ORactive=true", incident.Invalid}} {
		n.Investigation.Opener.Ticket = c.ticket
		if _, err := ch.Deliver(t.Context(), n, nil, false); !incident.Is(err, c.want) {
			t.Errorf("ticket %s: %v, want %s", c.ticket, err, c.want)
		}
	}
}

func TestSignInAndRefusals(t *testing.T) {
	clock := newClock()
	fault := Fault{}
	desk := New(Options{Now: clock.now, Username: "firefinder", Password: "right", Token: "tok", Fault: func(*http.Request) Fault { return fault }})
	server := httptest.NewServer(desk)
	defer server.Close()
	try := func(c client.Credentials) error {
		ch := client.New(client.Options{Instance: server.URL, Create: true, Wait: clock.wait, Credentials: func(context.Context) (client.Credentials, error) { return c, nil }})
		_, err := ch.Deliver(t.Context(), notice("inv-1", deliver.Findings), nil, false)
		return err
	}
	right := client.Credentials{Username: "firefinder", Password: "right"}
	for _, c := range []struct {
		name  string
		cred  client.Credentials
		fault Fault
		want  incident.Class
		says  string
	}{
		{"basic", right, Fault{}, "", ""},
		{"bearer", client.Credentials{Token: "tok"}, Fault{}, "", ""},
		{"wrong password", client.Credentials{Username: "firefinder", Password: "wrong"}, Fault{}, incident.Denied, "renew"},
		{"forbidden", right, Fault{Status: 403}, incident.Denied, "itil"},
		{"redirect to sign-in", right, Fault{Status: 302}, incident.Denied, "sign-in"},
		{"missing table", right, Fault{Status: 404}, incident.NotFound, ""},
		{"bad request", right, Fault{Status: 400}, incident.Invalid, ""},
		{"throttled for long", right, Fault{Status: 429, RetryAfter: "600"}, incident.Throttled, ""},
		{"down", right, Fault{Status: 502}, incident.Unavailable, ""},
		{"hibernating", right, Fault{Page: true}, incident.Unavailable, "hibernating"},
		{"connection cut", right, Fault{Lost: true}, incident.Unavailable, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fault = c.fault
			err := try(c.cred)
			if incident.ClassOf(err) != c.want {
				t.Fatalf("%v, want class %q", err, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "wrong")) {
				t.Errorf("the error should say %q and no password: %v", c.says, err)
			}
		})
	}
}

func TestThrottledBriefly(t *testing.T) {
	clock := newClock()
	asked := 0
	desk := New(Options{Now: clock.now, Fault: func(*http.Request) Fault {
		if asked++; asked <= 2 {
			return Fault{Status: 429, RetryAfter: "7"}
		}
		return Fault{}
	}})
	begin := clock.now()
	if _, err := channelTo(desk, clock).Deliver(t.Context(), notice("inv-1", deliver.Findings), nil, false); err != nil {
		t.Fatal(err)
	}
	if waited := clock.now().Sub(begin); waited < 14*time.Second || waited > 15*time.Second {
		t.Errorf("waited %s, the instance asked for twice 7 s", waited)
	}
}

func get(t *testing.T, i *Instance, path string, params url.Values) (status int, body string, total string) {
	t.Helper()
	resp, err := i.Client().Get("http://desk.example/api/now/table/" + path + "?" + params.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(data)), resp.Header.Get("X-Total-Count")
}

func TestEncodedQueries(t *testing.T) {
	desk := New(Options{Now: newClock().now})
	for n := range 6 {
		desk.Seed(fmt.Sprintf("Alarm %d", n), map[bool]string{true: "even^odd", false: "Odd one"}[n%2 == 0])
	}
	for query, want := range map[string]string{
		"":                           "0 1 2 3 4 5",
		"short_description=alarm 3":  "3",
		"short_description!=Alarm 3": "0 1 2 4 5",
		"descriptionLIKEodd^short_description!=Alarm 1":                                  "0 2 3 4 5",
		"descriptionSTARTSWITHodd":                                                       "1 3 5",
		"short_description=Alarm 1^ORshort_description=Alarm 2":                          "1 2",
		"descriptionSTARTSWITHodd^short_description=Alarm 1^ORshort_description=Alarm 2": "1",
		"description=even^^odd":                                                          "0 2 4",
		"descriptionSTARTSWITHodd^ORDERBYDESCshort_description":                          "5 3 1",
		"descriptionSTARTSWITHodd^ORDERBYshort_description":                              "1 3 5",
		"numberININC0010001,INC0010003":                                                  "0 2",
		"correlation_idISNOTEMPTY":                                                       "",
		"nonexistent=5":                                                                  "0 1 2 3 4 5",
		"short_description=Alarm 1^NQshort_description=Alarm 4":                          "1 4",
	} {
		_, body, _ := get(t, desk, "incident", url.Values{"sysparm_query": {query}, "sysparm_fields": {"short_description"}})
		var out struct {
			Result []struct {
				Title string `json:"short_description"`
			} `json:"result"`
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range out.Result {
			got = append(got, strings.TrimPrefix(r.Title, "Alarm "))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", query, strings.Join(got, " "), want)
		}
	}
	_, body, total := get(t, desk, "incident", url.Values{"sysparm_limit": {"2"}, "sysparm_offset": {"3"}, "sysparm_fields": {"number"}})
	if body != `{"result":[{"number":"INC0010004"},{"number":"INC0010005"}]}` || total != "6" {
		t.Errorf("page: %s of %s", body, total)
	}
}

func TestDisplayValues(t *testing.T) {
	desk := New(Options{Now: newClock().now, Groups: map[string]string{"5f74a1ab": "Payments On-Call"}})
	desk.mu.Lock()
	row := desk.add(map[string]string{"short_description": "a", "urgency": "1", "impact": "1", "assignment_group": "Payments on-call"})
	desk.mu.Unlock()
	for _, c := range []struct{ mode, noLink, want string }{
		{"false", "", `{"result":{"assignment_group":{"link":"http://desk.example/api/now/table/sys_user_group/5f74a1ab","value":"5f74a1ab"},"priority":"1"}}`},
		{"false", "true", `{"result":{"assignment_group":"5f74a1ab","priority":"1"}}`},
		{"true", "", `{"result":{"assignment_group":{"display_value":"Payments On-Call","link":"http://desk.example/api/now/table/sys_user_group/5f74a1ab"},"priority":"1 - Critical"}}`},
		{"all", "true", `{"result":{"assignment_group":{"display_value":"Payments On-Call","value":"5f74a1ab"},"priority":{"display_value":"1 - Critical","value":"1"}}}`},
	} {
		_, body, _ := get(t, desk, "incident/"+row["sys_id"], url.Values{"sysparm_fields": {"priority,assignment_group"}, "sysparm_display_value": {c.mode}, "sysparm_exclude_reference_link": {c.noLink}})
		if body != c.want {
			t.Errorf("%s/%s: %s", c.mode, c.noLink, cmp.Diff(c.want, body))
		}
		var out struct{ Result client.Row }
		if err := json.Unmarshal([]byte(body), &out); err != nil || out.Result["priority"].Value == "" {
			t.Errorf("%s: the client reads %+v, %v", c.mode, out.Result, err)
		}
	}
}

func TestJournalDelay(t *testing.T) {
	clock := newClock()
	desk := New(Options{Now: clock.now, Delay: 5 * time.Second})
	ch := channelTo(desk, clock)
	if _, err := ch.Deliver(t.Context(), notice("inv-1", deliver.Findings), nil, false); err != nil {
		t.Fatal(err)
	}
	query := url.Values{"sysparm_query": {"element=work_notes"}, "sysparm_fields": {"element"}}
	if _, body, _ := get(t, desk, "sys_journal_field", query); body != `{"result":[]}` {
		t.Errorf("visible at once: %s", body)
	}
	_ = clock.wait(t.Context(), 5*time.Second)
	if _, body, _ := get(t, desk, "sys_journal_field", query); body != `{"result":[{"element":"work_notes"}]}` {
		t.Errorf("not visible after the delay: %s", body)
	}
	data, err := desk.Dump()
	if err != nil || !strings.Contains(string(data), `"The pool is too small."`) {
		t.Errorf("dump: %v\n%s", err, data)
	}
}
