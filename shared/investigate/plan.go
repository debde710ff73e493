package investigate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/workflow"
)

const planKey = "plan"

// Offer is what a plan may be made of: the checked conclusion, facts taken from cited evidence, and the mitigation
// blocks that fit, best first.
type Offer struct {
	Conclusion incident.Conclusion `json:"conclusion"`
	Facts      map[string]string   `json:"facts"`
	Blocks     []skill.Block       `json:"blocks"`
}

var planSchema = sync.OnceValue(schemaOf[incident.PlanDraft])

// Plan makes the mitigation plan of a concluded investigation and stores its canonical bytes. Approve is false when the
// plan asks for nothing. Safe to repeat: a plan that exists stays.
func (s *Service) Plan(ctx context.Context, in workflow.Input) (workflow.Planned, error) {
	w, err := s.worker(ctx, in.ID)
	if err != nil {
		return workflow.Planned{}, err
	}
	c, found, err := record.Conclusion(ctx, s.Store, in.ID)
	if err != nil {
		return workflow.Planned{}, err
	}
	if !found {
		return workflow.Planned{}, incident.Errorf(incident.Invalid, "investigation %s has no conclusion yet; a plan needs one", in.ID)
	}
	if err := w.enter(ctx, incident.Planning); err != nil {
		return workflow.Planned{}, err
	}
	p, err := w.plan(ctx, c)
	if err != nil {
		return workflow.Planned{}, err
	}
	body := approval.Canonical(p)
	hash, err := record.PutDocument(ctx, s.Store, s.Blob, in.ID, "plan.json", "application/json", body)
	if err != nil {
		return workflow.Planned{}, err
	}
	w.inv, err = record.Update(ctx, s.Store, s.Now(), in.ID, func(inv *incident.Investigation) error {
		inv.PlanHash = hash
		return nil
	})
	return workflow.Planned{ID: in.ID, Approve: len(p.Actions) > 0}, err
}

// plan reads the journalled plan or makes one.
func (w *worker) plan(ctx context.Context, c incident.Conclusion) (p incident.Plan, err error) {
	if rec, ok := w.journal.Find(planKey); ok {
		return p, w.journal.Decode(ctx, rec, &p)
	}
	offer, err := w.offer(ctx, c)
	if err != nil {
		return p, err
	}
	draft, analyst, err := w.draftPlan(ctx, offer)
	if err != nil {
		return p, err
	}
	p = incident.Plan{
		Investigation: w.inv.ID, Version: 1, Summary: draft.Summary, NoChange: draft.NoChange, Actions: draft.Actions,
		Rollback: draft.Rollback, BlastRadius: draft.BlastRadius, Risk: draft.Risk, Success: draft.Success, Spec: draft.Spec,
		Cites: draft.Cites, Blocks: draft.Blocks, Requester: "firefinder", Analyst: analyst,
	}
	p, err = redacted(w.Redact, p)
	if err != nil {
		return p, err
	}
	_, _, err = w.journal.Append(ctx, journal.PlanMade, planKey, p)
	return p, err
}

// draftPlan asks the model; when it is away or answers with something that is no plan, the offline analyst plans.
func (w *worker) draftPlan(ctx context.Context, offer Offer) (incident.PlanDraft, string, error) {
	body, err := json.Marshal(offer)
	if err != nil {
		return incident.PlanDraft{}, "", err
	}
	req := llm.Request{
		System: prompt("plan.md", w.facts()), MaxTokens: maxTokens,
		Tools: []llm.ToolSpec{
			{Name: OfferTool, Description: "The conclusion, known facts and mitigation blocks. Already called.", Schema: json.RawMessage(`{"type":"object"}`)},
			{Name: PlanTool, Description: "Propose the mitigation plan.", Schema: planSchema().raw},
		},
		Messages: []llm.Message{
			{Role: llm.User, Blocks: []llm.Block{{Text: prompt("plan_start.md", w.facts())}}},
			{Role: llm.Assistant, Blocks: []llm.Block{{ToolUse: &llm.ToolUse{ID: OfferTool, Name: OfferTool, Args: json.RawMessage("{}")}}}},
			{Role: llm.User, Blocks: []llm.Block{{ToolResult: &llm.ToolResult{ID: OfferTool, Content: body}}}},
		},
	}
	if _, _, err := w.journal.Append(ctx, journal.Asked, planKey+"/intent", map[string]int{"blocks": len(offer.Blocks)}); err != nil {
		return incident.PlanDraft{}, "", err
	}
	answer, err := w.converse(ctx, req)
	answer.Response = w.received(0, answer.Response)
	draft, planErr := proposedPlan(answer.Response, offer)
	if err == nil && planErr == nil {
		_, _, err = w.journal.Append(ctx, journal.Answered, planKey+"/response", answer)
		return draft, answer.Model, err
	}
	if ctx.Err() != nil {
		return incident.PlanDraft{}, "", err
	}
	w.log.WarnContext(ctx, "no usable plan from the model, the offline analyst plans", "class", incident.ClassOf(cmp.Or(err, planErr)))
	resp, err := w.Offline.Converse(ctx, req)
	if err != nil {
		return incident.PlanDraft{}, "", fmt.Errorf("plan: %w", err)
	}
	draft, err = proposedPlan(resp, offer)
	return draft, resp.Model, err
}

