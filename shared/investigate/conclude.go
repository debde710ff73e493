package investigate

import (
	"context"
	"fmt"
	"slices"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
)

const conclusionKey = "conclusion"

// Conclude checks the draft, stores the conclusion and says whether a plan is wanted now. Safe to repeat.
func (s *Service) Conclude(ctx context.Context, in workflow.Input) (workflow.Caused, error) {
	w, err := s.worker(ctx, in.ID)
	if err != nil {
		return workflow.Caused{}, err
	}
	out := workflow.Caused{ID: in.ID, Plan: s.Space.Plans == "automatic"}
	rec, ok := w.journal.Find(draftKey)
	if !ok {
		return out, incident.Errorf(incident.Invalid, "investigation %s has no draft conclusion yet; the investigate step comes first", in.ID)
	}
	var d drafted
	if err := w.journal.Decode(ctx, rec, &d); err != nil {
		return out, err
	}
	observations, err := Observations(ctx, s.Blob, w.journal.Records())
	if err != nil {
		return out, err
	}
	c := Check(d.Draft, observations)
	c.Analyst, c.Partial, c.At = d.Analyst, d.Partial, rec.Time
	c = w.redacted(c)
	if _, _, err := w.journal.Append(ctx, journal.Concluded, conclusionKey, c); err != nil {
		return out, err
	}
	w.inv, err = record.Update(ctx, s.Store, s.Now(), in.ID, func(inv *incident.Investigation) error {
		if inv.State.Before(incident.RootCauseFound) {
			inv.State = incident.RootCauseFound
		}
		inv.Outcome, inv.Summary = string(c.Outcome), c.Summary
		return nil
	}, record.PutConclusion(in.ID, c))
	return out, err
}

// Observations lists what the tools returned, in order, without the raw data.
func Observations(ctx context.Context, docs blob.Store, records []journal.Record) ([]incident.Observation, error) {
	var out []incident.Observation
	for _, rec := range records {
		if rec.Kind != journal.Observed {
			continue
		}
		var obs observed
		if err := journal.Decode(ctx, docs, rec, &obs); err != nil {
			return nil, err
		}
		obs.Observation.Blob = rec.Blob
		out = append(out, obs.Observation)
	}
	return out, nil
}

// Check disposes of what a model proposed: findings must cite observations that exist and did not fail, root causes must
// cite findings that remain, rejected hypotheses must cite either. What does not is dropped and listed. Without a root
// cause left, an outcome that claims one becomes inconclusive.
func Check(d incident.Draft, observations []incident.Observation) incident.Conclusion {
	seen := map[string]bool{}
	for _, o := range observations {
		if !o.Failed {
			seen[o.ID] = true
		}
	}
	c := incident.Conclusion{Outcome: d.Outcome, Confidence: d.Confidence, Summary: d.Summary, Gaps: d.Gaps}
	keep := func(kind, id, text string, cites []string) ([]string, bool) {
		good := slices.DeleteFunc(slices.Clone(cites), func(ref string) bool { return !seen[ref] })
		if len(good) == 0 {
			c.Dropped = append(c.Dropped, fmt.Sprintf("%s %s cites nothing that exists: %s", kind, id, text))
		}
		return good, len(good) > 0
	}
	findings := func(kind string, in []incident.Finding) (out []incident.Finding) {
		for _, f := range in {
			if cites, ok := keep(kind, f.ID, f.Text, f.Cites); ok {
				f.Cites = cites
				out = append(out, f)
			}
		}
		return out
	}
	c.Symptoms = findings("symptom", d.Symptoms)
	c.Findings = findings("finding", d.Findings)
	for _, f := range slices.Concat(c.Symptoms, c.Findings) {
		seen[f.ID] = true
	}
	for _, r := range d.RootCauses {
		onlyFindings := slices.DeleteFunc(slices.Clone(r.Cites), func(ref string) bool {
			return !slices.ContainsFunc(c.Findings, func(f incident.Finding) bool { return f.ID == ref })
		})
		if cites, ok := keep("root cause", r.ID, r.Mechanism, onlyFindings); ok {
			r.Cites = cites
			c.RootCauses = append(c.RootCauses, r)
		}
	}
	for _, h := range d.Rejected {
		if cites, ok := keep("rejected hypothesis", "", h.Text, h.Cites); ok {
			h.Cites = cites
			c.Rejected = append(c.Rejected, h)
		}
	}
	if len(c.RootCauses) == 0 && (c.Outcome == incident.Confirmed || c.Outcome == incident.Likely) {
		c.Outcome, c.Confidence = incident.Inconclusive, min(c.Confidence, 0.3)
	}
	return c
}

// redacted masks secrets in everything that people will read.
func (w *worker) redacted(c incident.Conclusion) incident.Conclusion {
	text := w.Redact.Text
	c.Summary = text(c.Summary)
	for _, list := range [][]incident.Finding{c.Symptoms, c.Findings} {
		for i := range list {
			list[i].Text = text(list[i].Text)
		}
	}
	for i := range c.RootCauses {
		c.RootCauses[i].Mechanism, c.RootCauses[i].Condition = text(c.RootCauses[i].Mechanism), text(c.RootCauses[i].Condition)
	}
	for i := range c.Rejected {
		c.Rejected[i].Text, c.Rejected[i].Against = text(c.Rejected[i].Text), text(c.Rejected[i].Against)
	}
	for i := range c.Gaps {
		c.Gaps[i].Text, c.Gaps[i].Fix = text(c.Gaps[i].Text), text(c.Gaps[i].Fix)
	}
	for i := range c.Dropped {
		c.Dropped[i] = text(c.Dropped[i])
	}
	return c
}
