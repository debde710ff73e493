// Package analyst is the offline model: it answers the same conversations that a model would, from the deterministic
// brief alone. It tests the leading explanation with one round of tool calls and then concludes; plans it assembles from
// mitigation blocks. It knows no scenario and spends no tokens: other data, other answer.
package analyst

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/llm"
)

// Name is what reports call it.
const Name = "offline analyst"

// Analyst implements llm.Model. The zero value is ready; it is safe for concurrent use.
type Analyst struct{}

var _ llm.Model = Analyst{}

// Converse answers with tool calls: first to look closer, then to conclude; or with a plan when one is asked for.
// Invalid means that the conversation holds neither a brief nor mitigation blocks.
func (Analyst) Converse(_ context.Context, req llm.Request) (llm.Response, error) {
	c, err := read(req)
	if err != nil {
		return llm.Response{}, err
	}
	switch {
	case c.offer != nil:
		return c.answer("", c.use(investigate.PlanTool, plan(*c.offer)))
	case c.turns == 0:
		if text, uses := c.look(); len(uses) > 0 {
			return c.answer(text, uses...)
		}
	}
	return c.answer("", c.use(investigate.ConcludeTool, c.conclude()))
}

// conversation is what the analyst reads out of a request.
type conversation struct {
	brief   evidence.Brief
	offer   *investigate.Offer
	offered []string // names of tools
	turns   int      // finished turns after the brief
	looked  []look
}

// look is one observation made on the analyst's own request.
type look struct {
	Observation string             `json:"observation"`
	Result      evidence.Telemetry `json:"result"`
	tool        string
}

func read(req llm.Request) (conversation, error) {
	c := conversation{}
	for _, t := range req.Tools {
		c.offered = append(c.offered, t.Name)
	}
	names := map[string]string{}
	found := false
	for _, m := range req.Messages {
		for _, b := range m.Blocks {
			switch {
			case b.ToolUse != nil:
				names[b.ToolUse.ID] = b.ToolUse.Name
			case b.ToolResult != nil:
				ok, err := c.take(names[b.ToolResult.ID], *b.ToolResult)
				if err != nil {
					return c, err
				}
				found = found || ok
			}
		}
		if m.Role == llm.Assistant {
			c.turns++
		}
	}
	c.turns-- // the brief or the offer is not a turn
	if !found {
		return c, incident.Errorf(incident.Invalid, "the conversation holds neither an analysis nor mitigation blocks")
	}
	return c, nil
}

func (c *conversation) take(name string, r llm.ToolResult) (bool, error) {
	switch name {
	case investigate.BriefTool:
		return true, json.Unmarshal(r.Content, &c.brief)
	case investigate.OfferTool:
		return true, json.Unmarshal(r.Content, &c.offer)
	}
	l := look{tool: name}
	if !r.Failed && json.Unmarshal(r.Content, &l) == nil {
		c.looked = append(c.looked, l)
	}
	return false, nil
}

func (c conversation) answer(text string, uses ...llm.ToolUse) (llm.Response, error) {
	m := llm.Message{Role: llm.Assistant}
	if text != "" {
		m.Blocks = append(m.Blocks, llm.Block{Text: text})
	}
	for _, use := range uses {
		m.Blocks = append(m.Blocks, llm.Block{ToolUse: &use})
	}
	return llm.Response{Message: m, Stop: "tool_use", Model: Name}, nil
}

func (c conversation) use(name string, args any) llm.ToolUse {
	raw, err := json.Marshal(args)
	if err != nil {
		panic(fmt.Sprintf("analyst: encode %s: %v", name, err)) // our own types
	}
	return llm.ToolUse{ID: fmt.Sprintf("%s-%d", name, c.turns+1), Name: name, Args: raw}
}

// look asks for what would confirm or refute the leading explanation: the logs of the component around its onset and
// what its neighbours' metrics did since.
func (c conversation) look() (string, []llm.ToolUse) {
	if len(c.brief.Causes) == 0 {
		return "", nil
	}
	lead := c.brief.Causes[0]
	from := lead.Onset
	if from.IsZero() {
		from = c.brief.Onset
	}
	if from.IsZero() {
		from = c.brief.Window.Start
	}
	args := func(components ...string) map[string]any {
		return map[string]any{"components": components, "from": from.Add(-5 * time.Minute), "to": c.brief.Window.To}
	}
	var uses []llm.ToolUse
	ask := func(name string, a map[string]any) {
		if slices.Contains(c.offered, name) {
			uses = append(uses, c.use(name, a))
		}
	}
	ask("logs", args(lead.Component))
	ask("metrics", args(append([]string{lead.Component}, lead.CascadesTo...)...))
	return "Testing the leading explanation: " + lead.Mechanism, uses
}