// proposedPlan decodes the plan of a response and checks it: known phases and risks, citations that exist, a rollback
// for whatever is applied.
func proposedPlan(resp llm.Response, offer Offer) (incident.PlanDraft, error) {
	for _, use := range resp.ToolUses() {
		if use.Name != PlanTool {
			continue
		}
		d, err := decode[incident.PlanDraft](planSchema().check, use.Args)
		if err != nil {
			return d, err
		}
		return d, checkPlan(&d, offer)
	}
	return incident.PlanDraft{}, incident.Errorf(incident.Invalid, "the answer holds no plan")
}

func checkPlan(d *incident.PlanDraft, offer Offer) error {
	known := map[string]bool{}
	for _, f := range offer.Conclusion.Findings {
		known[f.ID] = true
	}
	for _, r := range offer.Conclusion.RootCauses {
		known[r.ID] = true
	}
	d.Cites = slices.DeleteFunc(d.Cites, func(id string) bool { return !known[id] })
	risks := []incident.Risk{incident.RiskLow, incident.RiskMedium, incident.RiskHigh}
	if !slices.Contains(risks, d.Risk) {
		return incident.Errorf(incident.Invalid, "risk must be low, medium or high")
	}
	if d.NoChange != "" && len(d.Actions) > 0 {
		return incident.Errorf(incident.Invalid, "no_change says that nothing is to be done, but there are actions")
	}
	if s := d.Spec; s != nil {
		s.Repository = offer.Facts["repository"] // a developer is sent to no other place than the space or the change names
	}
	applied := false
	for _, a := range slices.Concat(d.Actions, d.Rollback) {
		if !slices.Contains(incident.Phases, a.Phase) || !slices.Contains(risks, a.Risk) || a.Text == "" {
			return incident.Errorf(incident.Invalid, "action %q: needs a text, a phase (%v) and a risk", a.Text, incident.Phases)
		}
		if a.Risk == incident.RiskHigh || strings.Contains(a.Command, "://") {
			d.Risk = incident.RiskHigh // at least as risky as the riskiest action, or as a command that fetches something, whatever the model says
		}
	}
	for _, a := range d.Actions {
		applied = applied || a.Phase == incident.Apply
	}
	if applied && len(d.Rollback) == 0 {
		return incident.Errorf(incident.Invalid, "a plan that applies something needs a rollback")
	}
	if len(d.Actions) > 0 && len(d.Cites) == 0 {
		return incident.Errorf(incident.Invalid, "a plan must cite the root cause or findings it rests on")
	}
	return nil
}

// offer gathers facts and the blocks that fit the first root cause.
func (w *worker) offer(ctx context.Context, c incident.Conclusion) (Offer, error) {
	var b evidence.Brief
	if err := record.ReadJSON(ctx, w.Store, w.Blob, w.inv.ID, "brief.json", &b); err != nil {
		return Offer{}, err
	}
	o := Offer{Conclusion: c, Facts: w.planFacts(c, b), Blocks: []skill.Block{}}
	if len(c.RootCauses) == 0 {
		return o, nil
	}
	for _, block := range w.Skills.Blocks() {
		if block.Fits(c.RootCauses[0].Category, o.Facts) {
			o.Blocks = append(o.Blocks, block)
		}
	}
	generic := func(b skill.Block) int {
		if slices.Contains(b.Categories, "*") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(o.Blocks, func(a, b skill.Block) int { return generic(a) - generic(b) })
	return o, nil
}

// planFacts are what placeholders in mitigation blocks stand for.
func (w *worker) planFacts(c incident.Conclusion, b evidence.Brief) map[string]string {
	facts := map[string]string{"space": w.inv.Space, "account": w.Space.Account, "region": w.Space.Region, "service": w.inv.Service}
	if len(c.RootCauses) == 0 {
		return facts
	}
	rc := c.RootCauses[0]
	facts["component"], facts["cause"], facts["category"] = rc.Component, rc.Mechanism, strings.ReplaceAll(rc.Category, "_", " ")
	if svc, ok := w.Space.Service(rc.Component); ok {
		facts["repository"] = svc.Repository
	}
	if len(b.Causes) > 0 && b.Causes[0].Component == rc.Component {
		facts["metric"] = b.Causes[0].Metric
	}
	for _, v := range b.Changes {
		if rc.Change == "" || v.Change.ID != rc.Change {
			continue
		}
		ch := v.Change
		facts["change"], facts["change_id"], facts["kind"] = ch.Name(), ch.ID, ch.Kind
		facts["revision"], facts["previous"] = ch.Revision, ch.Previous
		if ch.Repository != "" {
			facts["repository"] = ch.Repository
		}
		facts["files"] = strings.Join(ch.Files, ", ")
		for name, value := range ch.Tags {
			if facts[name] == "" { // whoever tags a change does not say what its component is
				facts[name] = value
			}
		}
		if p, ok := v.Telling(); ok {
			facts["parameter"], facts["old"], facts["new"] = p.Name, p.Old, p.New
		}
	}
	return facts
}
