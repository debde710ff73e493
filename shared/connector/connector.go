// Package connector holds what every connector speaks: the arguments of its tools. Connectors look at what already exists
// (metrics, logs, changes, calls) and change nothing; each has a package of its own below this one.
package connector

import (
	"context"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// Args are the arguments of every telemetry tool. All are optional; times are clipped to the scope.
type Args struct {
	Components []string  `json:"components,omitempty" jsonschema:"only these components; leave out for all that the investigation is about"`
	From       time.Time `json:"from,omitzero" jsonschema:"RFC 3339; leave out for the start of the investigation's span"`
	To         time.Time `json:"to,omitzero" jsonschema:"RFC 3339; leave out for the end of the investigation's span"`
	Contains   string    `json:"contains,omitempty" jsonschema:"only what contains this text, ignoring case"`
}

// Span is the part of the scope that is asked for. It fails with Invalid when to lies before from, or all of it outside the
// scope.
func (a Args) Span(scope tool.Scope) (from, to time.Time, err error) {
	if !a.From.IsZero() && !a.To.IsZero() && a.To.Before(a.From) {
		return from, to, incident.Errorf(incident.Invalid, "to (%s) lies before from (%s)", a.To.Format(time.RFC3339), a.From.Format(time.RFC3339))
	}
	from, to = scope.From, scope.To
	if a.From.After(from) {
		from = a.From
	}
	if !a.To.IsZero() && (to.IsZero() || a.To.Before(to)) {
		to = a.To
	}
	if !to.IsZero() && to.Before(from) {
		return from, to, incident.Errorf(incident.Invalid, "the investigation looks at %s to %s; the span asked for lies outside", scope.From.Format(time.RFC3339), scope.To.Format(time.RFC3339))
	}
	return from, to, nil
}

// Within bounds a look: to the time that it may take, and to a little less than the caller's, so that what has been read by
// then can still be returned.
func Within(ctx context.Context, atMost time.Duration) (context.Context, context.CancelFunc) {
	const toReturn = 3 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		atMost = min(atMost, time.Until(deadline)-toReturn)
	}
	return context.WithTimeout(ctx, atMost)
}

// Services are those of the space that a call is about: the components asked for, else the scope's, the nearest first.
// strangers are names of either that the space does not know. A scope that knows no service of the space is about all of them.
func (a Args) Services(space config.Space, scope tool.Scope) (services []config.Service, strangers []string) {
	names := a.Components
	if len(names) == 0 {
		names = scope.Components
	}
	for _, name := range names {
		if svc, ok := space.Service(name); ok {
			services = append(services, svc)
		} else {
			strangers = append(strangers, name)
		}
	}
	if len(services) == 0 && len(a.Components) == 0 {
		services = slices.Clone(space.Services)
	}
	return services, strangers
}
