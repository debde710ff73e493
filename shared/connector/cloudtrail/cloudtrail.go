// Package cloudtrail reads which changes were made in AWS accounts: what people and programs deployed, configured and
// scaled, as CloudTrail recorded it. It calls LookupEvents and nothing else.
//
// Of the documents that it reads, values leave only when they are numbers or truth values, or when the field is on a list
// of fields that name things; every other text leaves as a keyed digest, so that one sees that it changed and not what it is.
package cloudtrail

import (
	"context"
	"fmt"
	"time"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

const late = 15 * time.Minute // from a call to its record

const description = "Changes that people and programs made in the AWS accounts, as CloudTrail recorded them: deployments, configuration, scaling, infrastructure. " +
	"Calls that failed and housekeeping are left out. What happened in the last 15 minutes may not be recorded yet; " +
	"changes of global services such as IAM and Route 53 are recorded in us-east-1 only. contains filters by id, title and parameters."

// Tools are the tools of this connector: account_changes, which returns an evidence.Telemetry with changes in order of time
// and gaps. key goes into the digests of values that may not leave. It fails with Invalid for a span outside the scope, and
// as the first account did when none can be read. Repeats are safe.
func Tools(space config.Space, accounts []aws.Account, key []byte) []tool.Tool {
	// CloudTrail answers two lookups a second in each account and region.
	return tools(space, accounts, key, limits{pause: 550 * time.Millisecond, pages: 10, first: 20 * time.Second, total: 40 * time.Second})
}

func tools(space config.Space, accounts []aws.Account, key []byte, l limits) []tool.Tool {
	return []tool.Tool{tool.New("account_changes", description, func(ctx context.Context, scope tool.Scope, args connector.Args) (evidence.Telemetry, string, error) {
		return look(ctx, space, accounts, key, l, scope, args)
	})}
}

func look(ctx context.Context, space config.Space, accounts []aws.Account, key []byte, l limits, scope tool.Scope, args connector.Args) (evidence.Telemetry, string, error) {
	from, to, err := args.Span(scope)
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	ctx, cancel := connector.Within(ctx, l.total)
	defer cancel()
	names := indexOf(space)
	found, err := aws.Look(ctx, accounts, "changes", func(ctx context.Context, a aws.Account) (evidence.Telemetry, error) {
		r := reading{account: a, limits: l, from: from, to: to}
		if err := r.read(ctx); err != nil {
			return evidence.Telemetry{}, err
		}
		records, unread := recordsOf(r.events)
		before := r.before(ctx, records)
		return evidence.Telemetry{Changes: changesOf(before, records, names), Gaps: r.gaps(unread)}, nil
	})
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	if !scope.Now.IsZero() && scope.Now.Sub(to) < late {
		found.Gaps = append(found.Gaps, evidence.Gap{Text: "CloudTrail is up to 15 minutes late: a change after " + scope.Now.Add(-late).UTC().Format("15:04:05Z") + " may not be recorded yet",
			Fix: "if no change is to blame, investigate again in a quarter of an hour"})
	}
	seal(found.Changes, key)
	found.Changes, found.Gaps = choose(found.Changes, found.Gaps, space, scope, args)
	return found, summary(found.Changes), nil
}

func summary(changes []evidence.Change) string {
	if len(changes) == 0 {
		return "no change that CloudTrail recorded"
	}
	ours := 0
	for _, c := range changes {
		if c.Component != "" {
			ours++
		}
	}
	return fmt.Sprintf("%s that CloudTrail recorded, %d of them of components of the space", incident.Count(len(changes), "change", "changes"), ours)
}
