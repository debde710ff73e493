// Package report renders an investigation for people and machines: Markdown, HTML with charts, JSON. It is the one
// rendering that files, console and ticket attachments share, made from fields only.
package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// Report is everything that is told about one investigation. Nil parts do not exist yet.
type Report struct {
	Investigation incident.Investigation `json:"investigation"`
	Alarms        []record.Alarm         `json:"alarms"`
	Conclusion    *incident.Conclusion   `json:"conclusion"`
	Observations  []incident.Observation `json:"observations"`
	Timeline      []Entry                `json:"timeline"`
	Plan          *incident.Plan         `json:"plan"`
	Approval      *incident.Approval     `json:"approval"`
	Spent         budget.Spent           `json:"spent"`
	Journal       Journal                `json:"journal"`
	Charts        []Chart                `json:"-"`
}

// Journal seals the report: how many records there were and the hash of the last.
type Journal struct {
	Records int    `json:"records"`
	Head    string `json:"head"`
}

// Entry is one line of the timeline.
type Entry struct {
	At   time.Time `json:"at"`
	What string    `json:"what"` // change, onset, alarm, recovery, decision
	Text string    `json:"text"`
}

// Timeline merges changes, onsets, alarms and the decision into one order of events.
func Timeline(alarms []record.Alarm, b evidence.Brief, a *incident.Approval) []Entry {
	var out []Entry
	for _, v := range b.Changes {
		if v.Change.Time.After(b.Window.From) {
			out = append(out, Entry{v.Change.Time, "change", fmt.Sprintf("%s of %s: %s (%s)", v.Change.Kind, v.Change.Component, orElse(v.Change.Title, v.Change.ID), v.Verdict.Words())})
		}
	}
	for i, o := range b.Onsets {
		if i == 12 {
			break
		}
		out = append(out, Entry{o.At, "onset", fmt.Sprintf("%s: %s goes %s", o.Component, o.Metric, o.Direction)})
		if !o.Recovered.IsZero() {
			out = append(out, Entry{o.Recovered, "recovery", fmt.Sprintf("%s: %s is back to normal", o.Component, o.Metric)})
		}
	}
	for _, al := range alarms {
		what := "alarm"
		if !al.Event.Action.Firing() {
			what = "recovery"
		}
		out = append(out, Entry{al.Event.Timestamp, what, fmt.Sprintf("%s (%s)", al.Event.Title, al.Event.Service)})
	}
	if a != nil {
		for _, v := range a.Votes {
			out = append(out, Entry{v.At, "decision", fmt.Sprintf("%s by %s", strings.ToLower(string(v.Decision)), v.By.Subject)})
		}
	}
	slices.SortStableFunc(out, func(x, y Entry) int { return x.At.Compare(y.At) })
	return out
}

// JSON is the report as indented JSON with a final newline.
func (r Report) JSON() ([]byte, error) {
	for i := range r.Alarms {
		r.Alarms[i].Event.Data = nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// Headline says the answer in one line.
func (r Report) Headline() string {
	if r.Conclusion == nil {
		return "Under investigation: " + r.Investigation.Title
	}
	return r.Conclusion.Summary
}

// Certainty is the outcome with its confidence, for people.
func Certainty(c incident.Conclusion) string {
	name := map[incident.Outcome]string{
		incident.Confirmed: "confirmed", incident.Likely: "likely", incident.Inconclusive: "inconclusive", incident.NoFault: "no fault found",
	}[c.Outcome]
	return fmt.Sprintf("%s, confidence %.0f %%", name, 100*c.Confidence)
}

// Cost says what the investigation used.
func Cost(s budget.Spent, analyst string) string {
	text := incident.Count(s.Tools, "tool call", "tool calls")
	if s.TokensIn+s.TokensOut == 0 && analyst != "" {
		return fmt.Sprintf("%s, no model tokens (%s), $0.00", text, analyst)
	}
	return fmt.Sprintf("%s, %s, %d tokens in, %d out, $%.4f", text, incident.Count(s.Calls, "model call", "model calls"), s.TokensIn, s.TokensOut, s.Dollars)
}

// Cites joins the ids of findings or observations for people: three or more in a row become a range.
func Cites(ids []string) string {
	var out []string
	for _, r := range Ranges(ids) {
		out = append(out, strings.Join(r, " to "))
	}
	return strings.Join(out, ", ")
}

// Ranges are the ids, with three or more in a row as their first and last.
func Ranges(ids []string) [][]string {
	var out [][]string
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && follows(ids[j], ids[j+1]) {
			j++
		}
		if j-i < 2 {
			out = append(out, ids[i:i+1])
			i++
			continue
		}
		out = append(out, []string{ids[i], ids[j]})
		i = j + 1
	}
	return out
}

// follows says whether b is the next id after a: f-9 and f-10.
func follows(a, b string) bool {
	stem, n, ok := strings.Cut(a, "-")
	count, err := strconv.Atoi(n)
	return ok && err == nil && b == fmt.Sprintf("%s-%d", stem, count+1)
}

// Decided says how the plan was decided, with names.
func Decided(a incident.Approval) string {
	switch a.State {
	case incident.Pending:
		return "waiting for a decision until " + stamp(a.ExpiresAt)
	case incident.Expired:
		return "expired: nobody decided in time, so the plan is not approved"
	case incident.Superseded:
		return "superseded by a newer plan"
	}
	var who []string
	for _, v := range a.Votes {
		text := fmt.Sprintf("%s by %s at %s (%s)", strings.ToLower(string(v.Decision)), orElse(v.By.Name, v.By.Subject), stamp(v.At), v.By.Method)
		if v.Comment != "" {
			text += ": " + v.Comment
		}
		who = append(who, text)
	}
	return strings.Join(who, "; ")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
