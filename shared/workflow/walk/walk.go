// Package walk runs the state machine file in one process: the same document that is deployed, interpreted for laptops
// and tests. It knows the parts of the Amazon States Language that the file uses (JSONata mode; Task by lambda:invoke
// with and without task token, Choice, Wait, Pass, Succeed, Fail, Retry, Catch) and refuses a document that uses others.
package walk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/incident"
)

// Machine is a parsed document.
type Machine struct {
	StartAt        string           `json:"StartAt"`
	TimeoutSeconds int              `json:"TimeoutSeconds"`
	QueryLanguage  string           `json:"QueryLanguage"`
	Comment        string           `json:"Comment"`
	States         map[string]State `json:"States"`
}

// State is one state. Fields are those of the States Language; unknown ones are refused.
type State struct {
	Type           string          `json:"Type"`
	Comment        string          `json:"Comment"`
	Resource       string          `json:"Resource"`
	Arguments      *Arguments      `json:"Arguments"`
	Output         json.RawMessage `json:"Output"`
	Next           string          `json:"Next"`
	End            bool            `json:"End"`
	TimeoutSeconds int             `json:"TimeoutSeconds"`
	Seconds        json.RawMessage `json:"Seconds"`
	Retry          []Retry         `json:"Retry"`
	Catch          []Catch         `json:"Catch"`
	Choices        []Choice        `json:"Choices"`
	Default        string          `json:"Default"`
	Error          string          `json:"Error"`
	Cause          string          `json:"Cause"`
}

// Arguments of a Task that invokes a function.
type Arguments struct {
	FunctionName string          `json:"FunctionName"` // a ${NameFunction} placeholder
	Payload      json.RawMessage `json:"Payload"`
}

// Retry is one rule of a Task.
type Retry struct {
	ErrorEquals     []string `json:"ErrorEquals"`
	IntervalSeconds float64  `json:"IntervalSeconds"`
	BackoffRate     float64  `json:"BackoffRate"`
	MaxAttempts     int      `json:"MaxAttempts"`
	JitterStrategy  string   `json:"JitterStrategy"`
}

// Catch is one handler of a Task.
type Catch struct {
	ErrorEquals []string        `json:"ErrorEquals"`
	Output      json.RawMessage `json:"Output"`
	Next        string          `json:"Next"`
}

// Choice is one branch.
type Choice struct {
	Condition string `json:"Condition"`
	Next      string `json:"Next"`
}

const (
	invoke      = "arn:aws:states:::lambda:invoke"
	invokeToken = "arn:aws:states:::lambda:invoke.waitForTaskToken"
)

// Parse reads a document and checks it: known types and fields, existing targets, reachable states, placeholders for
// functions. The error lists every fault.
func Parse(definition string) (*Machine, error) {
	var m Machine
	dec := json.NewDecoder(strings.NewReader(definition))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return nil, incident.Errorf(incident.Invalid, "state machine: %w", err)
	}
	if faults := m.faults(); len(faults) > 0 {
		return nil, incident.Errorf(incident.Invalid, "state machine: %s", strings.Join(faults, "; "))
	}
	return &m, nil
}

func (m *Machine) faults() []string {
	var out []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	check(m.QueryLanguage == "JSONata", "QueryLanguage must be JSONata")
	reached := map[string]bool{}
	m.reach(m.StartAt, reached)
	for name, s := range m.States {
		check(reached[name], "state %s is unreachable", name)
		for _, next := range s.targets() {
			_, ok := m.States[next]
			check(ok, "state %s goes to %q, which does not exist", name, next)
		}
		switch s.Type {
		case "Task":
			check(s.Resource == invoke || s.Resource == invokeToken, "state %s: resource %q is not supported", name, s.Resource)
			check(s.Arguments != nil && Function(s.Arguments.FunctionName) != "", "state %s: FunctionName must be a ${NameFunction} placeholder", name)
			check(s.TimeoutSeconds > 0, "state %s: a Task needs TimeoutSeconds", name)
			check(s.Next != "" || s.End, "state %s: needs Next or End", name)
		case "Choice":
			check(len(s.Choices) > 0 && s.Default != "", "state %s: a Choice needs Choices and Default", name)
		case "Wait", "Pass":
			check(s.Next != "" || s.End, "state %s: needs Next or End", name)
		case "Succeed", "Fail":
		default:
			check(false, "state %s: type %q is not supported", name, s.Type)
		}
	}
	slices.Sort(out)
	return out
}

func (m *Machine) reach(name string, seen map[string]bool) {
	s, ok := m.States[name]
	if !ok || seen[name] {
		return
	}
	seen[name] = true
	for _, next := range s.targets() {
		m.reach(next, seen)
	}
}

func (s State) targets() []string {
	var out []string
	for _, name := range []string{s.Next, s.Default} {
		if name != "" {
			out = append(out, name)
		}
	}
	for _, c := range s.Choices {
		out = append(out, c.Next)
	}
	for _, c := range s.Catch {
		out = append(out, c.Next)
	}
	return out
}

// Function returns the folder name of a ${NameFunction} placeholder ("investigate"), or "".
func Function(placeholder string) string {
	name, ok := strings.CutPrefix(placeholder, "${")
	if !ok {
		return ""
	}
	name, ok = strings.CutSuffix(name, "Function}")
	if !ok {
		return ""
	}
	return strings.ToLower(name)
}

// Functions lists the functions that the machine invokes, sorted.
func (m *Machine) Functions() []string {
	var out []string
	for _, s := range m.States {
		if s.Arguments != nil {
			out = append(out, Function(s.Arguments.FunctionName))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
