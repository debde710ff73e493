package logs

import (
	"context"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"golang.org/x/sync/errgroup"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

const (
	mostPages = 10                     // of one pass over one part; a page may be empty while the service is still searching
	atOnce    = 3                      // requests to one account
	pause     = 200 * time.Millisecond // between the beginnings of two: CloudWatch Logs answers five a second for an account and region
)

// search is one look: a query and what the accounts have found for it.
type search struct {
	query
	every time.Duration // requests to one account begin this far apart; 0: at once
	mu    sync.Mutex
	found []found
}

// account reads all log groups of an account. It fails when none could be read for a reason other than that there is none of
// that name, or that time was up. What it finds it keeps itself, since lines of all accounts share one bound.
func (s *search) account(ctx context.Context, a aws.Account) (evidence.Telemetry, error) {
	to := pacer{client: cloudwatchlogs.NewFromConfig(a.Config)}
	if s.every > 0 {
		to.ticks = time.NewTicker(s.every)
		defer to.ticks.Stop()
	}
	var all []found
	var first error
	faults := 0
	for i := range s.groups {
		f := found{account: a.ID, group: i, reads: s.group(ctx, to, i)}
		if err := f.fault(); err != nil && !f.answered() {
			faults++
			if first == nil {
				first = err
			}
		}
		all = append(all, f)
	}
	if faults == len(s.groups) {
		return evidence.Telemetry{}, first
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found = append(s.found, all...)
	return evidence.Telemetry{}, nil
}

// pacer asks at the pace that the service allows.
type pacer struct {
	client *cloudwatchlogs.Client
	ticks  *time.Ticker // nil: at once
}

func (p pacer) ask(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	if p.ticks != nil {
		select {
		case <-p.ticks.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return p.client.FilterLogEvents(ctx, in)
}

// group reads a log group: the first part alone, because most faults show there and would show in all others too.
func (s *search) group(ctx context.Context, to pacer, i int) []reading {
	reads := make([]reading, len(s.parts)*len(s.passes))
	read := func(n int) {
		reads[n] = s.read(ctx, to, s.groups[i], s.parts[n/len(s.passes)], s.passes[n%len(s.passes)])
	}
	read(0)
	if reads[0].err != nil {
		return reads[:1]
	}
	var others errgroup.Group
	others.SetLimit(atOnce)
	for n := 1; n < len(reads); n++ {
		others.Go(func() error {
			read(n)
			return nil
		})
	}
	_ = others.Wait()
	return reads
}

// read makes one pass over one part. Where the service does not take the pattern, it is asked in plain terms.
func (s *search) read(ctx context.Context, to pacer, g group, p part, over pass) reading {
	out := s.pages(ctx, to, g, p, over.pattern)
	out.cased = over.cased
	if incident.Is(out.err, incident.Invalid) && over.plain != "" {
		out = s.pages(ctx, to, g, p, over.plain)
		out.cased = true
	}
	return out
}

// pages follows the pages of one request until enough lines are read.
func (s *search) pages(ctx context.Context, to pacer, g group, p part, pattern string) reading {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &g.name, StartTime: &p.from, EndTime: &p.to, Limit: sdk.Int32(int32(s.limit()))}
	if pattern != "" {
		in.FilterPattern = &pattern
	}
	var out reading
	for range mostPages {
		answer, err := to.ask(ctx, in)
		if err != nil {
			out.late = ctx.Err() != nil
			if !out.late {
				out.err = aws.Wrap(err, "read log group %s", g.name)
			}
			return out
		}
		for _, event := range answer.Events {
			if l, ok := lineOf(event, g.component, s.text); ok {
				out.lines = append(out.lines, l)
			}
		}
		if len(out.lines) > s.limit() {
			out.lines, out.more = out.lines[:s.limit()], true
			return out
		}
		if sdk.ToString(answer.NextToken) == "" {
			return out
		}
		if len(out.lines) == s.limit() {
			break
		}
		in.NextToken = answer.NextToken
	}
	out.more = len(out.lines) == s.limit()
	out.ended = !out.more
	return out
}
