package skill_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/skills"
)

func one(head string) fstest.MapFS {
	return fstest.MapFS{"noise/SKILL.md": {Data: []byte("---\n" + head + "\n---\n# Noise\n")}}
}

// noise is a skill with one rule, whose remaining lines are the body.
func noise(body string) fstest.MapFS {
	return one("name: noise\ndescription: d\nmetadata:\n  skip:\n    - name: r\n      reason: because\n" + body)
}

func ruleOf(t *testing.T, body string) skill.SkipRule {
	t.Helper()
	lib, err := skill.Load(noise(body), rule.Compiler())
	if err != nil {
		t.Fatal(err)
	}
	return lib.Skips()[0]
}

var event = incident.Event{
	IncidentID: "1", Action: incident.Created, Priority: incident.Low, Title: "Nightly backup slow", Service: "reports", Type: "alarm", Source: "cloudwatch",
	Timestamp: time.Date(2026, 3, 10, 23, 30, 0, 0, time.UTC), Dimensions: map[string]string{"FunctionName": "backup"}, Data: json.RawMessage(`{"detail":{"state":{"actionsSuppressedBy":"Alarm"}},"n":[1,2]}`),
}

func TestExpressions(t *testing.T) {
	for when, want := range map[string]bool{
		`event.priority == "LOW"`:                                              true,
		`event.priority in ["MEDIUM", "HIGH"]`:                                 false,
		`event.title.contains("backup") && event.service == "reports"`:         true,
		`event.title.lowerAscii().startsWith("nightly")`:                       true,
		`event.title.matches("^Night.*slow$")`:                                 true,
		`event.dimensions["FunctionName"] == "backup"`:                         true,
		`"TableName" in event.dimensions`:                                      false,
		`event.data.detail.state.actionsSuppressedBy == "Alarm"`:               true,
		`has(event.data.detail.state.other)`:                                   false,
		`event.data.n.exists(x, x > 1.0)`:                                      true,
		`event.timestamp < timestamp("2026-03-11T00:00:00Z")`:                  true,
		`event.timestamp.getHours("Europe/Berlin") == 0`:                       true,
		`event.type == "alarm" ? event.action == "created" : false`:            true,
		`event.incidentId == "1" && event.source != "" && event.account == ""`: true,
		`event.metric == "" && event.region == "" && event.rule == ""`:         true,
		`event.description.size() == 0`:                                        true,
		`!(event.priority == "LOW")`:                                           false,
	} {
		got, err := ruleOf(t, "      when: '"+when+"'").Match(event, event.Timestamp)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", when, got, err, want)
		}
	}
}

// Doubt never hides an alarm.
func TestFailingRuleDoesNotMatch(t *testing.T) {
	for name, c := range map[string]struct {
		when string
		data string
	}{
		"missing key":       {`event.data.nothing.here == "x"`, `{}`},
		"missing dimension": {`event.dimensions["TableName"] == "x"`, `{}`},
		"too costly":        {`event.data.n.all(a, event.data.n.all(b, event.data.n.all(c, a + b + c < 0.0 || true)))`, `{"n":[` + strings.Repeat("1,", 200) + `1]}`},
		"data is broken":    {`event.data.a == "x"`, `{"a":`},
	} {
		e := event
		e.Data = json.RawMessage(c.data)
		began := time.Now()
		hit, err := ruleOf(t, "      when: '"+c.when+"'").Match(e, e.Timestamp)
		if hit || err == nil {
			t.Errorf("%s: %v, %v; want no match and an error", name, hit, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %s; the cost is not bounded", name, took)
		}
	}
}

// Without a compiler rules are read and checked for shape, and do not hide anything.
func TestUncompiledRuleDoesNotMatch(t *testing.T) {
	lib, err := skill.Load(noise("      when: no expression\n      critical: true\n      schedule: {from: \"00:00\", to: \"00:00\", timezone: Mars/Olympus}"), nil)
	if err != nil || len(lib.Skips()) != 1 {
		t.Fatalf("%d rules, %v", len(lib.Skips()), err)
	}
	r := lib.Skips()[0]
	if r.Skill != "noise" || r.Name != "r" || r.When != "no expression" || r.Reason != "because" || !r.Critical {
		t.Errorf("rule %+v", r)
	}
	for _, p := range []incident.Priority{incident.Low, incident.Critical} {
		e := event
		e.Priority = p
		if hit, err := r.Match(e, e.Timestamp); hit || !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), "noise/r is not compiled") {
			t.Errorf("%s: %v, %v; want no match and an error", p, hit, err)
		}
	}
	if hit, err := (skill.SkipRule{}).Match(event, event.Timestamp); hit || err == nil {
		t.Errorf("no rule at all: %v, %v", hit, err)
	}
	for _, body := range []string{"", "      when: x\n      schedule: {from: \"25:00\", to: \"06:00\"}", "      when: x\n      schedule: {days: [someday], from: \"22:00\", to: \"06:00\"}"} {
		if lib, err := skill.Load(noise(body), nil); !incident.Is(err, incident.Invalid) {
			t.Errorf("%q: %d rules, %v; the shape is checked without a compiler too", body, len(lib.Skips()), err)
		}
	}
	if _, err := skill.Load(skills.FS, nil); err != nil {
		t.Errorf("the skills that ship: %v", err)
	}
}

