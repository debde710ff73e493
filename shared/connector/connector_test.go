package connector_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

func at(hour int) time.Time { return time.Date(2026, 3, 10, hour, 0, 0, 0, time.UTC) }

func TestASpanIsClippedToTheScope(t *testing.T) {
	scope := tool.Scope{From: at(2), To: at(5)}
	var open time.Time
	tests := []struct {
		name                       string
		from, to, wantFrom, wantTo time.Time
		invalid                    bool
	}{
		{"nothing asked", open, open, at(2), at(5), false},
		{"within", at(3), at(4), at(3), at(4), false},
		{"wider on both sides", at(1), at(9), at(2), at(5), false},
		{"turned round", at(4), at(3), open, open, true},
		{"before the scope", at(0), at(1), open, open, true},
		{"after the scope", at(6), at(7), open, open, true},
		{"after the scope, open end", at(6), open, open, open, true},
	}
	for _, tc := range tests {
		from, to, err := connector.Args{From: tc.from, To: tc.to}.Span(scope)
		if tc.invalid {
			if !incident.Is(err, incident.Invalid) {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		if err != nil || !from.Equal(tc.wantFrom) || !to.Equal(tc.wantTo) {
			t.Errorf("%s: %s to %s, %v", tc.name, from, to, err)
		}
	}
	if from, to, err := (connector.Args{From: at(3)}).Span(tool.Scope{}); err != nil || !from.Equal(at(3)) || !to.IsZero() {
		t.Errorf("an open scope: %s to %s, %v", from, to, err)
	}
}

func TestACallIsAboutServicesOfTheSpace(t *testing.T) {
	space := config.Space{Services: []config.Service{{Name: "web"}, {Name: "checkout"}, {Name: "db"}}}
	tests := []struct {
		name            string
		asked, scope    []string
		want, strangers []string
	}{
		{"the scope's, nearest first", nil, []string{"checkout", "db"}, []string{"checkout", "db"}, nil},
		{"those asked for", []string{"db"}, []string{"checkout"}, []string{"db"}, nil},
		{"strangers are named", []string{"db", "arn:aws:s3:::x"}, nil, []string{"db"}, []string{"arn:aws:s3:::x"}},
		{"only strangers asked for: nothing", []string{"moon"}, []string{"web"}, nil, []string{"moon"}},
		{"an alarm of no service: all", nil, []string{"queue-depth"}, []string{"web", "checkout", "db"}, []string{"queue-depth"}},
		{"no alarm yet: all", nil, nil, []string{"web", "checkout", "db"}, nil},
	}
	for _, tc := range tests {
		services, strangers := connector.Args{Components: tc.asked}.Services(space, tool.Scope{Components: tc.scope})
		var got []string
		for _, s := range services {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, tc.want) || !slices.Equal(strangers, tc.strangers) {
			t.Errorf("%s: %v and %v", tc.name, got, strangers)
		}
	}
}

// A look ends a little before its caller does, so that it can return what it has.
func TestALookEndsBeforeItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for caller, want := range map[time.Duration]time.Duration{time.Hour: 40 * time.Second, 43 * time.Second: 40 * time.Second, 10 * time.Second: 7 * time.Second, 0: 40 * time.Second} {
			ctx := context.Context(t.Context())
			if caller > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, caller)
				defer cancel()
			}
			within, cancel := connector.Within(ctx, 40*time.Second)
			defer cancel()
			if deadline, ok := within.Deadline(); !ok || time.Until(deadline) != want {
				t.Errorf("caller has %v: %v", caller, time.Until(deadline))
			}
		}
	})
}
