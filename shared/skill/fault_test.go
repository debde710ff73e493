package skill_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
)

// faults are the lines of what is wrong with the files.
func faults(t *testing.T, files fstest.MapFS, compile skill.Compile) []string {
	t.Helper()
	lib, err := skill.Load(files, compile)
	if err == nil {
		t.Fatal("loaded without a fault")
	}
	if !incident.Is(err, incident.Invalid) || len(lib.Skills()) != 0 {
		t.Errorf("class %s, %d skills; want Invalid and none", incident.ClassOf(err), len(lib.Skills()))
	}
	return strings.Split(strings.TrimPrefix(err.Error(), "skills: "), "\n")
}

// A fault names file, line and column. The expressions stand in line 8, from column 13 on.
func TestFaultsNameThePlace(t *testing.T) {
	const when = "      when: "
	for name, c := range map[string]struct{ body, says string }{
		"unknown field":        {when + `event.prioritty == "LOW"`, `noise/SKILL.md:8:18: rule "r": undefined field 'prioritty'`},
		"unknown field, later": {when + `event.priority == "LOW" && event.titel == ""`, `noise/SKILL.md:8:45: rule "r": undefined field 'titel'`},
		"in a block":           {when + "|\n        event.priority == \"LOW\" &&\n        event.titel == \"\"", `noise/SKILL.md:10:14: rule "r": undefined field 'titel'`},
		"in a folded block":    {when + ">\n        event.priority == \"LOW\" &&\n        event.titel == \"\"", `noise/SKILL.md:8:13: rule "r": undefined field 'titel'`},
		"in quotes":            {when + `'event.titel == ""'`, `noise/SKILL.md:8:19: rule "r": undefined field 'titel'`},
		"syntax":               {when + "event.priority ==", `noise/SKILL.md:8:30: rule "r": Syntax error: mismatched input '<EOF>'`},
		"wrong types":          {when + "event.priority == 1", `noise/SKILL.md:8:28: rule "r": found no matching overload for '_==_'`},
		"no boolean":           {when + "event.priority", `noise/SKILL.md:8:13: rule "r": the expression yields string; it must yield true or false`},
		"unknown function":     {when + "now() > event.timestamp", `noise/SKILL.md:8:16: rule "r": undeclared reference to 'now'`},
		"unknown variable":     {when + `alarm.title == ""`, `noise/SKILL.md:8:13: rule "r": undeclared reference to 'alarm'`},
		"no expression":        {"", `noise/SKILL.md:6:13: rule "r": needs name, when and reason`},
		"empty expression":     {when + `""`, `noise/SKILL.md:8:13: rule "r": needs name, when and reason`},
		"no text":              {when + `[a]`, `noise/SKILL.md:8: cannot unmarshal !!seq into string`},
		"unknown key":          {when + "\"true\"\n      unless: \"false\"", `noise/SKILL.md:9: field unless not found`},
		"unknown day":          {when + "\"true\"\n      schedule: {days: [someday], from: \"22:00\", to: \"06:00\"}", `noise/SKILL.md:8:13: rule "r": schedule.days: "someday" is not one of sun, mon,`},
		"unknown zone":         {when + "\"true\"\n      schedule: {from: \"22:00\", to: \"06:00\", timezone: Mars/Olympus}", `noise/SKILL.md:8:13: rule "r": schedule.timezone: unknown time zone Mars/Olympus`},
		"no time":              {when + "\"true\"\n      schedule: {from: \"25:00\", to: \"06:00\"}", `noise/SKILL.md:8:13: rule "r": schedule: "25:00" is not a time`},
		"no end":               {when + "\"true\"\n      schedule: {from: \"22:00\"}", `noise/SKILL.md:8:13: rule "r": schedule: "" is not a time`},
		"no YAML":              {when + "\"", `noise/SKILL.md:8: found unexpected end of stream`},
	} {
		t.Run(name, func(t *testing.T) {
			got := faults(t, noise(c.body), rule.Compiler())
			if len(got) != 1 || !strings.HasPrefix(got[0], c.says) {
				t.Errorf("faults %q, want %q", got, c.says)
			}
		})
	}
}

