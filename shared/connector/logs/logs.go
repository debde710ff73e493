// Package logs reads CloudWatch Logs: lines of the log groups that the space file gives its services. It calls
// FilterLogEvents and nothing else.
//
// A busy log group holds more than anybody can read, and the service returns the oldest lines first. So the span is cut
// into equal parts and each part is sampled twice: its first lines, whatever they say, and its first lines that look like
// trouble. With a text to look for, only lines that contain it are read. Whatever was left out is a gap that says so.
package logs

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

// lookTime is how long one look may read; what it has by then is what it returns.
const lookTime = 40 * time.Second

const description = "Log lines of components, from the CloudWatch log groups that the space names for them: a sample spread over the span, and of lines that look like trouble a larger one; " +
	"contains gives only the lines with that text (at most 200 bytes). A shorter span shows more of each minute."

// Tools are the tools of this connector: logs, which returns an evidence.Telemetry with lines in order of time. It reads
// the log groups of services that the space names and never one that an argument names. A log group that cannot be read,
// or not wholly, is a gap; the call fails as the first account did when no account can be read, and with Invalid for a span
// or a text that cannot be asked for. Repeats are safe.
func Tools(space config.Space, accounts []aws.Account) []tool.Tool {
	return tools(space, accounts, pause, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return connector.Within(ctx, lookTime)
	})
}

// tools lets a test say how requests are spaced and when the time of a look is up.
func tools(space config.Space, accounts []aws.Account, every time.Duration, limit func(context.Context) (context.Context, context.CancelFunc)) []tool.Tool {
	return []tool.Tool{tool.New("logs", description, func(ctx context.Context, scope tool.Scope, args connector.Args) (evidence.Telemetry, string, error) {
		q, err := asked(space, scope, args)
		if err != nil {
			return evidence.Telemetry{}, "", err
		}
		if len(q.groups) == 0 {
			return evidence.Telemetry{Gaps: q.gaps}, "no logs were read: the space file names no log group for what was asked", nil
		}
		within, cancel := limit(ctx)
		defer cancel()
		return look(ctx, within, &search{query: q, every: every}, accounts)
	})}
}

// look reads within the time of the look and puts together what was found. ctx is the caller's, which may end earlier.
func look(ctx, within context.Context, s *search, accounts []aws.Account) (evidence.Telemetry, string, error) {
	out, err := aws.Look(within, accounts, "logs", s.account)
	if ctx.Err() != nil {
		return evidence.Telemetry{}, "", aws.Wrap(ctx.Err(), "read logs")
	}
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	s.sort()
	lines, left := s.lines()
	out.Logs = lines
	out.Gaps = append(append(out.Gaps, s.query.gaps...), s.gaps(left)...)
	return out, s.summary(len(lines), left), nil
}

func (s *search) summary(lines, left int) string {
	answered := map[int]bool{}
	sampled := left > 0
	for _, f := range s.found {
		answered[f.group] = answered[f.group] || f.answered()
		sampled = sampled || f.sampled()
	}
	groups := 0
	for _, yes := range answered {
		if yes {
			groups++
		}
	}
	text := fmt.Sprintf("%s of %s", incident.Count(lines, "log line", "log lines"), incident.Count(groups, "log group", "log groups"))
	if sampled {
		text += ", a sample"
	}
	return text
}
