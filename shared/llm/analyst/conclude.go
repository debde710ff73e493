package analyst

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// conclude turns the brief, and what was looked up since, into a cited draft.
func (c conversation) conclude() incident.Draft {
	b := c.brief
	d := incident.Draft{
		Outcome: b.Outcome, Confidence: b.Confidence,
		Symptoms: []incident.Finding{}, Findings: []incident.Finding{}, RootCauses: []incident.RootCause{},
		Rejected: []incident.Hypothesis{}, Gaps: []incident.Gap{},
	}
	if d.Outcome == "" {
		d.Outcome = incident.Inconclusive
	}
	d.Symptoms = symptoms(b)
	d.Findings = c.findings()
	if blames(d.Outcome) {
		d.RootCauses = rootCauses(b, d.Findings)
	}
	d.Rejected = rejected(b)
	for _, g := range b.Gaps {
		d.Gaps = append(d.Gaps, incident.Gap{Text: g.Text, Fix: g.Fix})
	}
	d.Summary = summary(b, d)
	return d
}

func blames(o incident.Outcome) bool { return o == incident.Confirmed || o == incident.Likely }

// symptoms are the strongest onsets, one for each component and metric.
func symptoms(b evidence.Brief) []incident.Finding {
	out := []incident.Finding{}
	for _, o := range b.Onsets {
		if o.Ref == "" || len(out) == 12 {
			continue
		}
		out = append(out, incident.Finding{ID: fmt.Sprintf("s-%d", len(out)+1), Text: onsetText(o), Cites: []string{o.Ref}})
	}
	return out
}

func onsetText(o evidence.Onset) string {
	verb := "rose"
	if o.Direction == "down" {
		verb = "fell"
	}
	text := fmt.Sprintf("%s: %s %s from %s to %s at %s", o.Component, metricName(o), verb, evidence.Amount(o.Before, o.Unit), evidence.Amount(o.After, o.Unit), clock(o.At))
	if !o.Recovered.IsZero() {
		text += ", back to normal at " + clock(o.Recovered)
	}
	return text
}

func metricName(o evidence.Onset) string {
	if o.Statistic == "" {
		return o.Metric
	}
	return o.Metric + " (" + o.Statistic + ")"
}

// findings are the arguments for the leading cause, the change behind it, new log patterns, and what the follow-up
// calls showed.
func (c conversation) findings() []incident.Finding {
	out := []incident.Finding{}
	add := func(text string, cites ...string) {
		cites = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(cites))), func(s string) bool { return s == "" })
		same := func(f incident.Finding) bool { return f.Text == text }
		if text != "" && len(cites) > 0 && !slices.ContainsFunc(out, same) {
			out = append(out, incident.Finding{ID: fmt.Sprintf("f-%d", len(out)+1), Text: text, Cites: cites})
		}
	}
	b := c.brief
	if len(b.Causes) > 0 {
		lead := b.Causes[0]
		measured := false // the reasons may tell of the leading metric twice, in the words of two arguments
		for _, r := range lead.Reasons {
			again := lead.Metric != "" && strings.HasPrefix(r.Detail, lead.Metric+" ")
			if again && measured {
				continue
			}
			measured = measured || again
			add(ofComponent(lead.Component, r.Detail), r.Refs...)
		}
		for _, v := range b.Changes {
			if lead.Change != "" && v.Change.ID == lead.Change {
				add(changeText(v.Change), v.Change.Ref)
				for _, r := range v.Reasons {
					add(capital(v.Change.Name())+": "+r.Detail, append(r.Refs, v.Change.Ref)...)
				}
			}
		}
	}
	for _, other := range b.Causes[min(1, len(b.Causes)):] { // load that rose beside the cause helps to understand it
		if other.Category == evidence.TrafficRise {
			add(other.Mechanism, refs(other.Reasons)...)
		}
	}
	for _, p := range b.Patterns {
		if p.Kind == "new" && p.Severe && len(out) < 16 {
			add(fmt.Sprintf("%s logs a new pattern since %s, %s a minute: %q", p.Component, clock(p.First), evidence.Amount(p.After, ""), p.Template), p.Refs...)
		}
	}
	for _, l := range c.looked {
		add(l.text(b), l.Observation)
	}
	return out
}

func refs(reasons []evidence.Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.Refs...)
	}
	return out
}

// text says what a follow-up observation adds: how many severe log lines the leading component wrote, when the first.
// Looks at others, which another model may have asked for, say nothing here.
func (l look) text(b evidence.Brief) string {
	if l.tool != "logs" || len(b.Causes) == 0 {
		return ""
	}
	lead := b.Causes[0].Component
	lines := slices.DeleteFunc(slices.Clone(l.Result.Logs), func(line evidence.LogLine) bool { return line.Component != lead })
	if len(lines) == 0 {
		return ""
	}
	severe, first, example := 0, time.Time{}, ""
	for _, line := range lines {
		level := strings.ToUpper(line.Level)
		if level != "ERROR" && level != "FATAL" && level != "CRITICAL" {
			continue
		}
		severe += max(line.Count, 1)
		if first.IsZero() || line.Time.Before(first) {
			first, example = line.Time, line.Message
		}
	}
	if severe == 0 {
		return fmt.Sprintf("A closer look at the log of %s shows no error lines", lead)
	}
	return fmt.Sprintf("A closer look at the log of %s shows %d error lines, the first at %s: %q", lead, severe, clock(first), cut(example, 160))
}

