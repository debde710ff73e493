package walk

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/blues/jsonata-go"
	"github.com/blues/jsonata-go/jlib"
	"github.com/blues/jsonata-go/jtypes"

	"github.com/firefinder/firefinder/shared/incident"
)

// scope is what $states holds while a state's expressions are evaluated.
type scope struct {
	Input   any
	Result  any
	Failure any
	Context any
}

func (s scope) vars() map[string]any {
	states := map[string]any{"input": s.Input, "context": s.Context}
	if s.Result != nil {
		states["result"] = s.Result
	}
	if s.Failure != nil {
		states["errorOutput"] = s.Failure
	}
	return map[string]any{"states": states}
}

// render evaluates a template: strings of the form {% ... %} are expressions, everything else is literal.
func (s scope) render(template json.RawMessage) (any, error) {
	var tree any
	if err := json.Unmarshal(template, &tree); err != nil {
		return nil, incident.Errorf(incident.Invalid, "template: %w", err)
	}
	return s.fill(tree)
}

func (s scope) fill(node any) (any, error) {
	switch n := node.(type) {
	case string:
		if expr, ok := Expression(n); ok {
			return s.eval(expr)
		}
	case map[string]any:
		for k, v := range n {
			filled, err := s.fill(v)
			if err != nil {
				return nil, err
			}
			n[k] = filled
		}
	case []any:
		for i, v := range n {
			filled, err := s.fill(v)
			if err != nil {
				return nil, err
			}
			n[i] = filled
		}
	}
	return node, nil
}

// Expression returns the JSONata inside {% %}, and whether the string is one.
func Expression(s string) (string, bool) {
	inner, ok := strings.CutPrefix(s, "{%")
	if !ok {
		return "", false
	}
	inner, ok = strings.CutSuffix(inner, "%}")
	return strings.TrimSpace(inner), ok
}

// corrected are functions in which the engine differs from the reference, test/workflow compares the two: $not of no value
// is no value, not true.
var corrected = map[string]jsonata.Extension{
	"not": {Func: jlib.Not, UndefinedHandler: jtypes.ArgUndefined(0), EvalContextHandler: jtypes.ArgCountEquals(0)},
}

// eval evaluates one expression. An expression without a value is an error, as it is in Step Functions.
func (s scope) eval(expr string) (any, error) {
	compiled, err := jsonata.Compile(expr)
	if err != nil {
		return nil, incident.Errorf(incident.Invalid, "expression %q: %w", expr, err)
	}
	if err := compiled.RegisterExts(corrected); err != nil {
		return nil, incident.Errorf(incident.Invalid, "expression %q: %w", expr, err)
	}
	if err := compiled.RegisterVars(s.vars()); err != nil {
		return nil, incident.Errorf(incident.Invalid, "expression %q: %w", expr, err)
	}
	value, err := compiled.Eval(nil)
	if errors.Is(err, jsonata.ErrUndefined) {
		return nil, incident.Errorf(incident.Invalid, "expression %q has no value", expr)
	}
	if err != nil {
		return nil, incident.Errorf(incident.Invalid, "expression %q: %w", expr, err)
	}
	return value, nil
}

// Eval evaluates an expression with the given value of $states; tests compare it with the reference engine.
func Eval(expr string, states map[string]any) (any, error) {
	return scope{Input: states["input"], Result: states["result"], Failure: states["errorOutput"], Context: states["context"]}.eval(expr)
}
