package logs

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// Bounds of one result.
const (
	mostLines = 3000
	mostBytes = 1 << 20 // of messages
)

// sort undoes the order in which accounts happened to answer.
func (s *search) sort() {
	slices.SortStableFunc(s.found, func(a, b found) int { return cmp.Or(cmp.Compare(a.account, b.account), a.group-b.group) })
}

// lines are those of all accounts in order of time, without doubles. left is how many had no room.
func (s *search) lines() (kept []evidence.LogLine, left int) {
	type event struct {
		account string
		group   int
		id      string
	}
	seen := map[event]bool{}
	var reads [][]evidence.LogLine
	for _, f := range s.found {
		for _, r := range f.reads {
			var fresh []evidence.LogLine
			for _, l := range r.lines {
				e := event{f.account, f.group, l.id}
				if l.id != "" && seen[e] {
					continue
				}
				seen[e] = true
				fresh = append(fresh, l.LogLine)
			}
			reads = append(reads, fresh)
		}
	}
	kept, left = share(reads)
	slices.SortStableFunc(kept, func(a, b evidence.LogLine) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Component, b.Component), cmp.Compare(a.Message, b.Message))
	})
	return kept, left
}

// share keeps lines within the bounds, as evenly as there are lines: one of every read, then the next of each.
func share(reads [][]evidence.LogLine) (kept []evidence.LogLine, left int) {
	longest, bytes := 0, 0
	for _, r := range reads {
		longest = max(longest, len(r))
	}
	for rank := range longest {
		for _, r := range reads {
			if rank >= len(r) {
				continue
			}
			if len(kept) == mostLines || bytes+len(r[rank].Message) > mostBytes {
				left++
				continue
			}
			kept = append(kept, r[rank])
			bytes += len(r[rank].Message)
		}
	}
	return kept, left
}

// gaps says what is missing, log group by log group; left lines had no room.
func (s *search) gaps(left int) []evidence.Gap {
	var out []evidence.Gap
	cased := false
	for i, g := range s.groups {
		var of []found
		for _, f := range s.found {
			if f.group == i {
				of = append(of, f)
				cased = cased || slices.ContainsFunc(f.reads, func(r reading) bool { return r.cased })
			}
		}
		out = append(out, s.groupGaps(g, of)...)
	}
	switch {
	case cased && s.text == "":
		out = append(out, evidence.Gap{Text: "lines that look like trouble were looked for in their usual spellings only: the service took no regular expression", Fix: "ask for a text (contains)"})
	case cased:
		out = append(out, evidence.Gap{Text: "the text was looked for as given, in small letters, in capitals and with a capital first; lines that spell it otherwise are missing",
			Fix: "ask for the text as the lines spell it"})
	}
	if left > 0 {
		out = append(out, evidence.Gap{Text: fmt.Sprintf("%s of those read had no room in the result; what is there is spread evenly over log groups and time", incident.Count(left, "log line", "log lines")),
			Fix: "ask for fewer components, a shorter span (from, to) or a text (contains)"})
	}
	return out
}

func (s *search) groupGaps(g group, of []found) (out []evidence.Gap) {
	sampled, missing := false, 0
	for _, f := range of {
		out = append(out, s.faults(g, f)...)
		sampled = sampled || f.sampled()
		if f.missing() {
			missing++
		}
	}
	if missing > 0 && missing == len(of) {
		out = append(out, evidence.Gap{Text: fmt.Sprintf("log group %s of %s does not exist in any account that could be read", g.name, g.component),
			Fix: "correct log_groups under services in the space file, or set the reader role of the account that has it (docs/deploy.md)"})
	}
	if sampled {
		what := fmt.Sprintf("the first %d lines, and %d that look like trouble,", s.limit(), s.limit())
		if s.text != "" {
			what = fmt.Sprintf("the first %d lines with the text", s.limit())
		}
		out = append(out, evidence.Gap{Text: fmt.Sprintf("log group %s: only a sample was read: at most %s of each of %s of the span", g.name, what, incident.Count(len(s.parts), "equal part", "equal parts")),
			Fix: "ask for a shorter span (from, to) or for a text (contains)"})
	}
	return out
}

// faults are the gaps of one log group in one account that could not be read, or not wholly.
func (s *search) faults(g group, f found) (out []evidence.Gap) {
	where, all := "log group "+g.name, len(s.parts)*len(s.passes)
	if f.account != "" {
		where += " of account " + f.account
	}
	late, bad := 0, 0
	for _, r := range f.reads {
		if r.late {
			late++
		} else if r.err != nil {
			bad++
		}
	}
	if err := f.fault(); err != nil {
		if !f.answered() {
			bad = all - late
		}
		out = append(out, evidence.Gap{Text: fmt.Sprintf("%s: %d of %d reads failed, so lines are missing: %v", where, bad, all, err),
			Fix: "check what the reader role may read (docs/deploy.md), then ask again"})
	}
	if n := f.given(); n > 0 {
		out = append(out, evidence.Gap{Text: fmt.Sprintf("%s: %d of %d searches were given up before they were through, so lines may be missing", where, n, all),
			Fix: "ask for a shorter span (from, to)"})
	}
	if late > 0 {
		out = append(out, evidence.Gap{Text: fmt.Sprintf("%s: time was up before %d of %d reads were done, so lines are missing", where, late, all),
			Fix: "ask for fewer components or a shorter span (from, to)"})
	}
	return out
}