func TestCriticalOnlyByName(t *testing.T) {
	e := event
	e.Priority = incident.Critical
	if hit, err := ruleOf(t, "      when: 'true'").Match(e, e.Timestamp); hit || err != nil {
		t.Errorf("skipped a critical alarm: %v %v", hit, err)
	}
	if hit, err := ruleOf(t, "      when: 'true'\n      critical: true").Match(e, e.Timestamp); !hit || err != nil {
		t.Errorf("the rule says critical: %v %v", hit, err)
	}
}

func TestSchedule(t *testing.T) {
	for body, times := range map[string]map[string]bool{
		`{days: [tue], from: "22:00", to: "06:00", timezone: Europe/Berlin}`: {
			"2026-03-10T20:59:59Z": false, // Tuesday 21:59 in Berlin
			"2026-03-10T21:00:00Z": true,
			"2026-03-10T23:00:00Z": true, // midnight
			"2026-03-11T04:59:59Z": true, // Wednesday 05:59: the span began on Tuesday
			"2026-03-11T05:00:00Z": false,
			"2026-03-10T04:00:00Z": false, // Tuesday 05:00: that span began on Monday
			"2026-03-11T21:00:00Z": false, // Wednesday 22:00
			"2026-07-14T20:00:00Z": true,  // summer time
			"2026-07-14T19:59:59Z": false,
		},
		`{days: [sat], from: "22:00", to: "06:00"}`: { // UTC; from the last day of the week into the first
			"2026-03-14T22:00:00Z": true,
			"2026-03-15T05:59:59Z": true,
			"2026-03-15T22:00:00Z": false,
			"2026-03-14T05:00:00Z": false,
		},
		`{from: "09:00", to: "17:00"}`: {
			"2026-03-10T08:59:59Z": false, "2026-03-10T09:00:00Z": true, "2026-03-15T16:59:59Z": true, "2026-03-10T17:00:00Z": false,
		},
		`{days: [sun], from: "00:00", to: "00:00"}`: { // the whole day
			"2026-03-14T23:59:59Z": false, "2026-03-15T00:00:00Z": true, "2026-03-15T23:59:59Z": true, "2026-03-16T00:00:00Z": false,
		},
	} {
		r := ruleOf(t, "      when: 'true'\n      schedule: "+body)
		for at, want := range times {
			when, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			if hit, err := r.Match(event, when); hit != want || err != nil {
				t.Errorf("%s: %s: %v %v, want %v", body, at, hit, err, want)
			}
		}
	}
}

