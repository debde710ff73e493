package walk

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Invoke calls a function by folder name with a JSON payload. The class of its error is the error name that Retry and
// Catch match, as boot.Task sends it on AWS.
type Invoke func(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error)

// Tokens lets a Task wait for a person. Issue returns a fresh token; Wait blocks until the token is answered or ctx ends.
type Tokens interface {
	Issue() string
	Wait(ctx context.Context, token string) (json.RawMessage, error)
}

// Step is one finished state, for observers.
type Step struct {
	State  string
	Input  json.RawMessage
	Output json.RawMessage
}

// Runner runs executions of a machine.
type Runner struct {
	Machine *Machine
	Invoke  Invoke
	Tokens  Tokens
	Observe func(Step) // may be nil
}

// failure is an error with the name that the States Language matches.
type failure struct {
	name  string
	cause error
}

func (f failure) Error() string { return f.name + ": " + f.cause.Error() }
func (f failure) Unwrap() error { return f.cause }

// Run walks one execution to its end and returns its output. It fails with the name and cause of a Fail state or of an
// uncaught error.
func (r Runner) Run(ctx context.Context, name string, input json.RawMessage) (json.RawMessage, error) {
	if r.Machine.TimeoutSeconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.Machine.TimeoutSeconds)*time.Second)
		defer cancel()
	}
	at := r.Machine.StartAt
	for {
		if err := ctx.Err(); err != nil {
			return nil, incident.Errorf(incident.Unavailable, "execution %s stopped in %s: %w", name, at, err)
		}
		state := r.Machine.States[at]
		output, next, err := r.step(ctx, name, at, state, input)
		if err != nil {
			return nil, err
		}
		if r.Observe != nil {
			r.Observe(Step{State: at, Input: input, Output: output})
		}
		if next == "" {
			return output, nil
		}
		input, at = output, next
	}
}

func (r Runner) step(ctx context.Context, name, at string, s State, input json.RawMessage) (json.RawMessage, string, error) {
	var in any
	if err := json.Unmarshal(input, &in); err != nil {
		return nil, "", incident.Errorf(incident.Invalid, "state %s: input is not JSON: %w", at, err)
	}
	sc := scope{Input: in, Context: map[string]any{
		"Execution": map[string]any{"Name": name},
		"State":     map[string]any{"Name": at},
	}}
	switch s.Type {
	case "Task":
		return r.task(ctx, sc, s)
	case "Choice":
		next, err := choose(sc, s)
		return input, next, err
	case "Wait":
		return r.wait(ctx, sc, s, input)
	case "Fail":
		return nil, "", incident.Errorf(incident.Internal, "execution %s failed: %s: %s", name, s.Error, s.Cause)
	}
	out, err := output(sc, s.Output, input)
	return out, s.Next, err
}

func choose(sc scope, s State) (string, error) {
	for _, c := range s.Choices {
		expr, _ := Expression(c.Condition)
		value, err := sc.eval(expr)
		if err != nil {
			return "", err
		}
		if value == true {
			return c.Next, nil
		}
	}
	return s.Default, nil
}

func (r Runner) wait(ctx context.Context, sc scope, s State, input json.RawMessage) (json.RawMessage, string, error) {
	value, err := sc.render(s.Seconds)
	if err != nil {
		return nil, "", err
	}
	seconds, _ := value.(float64)
	if err := sleep(ctx, time.Duration(seconds*float64(time.Second))); err != nil {
		return nil, "", err
	}
	out, err := output(sc, s.Output, input)
	return out, s.Next, err
}

// task runs a Task with its retries and handlers.
func (r Runner) task(ctx context.Context, sc scope, s State) (json.RawMessage, string, error) {
	tried := make([]int, len(s.Retry))
	for {
		result, err := r.attempt(ctx, sc, s)
		if err == nil {
			sc.Result = result
			out, err := output(sc, s.Output, nil)
			return out, s.Next, err
		}
		if ctx.Err() != nil {
			return nil, "", err
		}
		name := errorName(err)
		if i := slices.IndexFunc(s.Retry, func(rule Retry) bool { return matches(rule.ErrorEquals, name) }); i >= 0 && tried[i] < s.Retry[i].MaxAttempts {
			if err := sleep(ctx, s.Retry[i].delay(tried[i])); err != nil {
				return nil, "", err
			}
			tried[i]++
			continue
		}
		i := slices.IndexFunc(s.Catch, func(c Catch) bool { return matches(c.ErrorEquals, name) })
		if i < 0 {
			return nil, "", err
		}
		sc.Failure = map[string]any{"Error": name, "Cause": name}
		out, err := output(sc, s.Catch[i].Output, nil)
		return out, s.Catch[i].Next, err
	}
}

// attempt invokes the function once; with a task token it then waits for the answer.
func (r Runner) attempt(ctx context.Context, sc scope, s State) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.TimeoutSeconds)*time.Second)
	defer cancel()
	token := ""
	if s.Resource == invokeToken {
		token = r.Tokens.Issue()
		sc.Context.(map[string]any)["Task"] = map[string]any{"Token": token}
	}
	payload, err := sc.render(s.Arguments.Payload)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	answer, err := r.Invoke(ctx, Function(s.Arguments.FunctionName), raw)
	if err == nil && token != "" {
		answer, err = r.Tokens.Wait(ctx, token)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, failure{"States.Timeout", incident.Errorf(incident.Unavailable, "no answer within %d s", s.TimeoutSeconds)}
	}
	if err != nil {
		return nil, failure{string(incident.ClassOf(err)), err}
	}
	var result any
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, failure{"States.Runtime", err}
	}
	if token != "" {
		return result, nil
	}
	return map[string]any{"Payload": result, "StatusCode": 200.0}, nil
}

func output(sc scope, template, fallback json.RawMessage) (json.RawMessage, error) {
	if template == nil {
		return fallback, nil
	}
	value, err := sc.render(template)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func errorName(err error) string {
	var f failure
	if errors.As(err, &f) {
		return f.name
	}
	return "States.QueryEvaluationError"
}

func matches(names []string, name string) bool {
	return slices.Contains(names, name) || slices.Contains(names, "States.ALL") ||
		(slices.Contains(names, "States.TaskFailed") && name != "States.Timeout")
}

func (rule Retry) delay(tried int) time.Duration {
	seconds := rule.IntervalSeconds * math.Pow(max(rule.BackoffRate, 1), float64(tried))
	if rule.JitterStrategy == "FULL" {
		seconds *= rand.Float64()
	}
	return time.Duration(seconds * float64(time.Second))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return incident.Errorf(incident.Unavailable, "execution stopped: %w", ctx.Err())
	}
}
