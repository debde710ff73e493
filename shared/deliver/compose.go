package deliver

import (
	"fmt"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/report"
)

// Compose puts a notice into words. It is pure.
func Compose(n Notice) Document {
	d := Document{Subject: subject(n)}
	switch n.Kind {
	case Proposal:
		d.proposal(n)
	case Verdict:
		d.verdict(n)
	case Failure:
		d.failure(n)
	case Linked:
		d.say("%s", n.Text)
	default:
		d.findings(n)
	}
	d.section("Alarms", alarms(n, n.Alarms, maxAlarms, "firefinder show "+n.Investigation.ID))
	d.section("Skipped meanwhile, in no investigation", alarms(n, n.Skipped, maxSkipped, "firefinder list --skipped"))
	d.footer(n)
	return d
}

func subject(n Notice) string {
	what := map[Kind]string{
		Findings: found(n.Conclusion), Proposal: "plan waits for your decision", Verdict: decided(n), Failure: "investigation could not be finished", Linked: joined(n),
	}[n.Kind]
	return one(fmt.Sprintf("[%s] %s: %s", n.Investigation.Priority, n.Investigation.Title, what))
}

func joined(n Notice) string {
	if len(n.Alarms) > 1 {
		return fmt.Sprintf("%d more alarms belong to this", len(n.Alarms))
	}
	return "another alarm belongs to this"
}

func found(c *incident.Conclusion) string {
	switch {
	case c == nil:
		return "investigated"
	case c.Partial != "":
		return "partial answer (" + report.Certainty(*c) + ")"
	case c.Outcome == incident.NoFault:
		return "no fault found"
	case c.Outcome == incident.Inconclusive:
		return "cause not found, evidence inside"
	}
	return "cause found (" + report.Certainty(*c) + ")"
}

func decided(n Notice) string {
	switch {
	case n.Approval != nil:
		return "plan " + strings.ToLower(string(n.Approval.State))
	case n.Plan != nil && n.Plan.NoChange != "":
		return "nothing to decide (" + strings.TrimSuffix(n.Plan.Summary, ".") + ")"
	}
	return "no decision was needed"
}

func (d *Document) say(format string, args ...any) {
	if text := one(fmt.Sprintf(format, args...)); text != "" {
		d.Lead = append(d.Lead, text)
	}
}

func (d *Document) section(title string, items []Item) {
	if len(items) > 0 {
		d.Sections = append(d.Sections, Section{title, items})
	}
}

func (d *Document) findings(n Notice) {
	c := n.Conclusion
	if c == nil {
		d.say("The investigation ended without a conclusion.")
		return
	}
	d.say("%s", c.Summary)
	d.say("Since %s. Outcome: %s. Analyst: %s.", stamp(since(n)), report.Certainty(*c), c.Analyst)
	if c.Partial != "" {
		d.say("PARTIAL: %s", c.Partial)
	}
	d.section("Root cause", causes(c.RootCauses))
	d.section("What is wrong", cited(c.Symptoms))
	d.section("Evidence", cited(c.Findings))
	d.section("Considered and rejected", rejected(c.Rejected))
	d.section("Gaps", gaps(c.Gaps))
	d.section("Removed claims, because nothing supports them", lines(c.Dropped))
}

func since(n Notice) time.Time {
	if !n.Investigation.OpenedAt.IsZero() {
		return n.Investigation.OpenedAt
	}
	return n.Investigation.CreatedAt
}

func causes(list []incident.RootCause) (out []Item) {
	for _, rc := range list {
		item := Item{Text: one(fmt.Sprintf("%s: %s (%s)", rc.Component, full(rc.Mechanism), report.Cites(rc.Cites)))}
		if rc.Change != "" {
			item.note("Brought about by change %s.", rc.Change)
		} else if rc.Condition != "" {
			item.note("No change is to blame. Condition: %s", full(rc.Condition))
		}
		if len(rc.CascadesTo) > 0 {
			item.note("Also affected: %s.", strings.Join(rc.CascadesTo, ", "))
		}
		out = append(out, item)
	}
	return out
}

func (i *Item) note(format string, args ...any) {
	i.Notes = append(i.Notes, one(fmt.Sprintf(format, args...)))
}

func cited(list []incident.Finding) (out []Item) {
	for _, f := range list {
		out = append(out, Item{Text: one(fmt.Sprintf("%s %s (%s)", f.ID, full(f.Text), report.Cites(f.Cites)))})
	}
	return out
}

func rejected(list []incident.Hypothesis) (out []Item) {
	for _, h := range list {
		out = append(out, Item{Text: one(fmt.Sprintf("%s Against it: %s (%s)", full(h.Text), full(h.Against), report.Cites(h.Cites)))})
	}
	return out
}

func gaps(list []incident.Gap) (out []Item) {
	for _, g := range list {
		item := Item{Text: one(full(g.Text))}
		if g.Fix != "" {
			item.note("To close it: %s", full(g.Fix))
		}
		out = append(out, item)
	}
	return out
}

func lines(list []string) (out []Item) {
	for _, l := range list {
		out = append(out, Item{Text: one(l)})
	}
	return out
}