// The skills that ship load, say what they are, and their rules hit what they should and nothing urgent.
func TestShippedSkills(t *testing.T) {
	lib, err := skill.Load(skills.FS, rule.Compiler())
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.Skills()) < 4 || len(lib.Blocks()) < 4 || len(lib.Active([]string{"throttling"}).Skills()) != 1 {
		t.Errorf("%d skills, %d blocks", len(lib.Skills()), len(lib.Blocks()))
	}
	skipped := func(e incident.Event) string {
		for _, r := range lib.Skips() {
			if hit, err := r.Match(e, e.Timestamp); hit {
				return r.Skill + "/" + r.Name
			} else if err != nil {
				t.Errorf("%s/%s on %q: %v", r.Skill, r.Name, e.Title, err)
			}
		}
		return ""
	}
	with := func(change func(*incident.Event)) incident.Event {
		e := event
		e.Data = nil
		change(&e)
		return e
	}
	for want, events := range map[string][]incident.Event{
		"maintenance-noise/slow-backup": {event},
		"maintenance-noise/no-data": {with(func(e *incident.Event) {
			e.Title, e.Type, e.Action = "orders-db-connections", "no_data", incident.Updated
		})},
		"maintenance-noise/suppressed": {with(func(e *incident.Event) { e.Title, e.Data = "checkout-degraded", event.Data })},
		"": {
			with(func(e *incident.Event) {
				e.Title, e.Data, e.Priority = "checkout-degraded", event.Data, incident.Critical
			}),
			with(func(e *incident.Event) {
				e.Title, e.Data = "x", json.RawMessage(`{"detail":{"state":{"actionsSuppressedBy":"WaitPeriod"}}}`)
			}),
			with(func(e *incident.Event) { e.Title = "Nightly backup failed" }),
			with(func(e *incident.Event) { e.Priority = incident.High }),
			with(func(e *incident.Event) { e.Title = "checkout errors" }),
			with(func(e *incident.Event) { e.Type, e.Priority, e.Title = "no_data", incident.High, "x" }),
			with(func(e *incident.Event) { e.Data = nil; e.Dimensions = nil; e.Title = "x" }),
		},
	} {
		for _, e := range events {
			if got := skipped(e); got != want {
				t.Errorf("%q (%s, %s): skipped by %q, want %q", e.Title, e.Priority, e.Type, got, want)
			}
		}
	}
}

// The example in docs/triage.md is a skill that works.
func TestDocumentedRule(t *testing.T) {
	doc, err := os.ReadFile("../../docs/triage.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```markdown\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/triage.md has no example of a skill")
	}
	lib, err := skill.Load(fstest.MapFS{"quiet-batch/SKILL.md": {Data: []byte(text)}}, rule.Compiler())
	if err != nil {
		t.Fatal(err)
	}
	e := incident.Event{Service: "exports", Priority: incident.Low, Title: "export is late", Timestamp: time.Date(2026, 3, 11, 1, 0, 0, 0, time.UTC)}
	if hit, err := lib.Skips()[0].Match(e, e.Timestamp); !hit || err != nil {
		t.Errorf("at night: %v, %v", hit, err)
	}
	if hit, err := lib.Skips()[0].Match(e, e.Timestamp.Add(12*time.Hour)); hit || err != nil {
		t.Errorf("at noon: %v, %v", hit, err)
	}
}

// Loading anything gives a library or an error that says what is wrong.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("---\nname: noise\ndescription: d\nmetadata:\n  skip:\n    - name: r\n      reason: x\n      when: event.priority == \"LOW\"\n---\n"), []byte("- name: x"))
	f.Add([]byte("---\n---\n"), []byte(""))
	f.Fuzz(func(t *testing.T, md, blocks []byte) {
		lib, err := skill.Load(fstest.MapFS{"noise/SKILL.md": {Data: md}, "noise/mitigations.yaml": {Data: blocks}}, rule.Compiler())
		if err != nil {
			if !incident.Is(err, incident.Invalid) {
				t.Fatalf("class %s: %v", incident.ClassOf(err), err)
			}
			return
		}
		for _, r := range lib.Skips() {
			_, _ = r.Match(event, event.Timestamp) // must end, whatever it says
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := skill.Load(skills.FS, rule.Compiler()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	lib, err := skill.Load(skills.FS, rule.Compiler())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range lib.Skips() {
			if _, err := r.Match(event, event.Timestamp); err != nil {
				b.Fatal(err)
			}
		}
	}
}
