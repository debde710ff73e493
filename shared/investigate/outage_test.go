package investigate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/llm/analyst"
	"github.com/firefinder/firefinder/shared/llm/llmtest"
	"github.com/firefinder/firefinder/shared/tool"
	"github.com/firefinder/firefinder/shared/workflow"
)

// weather is a model in bad weather. It never concludes; what it does with its nth call, and how long that takes, is told.
type weather struct {
	calls  int
	answer func(ctx context.Context, n int) error
}

func (w *weather) Converse(ctx context.Context, _ llm.Request) (llm.Response, error) {
	w.calls++
	if err := w.answer(ctx, w.calls); err != nil {
		return llm.Response{}, err
	}
	use := llmtest.Use("u", "logs", args{Contains: fmt.Sprint(w.calls)})
	return llm.Response{Model: "scripted", Message: llm.Message{Role: llm.Assistant, Blocks: []llm.Block{{ToolUse: &use}}}, Usage: llm.Usage{In: 1000, Out: 50}}, nil
}

// after waits in virtual time, as long as the caller lets it.
func after(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return incident.Errorf(incident.Unavailable, "gave up: %w", ctx.Err())
	}
}

// T12: throttled for ten minutes and then away, hanging, slow or refused: every investigation ends inside its own time with
// a partial report, within its budget of calls, and no slice outlasts its function.
func TestAnOutageEndsInAPartialReport(t *testing.T) {
	throttled := incident.Errorf(incident.Throttled, "too many requests")
	tests := map[string]func(seed uint64) func(context.Context, int) error{
		"half of the calls throttled for ten minutes, then nothing": func(seed uint64) func(context.Context, int) error {
			r, began := rand.New(rand.NewPCG(seed, 12)), time.Now()
			return func(ctx context.Context, _ int) error {
				if time.Since(began) > 10*time.Minute {
					return after(ctx, time.Hour)
				}
				if err := after(ctx, time.Duration(10+r.IntN(60))*time.Second); err != nil || r.IntN(2) == 0 {
					return throttled
				}
				return nil
			}
		},
		"hangs from the first call": func(uint64) func(context.Context, int) error {
			return func(ctx context.Context, _ int) error { return after(ctx, 24*time.Hour) }
		},
		"slow, and never comes to an end": func(uint64) func(context.Context, int) error {
			return func(ctx context.Context, _ int) error { return after(ctx, 110*time.Second) }
		},
		"hangs in the middle": func(uint64) func(context.Context, int) error {
			return func(ctx context.Context, n int) error { return after(ctx, time.Duration(n/3)*24*time.Hour) }
		},
		"refused": func(uint64) func(context.Context, int) error {
			return func(context.Context, int) error { return incident.Errorf(incident.Denied, "no access") }
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(10) {
				synctest.Test(t, func(t *testing.T) {
					b, _ := newBench(t)
					model := &weather{answer: answer(seed)}
					b.deps.Model, b.deps.Now = model, time.Now
					b.deps.Space.Budget.Turns, b.deps.Space.Budget.Wall = 40, 20*time.Minute
					began := time.Now()
					b.slices()
					took := time.Since(began)
					c := b.conclude()
					if took > 20*time.Minute+150*time.Second || c.Partial == "" || c.Analyst != analyst.Name || model.calls > 40 {
						t.Errorf("seed %d: %d calls, %s, partial %q by %s", seed, model.calls, took, c.Partial, c.Analyst)
					}
				})
			}
		})
	}
}

// slices runs slice after slice, each with the time that a function has, until the investigation is done.
func (b *bench) slices() {
	b.t.Helper()
	for n := 1; ; n++ {
		ctx, cancel := context.WithTimeout(b.t.Context(), 298*time.Second)
		p, err := investigate.New(b.deps).Advance(ctx, workflow.Input{ID: "inv-1"})
		cancel()
		if err != nil || n > 60 {
			b.t.Fatalf("slice %d: %v", n, err)
		}
		if p.Done {
			return
		}
	}
}

// Tools that hang cost a turn the time that it has for tools, whether they are called by the collector or by a model that
// asks for many at once. What they were to show is a gap, and the investigation goes on.
func TestToolsThatHangAreAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := tool.New("metrics", "Metrics.", func(ctx context.Context, _ tool.Scope, _ args) (evidence.Telemetry, string, error) {
			return evidence.Telemetry{}, "", after(ctx, 24*time.Hour)
		})
		var many []llm.ToolUse
		for i := range 10 {
			many = append(many, llmtest.Use(fmt.Sprint(i), "metrics", args{Contains: fmt.Sprint(i)}))
		}
		b, _ := newBench(t, llmtest.Step{Uses: many}, concludeStep(draft(incident.Inconclusive, "obs-1")))
		b.deps.Tools, b.deps.Now = append(b.deps.Tools, hang), time.Now
		began := time.Now()
		b.slices()
		if took := time.Since(began); took != 90*time.Second {
			t.Errorf("collecting and one turn took %v", took)
		}
		observations, err := investigate.Observations(t.Context(), b.docs, b.records())
		if err != nil {
			t.Fatal(err)
		}
		hung := 0
		for _, o := range observations {
			if o.Tool == "metrics" && o.Failed && strings.Contains(o.Summary, "no answer within 45s") {
				hung++
			}
		}
		if hung != 11 {
			t.Errorf("%d of 11 calls failed of their time: %+v", hung, observations)
		}
		if c := b.conclude(); c.Partial != "" {
			t.Errorf("%+v", c)
		}
	})
}