// All faults of all files come at once.
func TestFaultsAllAtOnce(t *testing.T) {
	files := fstest.MapFS{
		"README.md":     {Data: []byte("no skill")},
		"empty/note.md": {Data: []byte("a folder without SKILL.md is no skill")},
		"fine/SKILL.md": {Data: []byte("---\nname: fine\ndescription: d\n---\n")},
		"noise/SKILL.md": {Data: []byte(`---
name: other
metadata:
  skip:
    - name: first
      when: event.titel == "" && event.rool == ""
      reason: r
    - when: event.title == ""
      schedule: {from: noon, to: "06:00"}
    - {}
---
`)},
		"text/SKILL.md": {Data: []byte("no frontmatter")},
		"text/mitigations.yaml": {Data: []byte(`- name: a
  colour: red
- summary: [s]
`)},
		"void/SKILL.md": {Data: []byte("---\n\n---\n")},
		"void/mitigations.yaml": {Data: []byte(`
- name: a
  summary: s
- name: b
`)},
	}
	want := []string{
		`noise/SKILL.md:2:7: name must be the directory's name, in lower case, digits and hyphens`,
		`noise/SKILL.md:1:1: description must have 1 to 1024 characters`,
		`noise/SKILL.md:6:18: rule "first": undefined field 'titel'`,
		`noise/SKILL.md:6:39: rule "first": undefined field 'rool'`,
		`noise/SKILL.md:8:13: rule "": needs name, when and reason`,
		`noise/SKILL.md:8:13: rule "": schedule: "noon" is not a time such as 22:00`,
		`noise/SKILL.md:1:1: rule "": needs name, when and reason`,
		`text/mitigations.yaml:2: field colour not found in type skill.Block`,
		"text/mitigations.yaml:3: cannot unmarshal !!seq into string",
		`text/SKILL.md:1:1: must begin with frontmatter between two lines of ---`,
		`void/mitigations.yaml:2:3: block "a": needs categories`,
		`void/mitigations.yaml:4:3: block "b": needs name and summary`,
		`void/SKILL.md:1:1: holds nothing`,
	}
	if d := cmp.Diff(want, faults(t, files, rule.Compiler())); d != "" {
		t.Error(d)
	}
}

// What a block must have, one fault after the other mended.
func TestBlockFaults(t *testing.T) {
	const head = "- name: back\n  summary: s\n  categories: [change]\n  risk: low\n"
	const apply = "  actions: [{text: t, phase: Apply, risk: low}]\n"
	for name, c := range map[string]struct{ block, says string }{
		"nothing":          {"[{}]", `1:2: block "": needs name and summary`},
		"no name":          {"- summary: s", `1:3: block "": needs name and summary`},
		"no summary":       {"- name: back", `1:3: block "back": needs name and summary`},
		"no categories":    {"- name: back\n  summary: s", `1:3: block "back": needs categories`},
		"no risk":          {"- name: back\n  summary: s\n  categories: [change]", `1:3: block "back": risk must be low, medium or high`},
		"unknown risk":     {"- name: back\n  summary: s\n  categories: [change]\n  risk: some", `1:3: block "back": risk must be low, medium or high`},
		"no actions":       {head, `1:3: block "back": needs actions`},
		"action: no text":  {head + "  actions: [{phase: Prepare, risk: low}]", `1:3: block "back": every action needs text, phase`},
		"action: no phase": {head + "  actions: [{text: t, risk: low}]", `1:3: block "back": every action needs text, phase`},
		"action: no risk":  {head + "  actions: [{text: t, phase: Prepare}]", `1:3: block "back": every action needs text, phase`},
		"no rollback":      {head + apply, `1:3: block "back": what is applied needs a rollback`},
		"rollback: empty":  {head + apply + "  rollback: [{}]", `1:3: block "back": every action needs text, phase`},
		"the second":       {head + "  actions: [{text: t, phase: Prepare, risk: low}]\n- name: on", `6:3: block "on": needs name and summary`},
		"no list":          {"name: back", "1: cannot unmarshal !!map into []skill.Block"},
		"unknown field":    {head + "  colour: red", "5: field colour not found"},
		"empty":            {"", "1:1: holds nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			files := one("name: noise\ndescription: d")
			files["noise/mitigations.yaml"] = &fstest.MapFile{Data: []byte(c.block)}
			got := faults(t, files, nil)
			if len(got) != 1 || !strings.HasPrefix(got[0], "noise/mitigations.yaml:"+c.says) {
				t.Errorf("faults %q, want %q", got, c.says)
			}
		})
	}
	files := one("name: noise\ndescription: d")
	files["noise/mitigations.yaml"] = &fstest.MapFile{Data: []byte(head + apply + "  rollback: [{text: t, phase: Apply, risk: high}]\n")}
	lib, err := skill.Load(files, nil)
	if err != nil || len(lib.Blocks()) != 1 || lib.Blocks()[0].Skill != "noise" {
		t.Errorf("a whole block: %+v, %v", lib.Blocks(), err)
	}
}

func TestBlockFits(t *testing.T) {
	b := skill.Block{Categories: []string{"change", "deployment"}, Needs: []string{"change", "!migration"}}
	for _, c := range []struct {
		category string
		facts    map[string]string
		want     bool
	}{
		{"change", map[string]string{"change": "r-1"}, true},
		{"deployment", map[string]string{"change": "r-1", "migration": ""}, true},
		{"throttling", map[string]string{"change": "r-1"}, false},
		{"change", nil, false},
		{"change", map[string]string{"change": "r-1", "migration": "m-1"}, false},
	} {
		if got := b.Fits(c.category, c.facts); got != c.want {
			t.Errorf("%s, %v: %v", c.category, c.facts, got)
		}
	}
	if !(skill.Block{Categories: []string{"*"}}).Fits("anything", nil) {
		t.Error("a block for all categories does not fit")
	}
}
