package investigate

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

//go:embed prompt/*.md
var prompts embed.FS

// Names of the tools that are not in the box. The brief stands in every conversation as the result of BriefTool;
// ConcludeTool and PlanTool end an investigation and a planning; OfferTool holds what a plan may be made of.
const (
	BriefTool    = "analyse"
	ConcludeTool = "conclude"
	OfferTool    = "mitigation_blocks"
	PlanTool     = "plan"
)

// prompt reads a prompt file and fills {{name}} placeholders.
func prompt(file string, facts map[string]string) string {
	data, err := prompts.ReadFile("prompt/" + file)
	if err != nil {
		panic(err) // embedded: a missing file is a programming error
	}
	pairs := make([]string, 0, 2*len(facts))
	for name, value := range facts {
		pairs = append(pairs, "{{"+name+"}}", value)
	}
	return strings.NewReplacer(pairs...).Replace(string(data))
}

func (w *worker) facts() map[string]string {
	return map[string]string{
		"space": w.inv.Space, "language": w.Space.Language, "title": w.Redact.Text(w.inv.Title), "service": w.inv.Service,
		"priority": string(w.inv.Priority), "opened": w.inv.OpenedAt.UTC().Format("2006-01-02 15:04:05Z"),
	}
}

// specs are the tools that the model may call: those of the box, the brief (for the history's sake) and conclude.
func (w *worker) specs() []llm.ToolSpec {
	return append(w.box.Specs(),
		llm.ToolSpec{Name: BriefTool, Description: "The deterministic analysis of the telemetry around the incident. It has been made already; do not call it again.", Schema: json.RawMessage(`{"type":"object"}`)},
		llm.ToolSpec{Name: ConcludeTool, Description: "End the investigation with a conclusion in which every claim cites.", Schema: draftSchema().raw},
	)
}

// draftSchema is made when it is first needed, as it takes a millisecond: most of what links this package never asks a model.
var draftSchema = sync.OnceValue(schemaOf[incident.Draft])

// schema says how a model must answer: as text for the model, and ready to check the answer.
type schema struct {
	raw   json.RawMessage
	check *jsonschema.Resolved
}

func schemaOf[T any]() schema {
	s, err := jsonschema.For[T](nil)
	if err != nil {
		panic(err)
	}
	check, err := s.Resolve(nil)
	if err != nil {
		panic(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return schema{raw, check}
}

// decode validates raw against the schema and decodes it; the error is written for the model to act on.
func decode[T any](check *jsonschema.Resolved, raw json.RawMessage) (T, error) {
	var out T
	var loose any
	if err := json.Unmarshal(raw, &loose); err != nil {
		return out, incident.Errorf(incident.Invalid, "the arguments are not JSON: %w", err)
	}
	if err := check.Validate(loose); err != nil {
		return out, incident.Errorf(incident.Invalid, "the arguments do not fit the schema: %w", err)
	}
	return out, json.Unmarshal(raw, &out)
}

// parseDraft decodes a conclusion and checks what the schema cannot say.
func parseDraft(raw json.RawMessage) (incident.Draft, error) {
	d, err := decode[incident.Draft](draftSchema().check, raw)
	if err != nil {
		return d, err
	}
	switch d.Outcome {
	case incident.Confirmed, incident.Likely, incident.Inconclusive, incident.NoFault:
	default:
		return d, incident.Errorf(incident.Invalid, "outcome must be confirmed, likely, inconclusive or no_fault, not %q", d.Outcome)
	}
	if d.Confidence < 0 || d.Confidence > 1 {
		return d, incident.Errorf(incident.Invalid, "confidence must lie between 0 and 1, not %v", d.Confidence)
	}
	if d.Summary == "" {
		return d, fmt.Errorf("summary: %w", incident.Errorf(incident.Invalid, "required"))
	}
	return d, nil
}
