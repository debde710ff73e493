package skill

import (
	"errors"
	"fmt"
	"strings"
	"time"

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
	meant    Predicate
}

// Predicate reports whether an expression means the event. An error says that it cannot tell.
type Predicate func(incident.Event) (bool, error)

// Compile turns the expression of a rule into a predicate. An error of type Faults says what is wrong where in the
// expression; any other error is about the whole of it. Package rule has one.
type Compile func(expression string) (Predicate, error)

// Fault is one thing that is wrong in an expression.
type Fault struct {
	Line, Column int // within the expression, both from 1
	Text         string
}

// Faults are all that is wrong in one expression.
type Faults []Fault

func (f Faults) Error() string {
	var texts []string
	for _, one := range f {
		texts = append(texts, fmt.Sprintf("%d:%d: %s", one.Line, one.Column, one.Text))
	}
	return strings.Join(texts, "; ")
}

// Match reports whether the rule skips the event now. CRITICAL events match only rules that say so by name. A rule that
// was loaded without a compiler, or whose expression fails on this event (a missing key, too costly), does not match, and
// the error says why: doubt never hides an alarm.
func (r SkipRule) Match(e incident.Event, now time.Time) (bool, error) {
	if r.meant == nil {
		return false, incident.Errorf(incident.Invalid, "rule %s/%s is not compiled; give skill.Load a compiler to match rules", r.Skill, r.Name)
	}
	if e.Priority == incident.Critical && !r.Critical {
		return false, nil
	}
	if !r.schedule.covers(now) {
		return false, nil
	}
	hit, err := r.meant(e)
	if err != nil {
		return false, incident.Errorf(incident.Invalid, "rule %s/%s: %w", r.Skill, r.Name, err)
	}
	return hit, nil
}

// skipYAML is a rule as written.
type skipYAML struct {
	Name     located   `yaml:"name"`
	When     located   `yaml:"when"`
	Reason   located   `yaml:"reason"`
	Critical bool      `yaml:"critical"`
	Schedule *Schedule `yaml:"schedule"`
}

// rule checks a rule and, with a compiler, makes it ready to match. Without one, neither the expression nor the zone of the
// schedule is looked at. The error holds all faults.
func (y skipYAML) rule(file, skill string, head []byte, compile Compile) (SkipRule, error) {
	r := SkipRule{Skill: skill, Name: y.Name.Text, When: y.When.Text, Reason: y.Reason.Text, Critical: y.Critical, schedule: y.Schedule}
	var faults []error
	add := func(line, column int, text string) {
		faults = append(faults, incident.Errorf(incident.Invalid, "%s:%d:%d: rule %q: %s", file, line, column, r.Name, text))
	}
	line, column := y.place()
	if r.Name == "" || r.Reason == "" || r.When == "" {
		add(line, column, "needs name, when and reason")
	}
	if err := r.schedule.prepare(compile != nil); err != nil {
		add(line, column, err.Error())
	}
	if compile == nil || r.When == "" {
		return r, errors.Join(faults...)
	}
	var err error
	var places Faults
	switch r.meant, err = compile(r.When); {
	case errors.As(err, &places):
		for _, f := range places {
			line, column := y.When.within(head, f)
			add(line, column, f.Text)
		}
	case err != nil:
		add(line, column, err.Error())
	}
	return r, errors.Join(faults...)
}

// place is where the rule says what it means, or where it says anything at all.
func (y skipYAML) place() (line, column int) {
	for _, l := range []located{y.When, y.Name, y.Reason} {
		if l.line > 0 {
			return l.line, l.column
		}
	}
	return 1, 1
}

// located is a text and where it stands in its file.
type located struct {
	Text         string
	line, column int // from 1; 0 if there is none
	style        yaml.Style
}

// UnmarshalYAML reads a scalar.
func (l *located) UnmarshalYAML(node *yaml.Node) error {
	l.line, l.column, l.style = node.Line, node.Column, node.Style
	return node.Decode(&l.Text)
}

// fault names the text's place in the file, or the file's beginning if the text is missing.
func (l located) fault(file, text string) error {
	return incident.Errorf(incident.Invalid, "%s:%d:%d: %s", file, max(l.line, 1), max(l.column, 1), text)
}

// within turns a place in the text into one in the file, whose frontmatter is head. A folded text has lost its lines, so
// its beginning is named.
func (l located) within(head []byte, f Fault) (line, column int) {
	switch l.style {
	case yaml.LiteralStyle:
		lines := strings.Split(string(head), "\n")
		if at := l.line + f.Line; at <= len(lines) {
			text := lines[at-1]
			return at, len(text) - len(strings.TrimLeft(text, " ")) + f.Column
		}
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		return l.line + f.Line - 1, l.column + f.Column
	case 0:
		return l.line + f.Line - 1, l.column + f.Column - 1
	}
	return l.line, l.column
}
