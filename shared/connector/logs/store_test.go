package logs_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector/logs"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/tool"
)

const (
	ownReader   = "arn:aws:iam::111122223333:role/shop-reader"
	otherReader = "arn:aws:iam::444455556666:role/reader"
)

var (
	start = time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	end   = start.Add(time.Hour)
	scope = tool.Scope{Space: "shop", Account: "111122223333", Region: "eu-central-1", From: start, To: end}
	shop  = config.Space{Name: "shop", Services: []config.Service{
		{Name: "checkout", LogGroups: []string{"/ecs/checkout"}},
		{Name: "payments", LogGroups: []string{"/ecs/payments", "/ecs/checkout"}},
		{Name: "queue"},
	}}
)

// event is a stored log event.
type event struct {
	id      string
	at      time.Time
	message string
}

// lines are events, one a step from start on.
func lines(step time.Duration, messages ...string) []event {
	var out []event
	for i, m := range messages {
		out = append(out, event{id: fmt.Sprint("e", i), at: start.Add(time.Duration(i) * step), message: m})
	}
	return out
}

// many are n events with numbers, spread evenly over the hour.
func many(n int, format string) []event {
	var messages []string
	for i := range n {
		messages = append(messages, fmt.Sprintf(format, i))
	}
	return lines(time.Hour/time.Duration(n), messages...)
}

// store answers FilterLogEvents as the service does: events by role and log group, oldest first, in pages.
type store map[string]map[string][]event

func (s store) answer(c awstest.Call) (map[string]any, error) {
	group, _ := c.Input["logGroupName"].(string)
	events, ok := s[c.Role][group]
	if !ok {
		return nil, &awstest.Error{Status: 400, Code: "ResourceNotFoundException", Message: "The specified log group does not exist."}
	}
	pattern, _ := c.Input["filterPattern"].(string)
	matches := matcher(pattern)
	from, to := int64(c.Input["startTime"].(float64)), int64(c.Input["endTime"].(float64))
	offset, limit, out := 0, int(c.Input["limit"].(float64)), []any{}
	if token, ok := c.Input["nextToken"].(string); ok {
		_, _ = fmt.Sscan(token, &offset)
	}
	for i, e := range events {
		ms := e.at.UnixMilli()
		if i < offset || ms < from || ms > to || !matches(e.message) {
			continue
		}
		if len(out) == limit {
			return map[string]any{"events": out, "nextToken": fmt.Sprint(i)}, nil
		}
		out = append(out, map[string]any{"eventId": e.id, "timestamp": ms, "message": e.message, "logStreamName": "s"})
	}
	return map[string]any{"events": out}, nil
}

// matcher reads filter patterns: a regular expression, one quoted term, or optional ones. It panics for anything else.
func matcher(pattern string) func(message string) bool {
	if pattern == "" {
		return func(string) bool { return true }
	}
	if p, ok := strings.CutPrefix(pattern, "%"); ok {
		return regexp.MustCompile(strings.TrimSuffix(p, "%")).MatchString
	}
	of := terms(pattern)
	return func(message string) bool {
		return slices.ContainsFunc(of, func(term string) bool { return strings.Contains(message, term) })
	}
}

func matches(pattern, message string) bool { return matcher(pattern)(message) }

// terms splits a pattern of quoted terms, all of them optional when there are several, and takes the quoting away.
func terms(pattern string) (out []string) {
	several := strings.HasPrefix(pattern, "?")
	for rest := pattern; rest != ""; {
		if several && !strings.HasPrefix(rest, "?") || !several && rest != pattern {
			panic("not a list of optional terms: " + pattern)
		}
		rest = strings.TrimPrefix(rest, "?")
		if !strings.HasPrefix(rest, `"`) {
			panic("not quoted: " + pattern)
		}
		var term strings.Builder
		i := 1
		for ; rest[i] != '"'; i++ {
			if rest[i] == '\\' {
				i++
			}
			term.WriteByte(rest[i])
		}
		out = append(out, term.String())
		rest = rest[i+1:]
		if rest != "" && rest[0] != ' ' {
			panic("something follows a term: " + pattern)
		}
		rest = strings.TrimPrefix(rest, " ")
	}
	return out
}

func cloud(t *testing.T, answer awstest.Answer) *awstest.Cloud {
	t.Helper()
	return awstest.New(t, map[string]awstest.Answer{"FilterLogEvents": answer})
}

// ask calls the tool with arguments as a model would write them.
func ask(t *testing.T, space config.Space, accounts []aws.Account, arguments string) (evidence.Telemetry, string, error) {
	t.Helper()
	return call(t, logs.ToolsEvery(space, accounts, 0), scope, arguments)
}

func call(t *testing.T, tools []tool.Tool, within tool.Scope, arguments string) (evidence.Telemetry, string, error) {
	t.Helper()
	if len(tools) != 1 || tools[0].Spec().Name != "logs" {
		t.Fatalf("%d tools, want logs alone", len(tools))
	}
	result, err := tools[0].Call(t.Context(), within, json.RawMessage(arguments))
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	var out evidence.Telemetry
	if err := json.Unmarshal(result.Data, &out); err != nil {
		t.Fatal(err)
	}
	return out, result.Summary, nil
}

func messages(got evidence.Telemetry) []string {
	var out []string
	for _, l := range got.Logs {
		out = append(out, l.Message)
	}
	return out
}

// gap is the one gap whose text holds all words; the test fails when there is none or more.
func gap(t *testing.T, got evidence.Telemetry, words ...string) evidence.Gap {
	t.Helper()
	var found []evidence.Gap
	for _, g := range got.Gaps {
		all := true
		for _, w := range words {
			all = all && strings.Contains(g.Text, w)
		}
		if all {
			found = append(found, g)
		}
	}
	if len(found) != 1 || found[0].Fix == "" {
		t.Fatalf("%d gaps say %q (and what to do) among %+v", len(found), words, got.Gaps)
	}
	return found[0]
}
