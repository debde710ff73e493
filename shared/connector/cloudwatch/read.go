package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// Bounds of one call.
const (
	maxSeries = 160 // asked for, of all accounts together
	perQuery  = 80  // series a request for data
	dataPages = 20  // of one such request
)

// reader answers a question from one account.
type reader struct {
	question
	client  *cloudwatch.Client
	account aws.Account
	most    int // series
}

func newReader(q question, a aws.Account, accounts int) reader {
	return reader{question: q, client: cloudwatch.NewFromConfig(a.Config), account: a, most: max(maxSeries/accounts, 1)}
}

// harvest is what one account gave, and what is missing.
type harvest struct {
	series []evidence.Series
	listed map[string]bool // components that have metrics, with samples or without
	left   map[string]bool // components that were not looked for
	gaps   []evidence.Gap

	faults  []error
	asked   int      // series
	beyond  int      // series for which there was no room
	partial []string // series of which only a part was read
	keys    map[string]bool
	names   map[[3]string]bool
}

// failure is the reason why nothing could be read at all, if so. What failed beside something that was read is a gap.
func (h *harvest) failure() error {
	if len(h.series) == 0 && len(h.faults) > 0 {
		return h.faults[0]
	}
	return nil
}

// read reads the alarms' own metrics first, so that nothing that takes long comes before them.
func (r reader) read(ctx context.Context) *harvest {
	h := &harvest{listed: map[string]bool{}, left: map[string]bool{}, keys: map[string]bool{}, names: map[[3]string]bool{}}
	r.take(ctx, h, r.ofAlarms(ctx, h))
	r.take(ctx, h, r.ofServices(ctx, h))
	of := " of " + r.account.String()
	if n := len(h.faults); n > 0 {
		h.gaps = append(h.gaps, evidence.Gap{Text: fmt.Sprintf("some metrics%s could not be read (%s): %v", of, incident.Count(n, "fault", "faults"), h.faults[0]), Fix: "investigate again"})
	}
	if h.beyond > 0 {
		h.gaps = append(h.gaps, evidence.Gap{Text: fmt.Sprintf("%s%s had no room: %d is the most at once", incident.Count(h.beyond, "further metric series", "further metric series"), of, r.most),
			Fix: "ask for fewer components or a part of the metric's name"})
	}
	if len(h.partial) > 0 {
		h.gaps = append(h.gaps, evidence.Gap{Text: fmt.Sprintf("only a part of %s%s could be read: %s", incident.Count(len(h.partial), "metric series", "metric series"), of, few(h.partial)), Fix: "investigate again"})
	}
	return h
}

// take reads the series that are asked for and not there yet, as far as there is room.
func (r reader) take(ctx context.Context, h *harvest, all []wanted) {
	all = r.fresh(h, all)
	if room := r.most - h.asked; len(all) > room {
		h.beyond += len(all) - room
		h.leave(all[room:])
		all = all[:room]
	}
	h.asked += len(all)
	for part := range slices.Chunk(all, perQuery) {
		series, partial, err := r.data(ctx, part)
		if err != nil {
			h.faults = append(h.faults, err)
		}
		h.leave(partial)
		h.series = append(h.series, series...)
		for _, w := range partial {
			h.partial = append(h.partial, w.component+" "+w.label)
		}
	}
}

// leave remembers that of these nobody knows whether anything happened.
func (h *harvest) leave(all []wanted) {
	for _, w := range all {
		h.left[w.component] = true
	}
}

// fresh leaves out what is not asked for and what is there. Two metrics of one name, as those of two target groups, are told
// apart by their dimensions.
func (r reader) fresh(h *harvest, all []wanted) []wanted {
	var out []wanted
	for _, w := range all {
		if h.keys[w.key()] || !r.about(w.component, w.label) {
			continue
		}
		h.keys[w.key()] = true
		if h.names[[3]string{w.component, w.label, w.statistic}] {
			w.label += " (" + further(w.metric, "") + ")"
		}
		h.names[[3]string{w.component, w.label, w.statistic}] = true
		h.listed[w.component] = true
		out = append(out, w)
	}
	return out
}

// few names the first of many.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
