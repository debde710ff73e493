// Package rule compiles the expressions of skip rules. They are CEL: typed, without side effects and bounded in cost. It
// is apart from package skill because CEL is large and slow to start: only programs that match rules link it.
package rule

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // schedules and expressions name zones, and a Lambda function has no zone files

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/skill"
)

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

// Compiler gives skill.Load its compiler. An expression speaks of the variable event and must yield true or false; an
// evaluation that fails or gets too costly is an error of class Invalid. Predicates are safe for concurrent use.
func Compiler() skill.Compile {
	environment := sync.OnceValues(environment) // rules share it; it is slow to make
	return func(expression string) (skill.Predicate, error) {
		env, err := environment()
		if err != nil {
			return nil, incident.Errorf(incident.Internal, "prepare CEL: %w", err)
		}
		return compile(env, expression)
	}
}

func environment() (*cel.Env, error) {
	return cel.NewEnv(
		ext.NativeTypes(reflect.TypeFor[Event](), ext.ParseStructTags(true)),
		ext.Strings(),
		cel.Variable("event", cel.ObjectType("rule.Event")),
	)
}

func compile(env *cel.Env, expression string) (skill.Predicate, error) {
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		var faults skill.Faults
		for _, e := range issues.Errors() {
			faults = append(faults, skill.Fault{Line: e.Location.Line(), Column: e.Location.Column() + 1, Text: e.Message})
		}
		return nil, faults
	}
	if ast.OutputType() != cel.BoolType {
		return nil, incident.Errorf(incident.Invalid, "the expression yields %s; it must yield true or false", ast.OutputType())
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, incident.Errorf(incident.Invalid, "%w", err)
	}
	data := strings.Contains(expression, "data") // most speak of no vendor's body, whose decoding costs more than they do
	return func(e incident.Event) (bool, error) { return matches(program, e, data) }, nil
}

func matches(program cel.Program, e incident.Event, data bool) (bool, error) {
	seen, err := view(e, data)
	if err != nil {
		return false, err
	}
	out, _, err := program.Eval(map[string]any{"event": seen})
	if err != nil {
		return false, incident.Errorf(incident.Invalid, "%w", err)
	}
	return out.Value() == true, nil
}

// view is the event as expressions see it, with or without its data. Data that is no JSON object is seen as empty.
func view(e incident.Event, data bool) (Event, error) {
	seen := Event{
		IncidentID: e.IncidentID, Action: string(e.Action), Priority: string(e.Priority), Title: e.Title, Description: e.Description,
		Service: e.Service, Timestamp: e.Timestamp, Type: e.Type, Source: e.Source, Account: e.Account, Region: e.Region, Rule: e.Rule,
		Metric: e.Metric, Dimensions: e.Dimensions, Data: map[string]any{},
	}
	if data && len(e.Data) > 0 && e.Data[0] == '{' {
		if err := json.Unmarshal(e.Data, &seen.Data); err != nil {
			return seen, incident.Errorf(incident.Invalid, "event data: %w", err)
		}
	}
	return seen, nil
}
