package investigate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/tool"
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
	if c, err = w.doubted(ctx, c); err != nil {
		return out, err
	}
	c.Analyst, c.Partial, c.At = d.Analyst, d.Partial, rec.Time
	if c, err = redacted(w.Redact, c); err != nil {
		return out, err
	}
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
	d = named(d)
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

// doubted holds "nothing is wrong" against the analysis that was made without a model: what that blames is not healthy
// because a model says so. Both stay to be read, and no one is told that all is well.
func (w *worker) doubted(ctx context.Context, c incident.Conclusion) (incident.Conclusion, error) {
	rec, ok := w.journal.Find(briefKey)
	if !ok || c.Outcome != incident.NoFault {
		return c, nil
	}
	var b evidence.Brief
	if err := w.journal.Decode(ctx, rec, &b); err != nil {
		return c, err
	}
	if b.Outcome != incident.Confirmed && b.Outcome != incident.Likely || len(b.Causes) == 0 {
		return c, nil
	}
	c.Outcome, c.Confidence = incident.Inconclusive, min(c.Confidence, 0.3)
	c.Gaps = append(slices.Clone(c.Gaps), incident.Gap{
		Text: "the analyst found no fault, but the analysis of the telemetry blames " + b.Causes[0].Component + ": " + b.Causes[0].Mechanism,
		Fix:  "look at both before the alarm is closed",
	})
	return c, nil
}

// redacted masks secrets in everything that people will read, through its JSON.
func redacted[T any](mask tool.Redactor, v T) (out T, err error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(mask.JSON(raw), &out)
}
