package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

// Redactor masks secrets. Box applies it to everything that a tool returns, before anybody else sees it.
type Redactor interface {
	Text(string) string
	JSON(json.RawMessage) json.RawMessage
}

// Box is the one way through which tools are called: it knows which tools exist, redacts and caps results, and turns
// failures into outcomes that say that something could not be looked at.
type Box struct {
	tools  []Tool
	redact Redactor
	limit  int
}

// NewBox makes a box. limit is the largest result in bytes that is kept; a larger one is distilled. Two tools with one
// name are Invalid.
func NewBox(redact Redactor, limit int, tools ...Tool) (*Box, error) {
	seen := map[string]bool{}
	for _, t := range tools {
		name := t.Spec().Name
		if seen[name] {
			return nil, incident.Errorf(incident.Invalid, "two tools are named %s", name)
		}
		seen[name] = true
	}
	return &Box{tools: tools, redact: redact, limit: limit}, nil
}

// Specs describes the tools to a model, in order.
func (b *Box) Specs() []llm.ToolSpec {
	out := make([]llm.ToolSpec, len(b.tools))
	for i, t := range b.tools {
		out[i] = t.Spec()
	}
	return out
}

// Has reports whether a tool of that name exists.
func (b *Box) Has(name string) bool {
	return slices.ContainsFunc(b.tools, func(t Tool) bool { return t.Spec().Name == name })
}

// Outcome is what came of a call. Failed outcomes carry the class and reason: a gap, never "nothing found".
type Outcome struct {
	Data    json.RawMessage `json:"data"`
	Summary string          `json:"summary"`
	Account string          `json:"account,omitempty"`
	Region  string          `json:"region,omitempty"`
	Failed  bool            `json:"failed,omitempty"`
	Class   incident.Class  `json:"class,omitempty"`
}

// Call calls a tool. It fails only when ctx has ended; everything else is an Outcome. Repeats are safe.
func (b *Box) Call(ctx context.Context, scope Scope, name string, args json.RawMessage) (Outcome, error) {
	i := slices.IndexFunc(b.tools, func(t Tool) bool { return t.Spec().Name == name })
	if i < 0 {
		return Failed(incident.NotFound, fmt.Sprintf("there is no tool named %q", b.redact.Text(name[:min(len(name), 64)]))), nil
	}
	if len(args) == 0 {
		args = json.RawMessage("{}")
	}
	result, err := b.tools[i].Call(ctx, scope, args)
	if ctx.Err() != nil {
		return Outcome{}, incident.Errorf(incident.Unavailable, "tool %s: %w", name, ctx.Err())
	}
	if err != nil {
		return Failed(incident.ClassOf(err), b.redact.Text(err.Error())), nil
	}
	data := Distill(b.redact.JSON(result.Data), b.limit)
	return Outcome{Data: data, Summary: b.redact.Text(result.Summary), Account: result.Account, Region: result.Region}, nil
}

// Failed is the outcome of a call that was not made or not answered.
func Failed(class incident.Class, why string) Outcome {
	data, _ := json.Marshal(map[string]string{"error": why})
	return Outcome{Data: data, Summary: why, Failed: true, Class: class}
}

// Distill shortens a JSON document to about limit bytes: long arrays keep their first and last elements with a note of
// how many were left out, long strings are cut. A document that fits is returned as it is.
func Distill(data json.RawMessage, limit int) json.RawMessage {
	if len(data) <= limit {
		return data
	}
	for keep := 64; keep >= 1; keep /= 2 {
		var tree any
		if json.Unmarshal(data, &tree) != nil {
			break
		}
		short, err := json.Marshal(shorten(tree, keep))
		if err == nil && len(short) <= limit {
			return short
		}
	}
	note, _ := json.Marshal(map[string]any{"note": "the result is too large to show; ask for a shorter span or fewer components", "bytes": len(data)})
	return note
}

func shorten(node any, keep int) any {
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			n[k] = shorten(v, keep)
		}
	case []any:
		if len(n) > 2*keep {
			left := len(n) - 2*keep
			n = slices.Concat(n[:keep], []any{fmt.Sprintf("(%d left out)", left)}, n[len(n)-keep:])
		}
		for i, v := range n {
			n[i] = shorten(v, keep)
		}
		return n
	case string:
		if limit := 32 * keep; len(n) > limit {
			return n[:limit] + fmt.Sprintf("(%d bytes left out)", len(n)-limit)
		}
	}
	return node
}
