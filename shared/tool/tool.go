// Package tool is the tool port: typed, read-only functions offered to the model and called by the collector. No tool
// writes, runs a shell, or takes a URL, host or free ARN. Box is the one way through which tools are called.
package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

// Scope bounds what a call may look at: the space's account and region, the investigation's time span, and what it is
// about. Tools clip their arguments to it.
type Scope struct {
	Space      string
	Account    string
	Region     string
	From, To   time.Time
	Now        time.Time         // when it is looked: what has just happened may not have arrived everywhere
	Components []string          // of the investigation's alarms, then their neighbours, the nearest first
	Rules      map[string]string // what raised the alarms, as their sources name it (of CloudWatch its alarms' ARNs): the component it is about
}

// Result is what a tool returns: a JSON document and one sentence for people.
type Result struct {
	Data    json.RawMessage // JSON object
	Summary string
	Account string
	Region  string
}

// Tool is a typed, read-only function. Call fails with Invalid for bad arguments, Denied when access is missing (a gap,
// never "nothing found"), Throttled or Unavailable otherwise. Repeats are safe.
type Tool interface {
	Spec() llm.ToolSpec
	Call(ctx context.Context, scope Scope, args json.RawMessage) (Result, error)
}

// New makes a Tool of a typed function; the JSON schema of In is derived from its struct tags and arguments are
// validated against it before fn is called. It panics if In has no schema: that is a programming error.
func New[In, Out any](name, description string, fn func(context.Context, Scope, In) (Out, string, error)) Tool {
	schema, err := jsonschema.For[In](nil)
	if err != nil {
		panic(fmt.Sprintf("tool %s: %v", name, err))
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		panic(fmt.Sprintf("tool %s: %v", name, err))
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		panic(fmt.Sprintf("tool %s: %v", name, err))
	}
	return typed[In, Out]{spec: llm.ToolSpec{Name: name, Description: description, Schema: raw}, schema: resolved, fn: fn}
}

type typed[In, Out any] struct {
	spec   llm.ToolSpec
	schema *jsonschema.Resolved
	fn     func(context.Context, Scope, In) (Out, string, error)
}

func (t typed[In, Out]) Spec() llm.ToolSpec { return t.spec }

func (t typed[In, Out]) Call(ctx context.Context, scope Scope, args json.RawMessage) (Result, error) {
	var loose any
	if err := json.Unmarshal(args, &loose); err != nil {
		return Result{}, incident.Errorf(incident.Invalid, "tool %s: arguments are not JSON: %w", t.spec.Name, err)
	}
	if err := t.schema.Validate(loose); err != nil {
		return Result{}, incident.Errorf(incident.Invalid, "tool %s: arguments: %w", t.spec.Name, err)
	}
	var in In
	if err := json.Unmarshal(args, &in); err != nil {
		return Result{}, incident.Errorf(incident.Invalid, "tool %s: arguments: %w", t.spec.Name, err)
	}
	out, summary, err := t.fn(ctx, scope, in)
	if err != nil {
		return Result{}, err
	}
	data, err := json.Marshal(out)
	if err != nil {
		return Result{}, fmt.Errorf("tool %s: encode result: %w", t.spec.Name, err)
	}
	return Result{Data: data, Summary: summary, Account: scope.Account, Region: scope.Region}, nil
}
