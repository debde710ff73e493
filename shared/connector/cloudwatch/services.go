package cloudwatch

import (
	"context"
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"golang.org/x/sync/errgroup"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// Bounds of finding metrics.
const (
	maxServices = 30 // whose metrics are listed
	maxForeign  = 20 // dimensions of other services that are listed to tell whose a metric is
	maxPages    = 4  // of one list, 500 metrics each
	atOnce      = 4  // lists
)

// carrier is a dimension of a service with the metrics that carry it.
type carrier struct {
	service     string
	name, value string
	metrics     []types.Metric
	more        bool // there are more than were listed
	err         error
}

func (c carrier) carries(m types.Metric) bool {
	return slices.ContainsFunc(m.Dimensions, func(d types.Dimension) bool {
		return sdk.ToString(d.Name) == c.name && sdk.ToString(d.Value) == c.value
	})
}

func (c carrier) denied() bool { return incident.Is(c.err, incident.Denied) }

// ofServices are the metrics that carry a dimension of a service, those of the nearest first. A metric that carries
// dimensions of several belongs to the one whose dimension the fewest metrics carry: a target group's to the service behind
// it and not to the load balancer's, a task's to its service and not to whoever names the cluster.
func (r reader) ofServices(ctx context.Context, h *harvest) []wanted {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	near := carriersOf(r.services[:min(len(r.services), maxServices)])
	r.list(ctx, near)
	foreign := r.foreign(near)
	r.list(ctx, foreign[:min(len(foreign), maxForeign)])
	for i := maxForeign; i < len(foreign); i++ {
		foreign[i].more = true
	}
	if slices.ContainsFunc(foreign, func(c carrier) bool { return c.err != nil || c.more }) {
		h.gaps = append(h.gaps, evidence.Gap{Text: "of some metrics of " + r.account.String() + " it could not be told whose they are; they were left out", Fix: "investigate again, or name narrower dimensions of the services in the space file"})
	}
	for _, svc := range r.services[min(len(r.services), maxServices):] {
		h.left[svc.Name] = true
	}
	if n := len(h.left); n > 0 {
		h.gaps = append(h.gaps, evidence.Gap{Text: "the metrics of " + incident.Count(n, "service", "services") + " further away were not listed", Fix: "ask for those components by name"})
	}
	var out []wanted
	var cut []string
	all := slices.Concat(near, foreign)
	denied := slices.IndexFunc(near, carrier.denied)
	for i, c := range near {
		if c.err != nil {
			h.left[c.service] = true
			if denied < 0 || denied == i { // a denial is one fault, and what was given up because of it none
				h.faults = append(h.faults, c.err)
			}
		}
		if c.more {
			cut = append(cut, c.service)
		}
		metrics, alike := carried(c, slices.DeleteFunc(slices.Clone(c.metrics), func(m types.Metric) bool { return ownerOf(m, all) != i }))
		if alike > 0 {
			cut = append(cut, c.service)
		}
		out = append(out, metrics...)
	}
	if cut = slices.Compact(cut); len(cut) > 0 {
		h.gaps = append(h.gaps, evidence.Gap{Text: "not all metrics of " + few(cut) + " were looked at: they are too many, or too many differ by a dimension only", Fix: "name narrower dimensions of the service in the space file"})
	}
	return out
}

func carriersOf(services []config.Service) []carrier {
	var out []carrier
	for _, svc := range services {
		for _, name := range slices.Sorted(maps.Keys(svc.Dimensions)) {
			for _, value := range svc.Dimensions[name] {
				out = append(out, carrier{service: svc.Name, name: name, value: value})
			}
		}
	}
	return out
}

// foreign are the dimensions of other services of the space that the listed metrics carry too.
func (r reader) foreign(near []carrier) []carrier {
	var out []carrier
	for _, c := range carriersOf(r.space.Services) {
		known := slices.ContainsFunc(near, func(n carrier) bool { return n.service == c.service && n.name == c.name && n.value == c.value })
		if !known && slices.ContainsFunc(near, func(n carrier) bool { return slices.ContainsFunc(n.metrics, c.carries) }) {
			out = append(out, c)
		}
	}
	return out
}

// ownerOf is the index of the carrier that a metric belongs to; of equals the first. A carrier whose metrics are not known
// has none as far as is known, so that what it carries is nobody else's.
func ownerOf(m types.Metric, all []carrier) int {
	best := -1
	for i, c := range all {
		if c.carries(m) && (best < 0 || len(c.metrics) < len(all[best].metrics)) {
			best = i
		}
	}
	return best
}

// list fills carriers. Whoever is denied one list is not asked for the others of that call.
func (r reader) list(ctx context.Context, carriers []carrier) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range carriers {
		group.Go(func() error {
			c := &carriers[i]
			if c.metrics, c.more, c.err = r.listOne(ctx, c.name, c.value); c.denied() {
				return c.err
			}
			return nil
		})
	}
	_ = group.Wait() // each carrier has its own error
}

func (r reader) listOne(ctx context.Context, name, value string) (all []types.Metric, more bool, err error) {
	in := &cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: &name, Value: &value}}}
	for range maxPages {
		out, err := r.client.ListMetrics(ctx, in)
		if err != nil {
			return nil, false, aws.Wrap(err, "list metrics with %s %s", name, value)
		}
		all = append(all, out.Metrics...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all, false, nil
		}
	}
	return all, true, nil
}