func (d *Document) proposal(n Notice) {
	if n.Plan == nil || n.Approval == nil {
		return
	}
	d.say("%s", n.Plan.Summary)
	d.say("Risk: %s. %s Plan hash %s.", n.Plan.Risk, labelled("It touches: ", n.Plan.BlastRadius), short(n.Approval.PlanHash))
	if n.Conclusion != nil {
		d.say("It answers: %s (%s)", full(n.Conclusion.Summary), report.Certainty(*n.Conclusion))
	}
	people := "One person decides."
	if n.Approval.Needed > 1 {
		people = fmt.Sprintf("%d different people must approve.", n.Approval.Needed)
	}
	d.say("%s Without a decision by %s the plan counts as not approved. Firefinder changes nothing itself: the steps are for you.", people, stamp(n.Approval.ExpiresAt))
	d.plan(*n.Plan)
}

func (d *Document) plan(p incident.Plan) {
	for _, phase := range incident.Phases {
		d.section(string(phase), actions(p.In(phase)))
	}
	d.section("Rollback", actions(p.Rollback))
	var worked []Item
	for _, c := range p.Success {
		worked = append(worked, Item{Text: one(full(c.Text))})
	}
	d.section("It worked when", worked)
	if p.Spec != nil {
		d.section("Specification of the fix", spec(*p.Spec))
	}
}

func actions(list []incident.PlanAction) (out []Item) {
	for _, a := range list {
		item := Item{Text: one(fmt.Sprintf("%s [%s risk]", full(a.Text), a.Risk)), Command: command(a.Command)}
		if a.Target != "" {
			item.note("On: %s", a.Target)
		}
		if a.Expected != "" {
			item.note("Expect: %s", full(a.Expected))
		}
		out = append(out, item)
	}
	return out
}

func spec(s incident.Spec) []Item {
	out := []Item{{Text: one("Problem: " + full(s.Problem))}}
	if s.Repository != "" {
		out = append(out, Item{Text: one("Repository: " + s.Repository)})
	}
	if len(s.Files) > 0 {
		out = append(out, Item{Text: one("Files: " + strings.Join(s.Files, ", "))})
	}
	out = append(out, Item{Text: one("Change: " + full(s.Change))})
	for _, t := range s.Tests {
		out = append(out, Item{Text: one("Test: " + full(t))})
	}
	return out
}

func (d *Document) verdict(n Notice) {
	if n.Approval == nil {
		if n.Plan != nil {
			d.say("%s", n.Plan.Summary)
			d.say("%s", full(n.Plan.NoChange))
			d.plan(*n.Plan)
		}
		return
	}
	if n.Plan != nil {
		d.say("Plan %s: %s", short(n.Approval.PlanHash), full(n.Plan.Summary))
	}
	d.say("Decision: %s", full(report.Decided(*n.Approval)))
	switch n.Approval.State {
	case incident.Approved:
		d.say("The approved steps are yours to carry out, in the order of the plan. Firefinder runs none of them.")
	case incident.Rejected, incident.Expired:
		d.say("Nothing was changed. The findings stand, if another plan is wanted.")
	}
	var late []Item
	for _, v := range n.Approval.Late {
		late = append(late, Item{Text: one(fmt.Sprintf("%s by %s at %s", strings.ToLower(string(v.Decision)), v.By.Subject, stamp(v.At)))})
	}
	d.section("Came too late, without effect", late)
}

func (d *Document) failure(n Notice) {
	d.say("The investigation could not be finished. %s", full(n.Text))
	d.say("Firing since %s.", stamp(since(n)))
	if n.Conclusion != nil {
		d.findings(n)
	}
}

// How many alarms a notice lists; a storm has thousands.
const (
	maxAlarms  = 20
	maxSkipped = 5
)

// alarms says for each alarm what triage decided, why, and how a person undoes it. A decision note repeats only those
// that can be undone. rest is the command that lists those beyond the most.
func alarms(n Notice, list []Alarm, most int, rest string) (out []Item) {
	for i, a := range list {
		text, link := Undo(a)
		if n.Kind == Verdict && text == "" && link == (Link{}) {
			continue
		}
		if len(out) == most {
			return append(out, Item{Text: fmt.Sprintf("and %d more: %s", len(list)-i, rest)})
		}
		e := a.Event
		state := "fired"
		if !e.Action.Firing() {
			state = "recovered"
		}
		item := Item{Text: one(fmt.Sprintf("%s %s (%s, %s) %s", e.Timestamp.UTC().Format("15:04:05Z"), e.Title, e.Priority, orElse(e.Service, "service unknown"), state)), Link: link}
		item.note("%s: %s", a.Decision.Outcome, full(report.Reasons(a.Decision)))
		if text != "" {
			item.note("%s", text)
		}
		out = append(out, item)
	}
	return out
}

// Undo says how a person reverses the triage decision on an alarm, by link where there is one and else by command, or who
// did. Both are empty for a recovery and for an alarm that opened an investigation, since there is nothing to undo.
func Undo(a Alarm) (text string, link Link) {
	text = report.Undo(a.ID, a.Event, a.Decision)
	if a.Decision.Reversed != nil || text == "" || a.Undo == "" {
		return text, Link{}
	}
	if a.Decision.Outcome == incident.Skipped {
		return "", Link{"Investigate anyway", a.Undo}
	}
	return "", Link{"Not related? Investigate it by itself", a.Undo}
}

func (d *Document) footer(n Notice) {
	add := func(format string, args ...any) { d.Footer = append(d.Footer, one(fmt.Sprintf(format, args...))) }
	inv := n.Investigation
	add("Investigation %s in space %s. All of it: firefinder show %s", inv.ID, inv.Space, inv.ID)
	if inv.Follows != "" {
		add("Follows %s.", inv.Follows)
	}
	if n.Cost != "" {
		add("Cost: %s", n.Cost)
	}
}
