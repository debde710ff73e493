package skill

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // schedules name zones, and a Lambda function has no zone files

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"go.yaml.in/yaml/v3"

	"github.com/firefinder/firefinder/shared/incident"
)

// SkipRule says which alarms nobody needs to look at.
type SkipRule struct {
	Skill    string
	Name     string
	When     string // the expression, as written
	Reason   string // shown to people
	Critical bool   // the rule says by name that it may skip CRITICAL alarms too
	schedule *Schedule
	program  cel.Program
}

// Schedule is a weekly time span in a time zone; outside of it a rule does not apply.
type Schedule struct {
	Days     []string `yaml:"days"` // mon, tue, ...; empty: every day
	From     string   `yaml:"from"` // 22:00
	To       string   `yaml:"to"`   // 06:00; before From: the span passes midnight
	TimeZone string   `yaml:"timezone"`
	zone     *time.Location
	from, to int // minutes of the day
}

type skipYAML struct {
	Name     string    `yaml:"name"`
	When     yaml.Node `yaml:"when"`
	Reason   string    `yaml:"reason"`
	Critical bool      `yaml:"critical"`
	Schedule *Schedule `yaml:"schedule"`
}

// Event is what expressions see: the fields of incident.Event under their JSON names, data as free JSON.
type Event struct {
	IncidentID  string            `cel:"incidentId"`
	Action      string            `cel:"action"`
	Priority    string            `cel:"priority"`
	Title       string            `cel:"title"`
	Description string            `cel:"description"`
	Service     string            `cel:"service"`
	Timestamp   time.Time         `cel:"timestamp"`
	Type        string            `cel:"type"`
	Source      string            `cel:"source"`
	Account     string            `cel:"account"`
	Region      string            `cel:"region"`
	Rule        string            `cel:"rule"`
	Metric      string            `cel:"metric"`
	Dimensions  map[string]string `cel:"dimensions"`
	Data        map[string]any    `cel:"data"`
}

// maxCost bounds one evaluation, in CEL's cost units: enough for dozens of comparisons over a large event.
const maxCost = 100_000

func environment() (*cel.Env, error) {
	return cel.NewEnv(
		ext.NativeTypes(reflect.TypeFor[Event](), ext.ParseStructTags(true)),
		ext.Strings(),
		cel.Variable("event", cel.ObjectType("skill.Event")),
	)
}

func (y skipYAML) compile(file, skill string, head []byte) (SkipRule, error) {
	rule := SkipRule{Skill: skill, Name: y.Name, When: y.When.Value, Reason: y.Reason, Critical: y.Critical, schedule: y.Schedule}
	place := func(format string, args ...any) error {
		return incident.Errorf(incident.Invalid, "%s:%d:%d: rule %q: "+format, append([]any{file, y.When.Line, y.When.Column, y.Name}, args...)...)
	}
	if y.Name == "" || y.Reason == "" || rule.When == "" {
		return rule, place("needs name, when and reason")
	}
	env, err := environment()
	if err != nil {
		return rule, err
	}
	ast, issues := env.Compile(rule.When)
	if issues.Err() != nil {
		var texts []string
		for _, e := range issues.Errors() {
			line, col := y.locate(head, e.Location.Line(), e.Location.Column())
			texts = append(texts, incident.Errorf(incident.Invalid, "%s:%d:%d: rule %q: %s", file, line, col, y.Name, e.Message).Error())
		}
		return rule, incident.Errorf(incident.Invalid, "%s", strings.Join(texts, "; "))
	}
	if ast.OutputType() != cel.BoolType {
		return rule, place("the expression yields %s; it must yield true or false", ast.OutputType())
	}
	if rule.program, err = env.Program(ast, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize)); err != nil {
		return rule, place("%v", err)
	}
	if err := rule.schedule.prepare(); err != nil {
		return rule, place("%v", err)
	}
	return rule, nil
}

// locate turns a place in the expression (line from 1, column from 0) into one in the file. A folded expression has lost
// its lines, so its beginning is named.
func (y skipYAML) locate(head []byte, line, col int) (int, int) {
	node := y.When
	switch node.Style {
	case yaml.LiteralStyle:
		lines := strings.Split(string(head), "\n")
		if at := node.Line + line; at <= len(lines) {
			text := lines[at-1]
			return at, len(text) - len(strings.TrimLeft(text, " ")) + col + 1
		}
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		return node.Line + line - 1, node.Column + 1 + col
	case 0:
		return node.Line + line - 1, node.Column + col
	}
	return node.Line, node.Column
}

// Match reports whether the rule skips the event now. CRITICAL events match only rules that say so by name. An
// expression that fails on this event (a missing key, too costly) does not match, and the error says why: doubt never
// hides an alarm.
func (r SkipRule) Match(e incident.Event, now time.Time) (bool, error) {
	if e.Priority == incident.Critical && !r.Critical {
		return false, nil
	}
	if !r.schedule.covers(now) {
		return false, nil
	}
	view := Event{
		IncidentID: e.IncidentID, Action: string(e.Action), Priority: string(e.Priority), Title: e.Title, Description: e.Description,
		Service: e.Service, Timestamp: e.Timestamp, Type: e.Type, Source: e.Source, Account: e.Account, Region: e.Region, Rule: e.Rule,
		Metric: e.Metric, Dimensions: e.Dimensions, Data: map[string]any{},
	}
	if len(e.Data) > 0 && e.Data[0] == '{' {
		if err := json.Unmarshal(e.Data, &view.Data); err != nil {
			return false, incident.Errorf(incident.Invalid, "rule %s/%s: event data: %w", r.Skill, r.Name, err)
		}
	}
	out, _, err := r.program.Eval(map[string]any{"event": view})
	if err != nil {
		return false, incident.Errorf(incident.Invalid, "rule %s/%s: %w", r.Skill, r.Name, err)
	}
	return out.Value() == true, nil
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (s *Schedule) prepare() (err error) {
	if s == nil {
		return nil
	}
	if s.zone, err = time.LoadLocation(s.TimeZone); err != nil {
		return incident.Errorf(incident.Invalid, "schedule.timezone: %w", err)
	}
	for _, d := range s.Days {
		if !slices.Contains(days, d) {
			return incident.Errorf(incident.Invalid, "schedule.days: %q is not one of %s", d, strings.Join(days, ", "))
		}
	}
	if s.from, err = minutes(s.From); err != nil {
		return err
	}
	s.to, err = minutes(s.To)
	return err
}

func minutes(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, incident.Errorf(incident.Invalid, "schedule: %q is not a time such as 22:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// covers reports whether now lies in the span. The day of a span that passes midnight is the day it began.
func (s *Schedule) covers(now time.Time) bool {
	if s == nil {
		return true
	}
	local := now.In(s.zone)
	at, day := local.Hour()*60+local.Minute(), int(local.Weekday())
	inside := at >= s.from && at < s.to
	if s.to <= s.from {
		inside = at >= s.from || at < s.to
		if at < s.to {
			day = (day + 6) % 7
		}
	}
	return inside && (len(s.Days) == 0 || slices.Contains(s.Days, days[day]))
}