// ofComponent says whose reason it is, unless the reason says so.
func ofComponent(component, detail string) string {
	if strings.HasPrefix(detail, component+" ") || strings.HasPrefix(detail, component+": ") || strings.Contains(detail, " of "+component+" ") {
		return detail
	}
	return component + ": " + detail
}

// named is the change as a person speaks of it: what, of which component, when.
func named(c evidence.Change) string {
	return fmt.Sprintf("%s of %s at %s", capital(c.Name()), c.Component, clock(c.Time))
}

// changeText is the change with what it replaced, what it set, and the id under which its system of record has it.
func changeText(c evidence.Change) string {
	text := named(c)
	if c.Previous != "" {
		text += ", after " + c.Previous + ","
	}
	var set []string
	for _, p := range c.Parameters {
		set = append(set, setting(p))
	}
	if len(set) > 0 {
		text += " set " + strings.Join(set, ", ")
	}
	if c.Revision != "" {
		text += " (" + c.ID + ")"
	}
	return text
}

func setting(p evidence.Parameter) string {
	return fmt.Sprintf("%s from %s to %s", p.Name, orNone(p.Old), orNone(p.New))
}

// rootCauses is the leading cause; it cites every finding that speaks of it.
func rootCauses(b evidence.Brief, findings []incident.Finding) []incident.RootCause {
	if len(b.Causes) == 0 {
		return []incident.RootCause{}
	}
	lead := b.Causes[0]
	rc := incident.RootCause{
		ID: "cause-1", Component: lead.Component, Category: string(lead.Category), Change: lead.Change,
		Mechanism: strings.TrimPrefix(lead.Mechanism, lead.Component+": "), CascadesTo: lead.CascadesTo, Cites: []string{},
	}
	if lead.Change == "" {
		if rc.Condition = strings.ReplaceAll(string(lead.Category), "_", " "); lead.Category == evidence.Unknown {
			rc.Condition = "not known"
		}
	}
	for _, f := range findings {
		rc.Cites = append(rc.Cites, f.ID)
	}
	return []incident.RootCause{rc}
}

// rejected lists explanations that were weighed and found wanting, decoy changes included.
func rejected(b evidence.Brief) []incident.Hypothesis {
	out := []incident.Hypothesis{}
	add := func(text string, against []evidence.Reason, ref string) {
		var why []string
		cites := refs(against)
		for _, r := range against {
			why = append(why, r.Detail)
		}
		cites = slices.DeleteFunc(append(cites, ref), func(s string) bool { return s == "" })
		same := func(h incident.Hypothesis) bool { return h.Text == text }
		if len(why) > 0 && len(cites) > 0 && len(out) < 8 && !slices.ContainsFunc(out, same) {
			slices.Sort(cites)
			out = append(out, incident.Hypothesis{Text: text, Against: strings.Join(why, "; "), Cites: slices.Compact(cites)})
		}
	}
	covered := map[string]bool{}
	for _, v := range b.Changes {
		if v.Verdict == evidence.Decoy {
			covered[v.Change.ID] = true
			add(named(v.Change)+" caused it", against(v.Reasons), v.Change.Ref)
		}
	}
	for _, h := range b.Hypotheses {
		if h.Rejected && !covered[h.Change] {
			add(h.Text, h.Against, "")
		}
	}
	return out
}

// against keeps the arguments that speak against a change: those that take from its score. A decoy that has none is one
// because nothing speaks for it.
func against(reasons []evidence.Reason) []evidence.Reason {
	out := slices.DeleteFunc(slices.Clone(reasons), func(r evidence.Reason) bool { return r.Weight > 0 })
	if len(out) == 0 {
		out = append(out, evidence.Reason{Detail: "nothing ties it to the symptoms but its time"})
	}
	return out
}

func summary(b evidence.Brief, d incident.Draft) string {
	switch {
	case d.Outcome == incident.NoFault:
		return "Nothing is wrong: the signals around the alarm stay within their normal variation."
	case !blames(d.Outcome) || len(b.Causes) == 0:
		text := "The evidence does not single out a cause."
		if len(b.Causes) > 0 {
			text += " The best lead is this: " + ofComponent(b.Causes[0].Component, b.Causes[0].Mechanism)
		}
		return text
	}
	return blamed(b) + capitalExcept(b.Causes[0].Mechanism, b.Causes[0].Component)
}

// blamed names the change behind the leading cause, in a sentence of its own; empty when none is to blame.
func blamed(b evidence.Brief) string {
	for _, v := range b.Changes {
		if b.Causes[0].Change == "" || v.Change.ID != b.Causes[0].Change {
			continue
		}
		text := named(v.Change)
		if p, ok := v.Telling(); ok {
			text += " set " + setting(p)
		} else {
			text += " brought it about"
		}
		return text + ". "
	}
	return ""
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }

func orNone(s string) string {
	if s == "" {
		return "(unset)"
	}
	return s
}

// capitalExcept begins a sentence, except with a name, which keeps its spelling.
func capitalExcept(s, name string) string {
	if strings.HasPrefix(s, name) {
		return s
	}
	return capital(s)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
