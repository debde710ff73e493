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
	"github.com/firefinder/firefinder/skills"
)

func one(head string) fstest.MapFS {
	return fstest.MapFS{"noise/SKILL.md": {Data: []byte("---\n" + head + "\n---\n# Noise\n")}}
}

func rule(t *testing.T, body string) skill.SkipRule {
	t.Helper()
	lib, err := skill.Load(one("name: noise\ndescription: d\nmetadata:\n  skip:\n    - name: r\n      reason: because\n" + body))
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
		got, err := rule(t, "      when: '"+when+"'").Match(event, event.Timestamp)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", when, got, err, want)
		}
	}
}

// Every fault names file, line and column, and all of them come at once.
func TestFaultsNameThePlace(t *testing.T) {
	head := "name: noise\ndescription: d\nmetadata:\n  skip:\n    - name: "
	for name, c := range map[string]struct{ head, says string }{
		"unknown field":        {head + "r\n      reason: x\n      when: event.prioritty == \"LOW\"", "noise/SKILL.md:8:18"},
		"unknown field, later": {head + "r\n      reason: x\n      when: event.priority == \"LOW\" && event.titel == \"\"", "noise/SKILL.md:8:45"},
		"in a block":           {head + "r\n      reason: x\n      when: |\n        event.priority == \"LOW\" &&\n        event.titel == \"\"", "noise/SKILL.md:10:14"},
		"in quotes":            {head + "r\n      reason: x\n      when: 'event.titel == \"\"'", "noise/SKILL.md:8:19"},
		"syntax":               {head + "r\n      reason: x\n      when: event.priority ==", "noise/SKILL.md:8:"},
		"wrong types":          {head + "r\n      reason: x\n      when: event.priority == 1", "noise/SKILL.md:8:28"},
		"no boolean":           {head + "r\n      reason: x\n      when: event.priority", "yields string"},
		"unknown function":     {head + "r\n      reason: x\n      when: now() > event.timestamp", "undeclared reference to 'now'"},
		"unknown variable":     {head + "r\n      reason: x\n      when: alarm.title == \"\"", "undeclared reference to 'alarm'"},
		"no reason":            {head + "r\n      when: \"true\"", "needs name, when and reason"},
		"unknown key":          {head + "r\n      reason: x\n      when: \"true\"\n      unless: \"false\"", "field unless not found"},
		"unknown day":          {head + "r\n      reason: x\n      when: \"true\"\n      schedule: {days: [someday], from: \"22:00\", to: \"06:00\"}", "\"someday\" is not one of"},
		"unknown zone":         {head + "r\n      reason: x\n      when: \"true\"\n      schedule: {from: \"22:00\", to: \"06:00\", timezone: Mars/Olympus}", "schedule.timezone"},
		"no time":              {head + "r\n      reason: x\n      when: \"true\"\n      schedule: {from: \"25:00\", to: \"06:00\"}", "\"25:00\" is not a time"},
		"other name":           {"name: other\ndescription: d", "name must be the directory's name"},
		"no description":       {"name: noise", "description must have"},
		"no frontmatter":       {"", "SKILL.md"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := skill.Load(one(c.head))
			if !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "noise/SKILL.md") {
				t.Errorf("err = %v, want %q", err, c.says)
			}
		})
	}
	two := one("name: other")
	two["more/SKILL.md"] = &fstest.MapFile{Data: []byte("no frontmatter")}
	two["more/mitigations.yaml"] = &fstest.MapFile{Data: []byte("- {name: x}")}
	_, err := skill.Load(two)
	for _, want := range []string{"noise/SKILL.md: name must", "noise/SKILL.md: description", "more/SKILL.md:1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v lacks %q", err, want)
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
		hit, err := rule(t, "      when: '"+c.when+"'").Match(e, e.Timestamp)
		if hit || err == nil {
			t.Errorf("%s: %v, %v; want no match and an error", name, hit, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %s; the cost is not bounded", name, took)
		}
	}
}

func TestCriticalOnlyByName(t *testing.T) {
	e := event
	e.Priority = incident.Critical
	if hit, err := rule(t, "      when: 'true'").Match(e, e.Timestamp); hit || err != nil {
		t.Errorf("skipped a critical alarm: %v %v", hit, err)
	}
	if hit, err := rule(t, "      when: 'true'\n      critical: true").Match(e, e.Timestamp); !hit || err != nil {
		t.Errorf("the rule says critical: %v %v", hit, err)
	}
}

func TestSchedule(t *testing.T) {
	night := rule(t, "      when: 'true'\n      schedule: {days: [tue], from: \"22:00\", to: \"06:00\", timezone: Europe/Berlin}")
	for at, want := range map[string]bool{
		"2026-03-10T20:59:00Z": false, // Tuesday 21:59 in Berlin
		"2026-03-10T21:00:00Z": true,
		"2026-03-11T04:59:00Z": true, // Wednesday 05:59: the span began on Tuesday
		"2026-03-11T05:00:00Z": false,
		"2026-03-11T21:00:00Z": false, // Wednesday 22:00
		"2026-07-14T20:00:00Z": true,  // summer time
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if hit, err := night.Match(event, when); hit != want || err != nil {
			t.Errorf("%s: %v %v, want %v", at, hit, err, want)
		}
	}
}

// The skills that ship load, say what they are, and their rules hit what they should and nothing urgent.
func TestShippedSkills(t *testing.T) {
	lib, err := skill.Load(skills.FS)
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
	lib, err := skill.Load(fstest.MapFS{"quiet-batch/SKILL.md": {Data: []byte(text)}})
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
		lib, err := skill.Load(fstest.MapFS{"noise/SKILL.md": {Data: md}, "noise/mitigations.yaml": {Data: blocks}})
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
		if _, err := skill.Load(skills.FS); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	lib, err := skill.Load(skills.FS)
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
