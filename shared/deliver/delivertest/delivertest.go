// Package delivertest has the notices and the golden-file check that the tests of all channels share.
package delivertest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Golden compares got with testdata/<name>, or rewrites that file under -update.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Secret is the fragment secret of the proposal below: it may stand in a mail only.
const Secret = "fragment-secret-of-the-approval"

// Begin is when the first alarm of the notices fired.
var Begin = time.Date(2026, 11, 3, 2, 14, 7, 0, time.UTC)

// Notices returns one notice of every sort by name.
func Notices() map[string]deliver.Notice {
	hash := strings.Repeat("3f9a2c1b", 8)
	inv := incident.Investigation{
		ID: "inv-c4kq2mzt5o", Space: "payments", Title: "checkout: elevated 5xx", Priority: incident.High, Service: "checkout",
		State: incident.RootCauseFound, OpenedAt: Begin, CreatedAt: Begin.Add(4 * time.Second), Opener: event("checkout-5xx", "checkout: elevated 5xx", incident.High, 0),
	}
	base := deliver.Notice{Kind: deliver.Findings, Key: "findings", Investigation: inv, Alarms: alarms(), Link: "https://fire.example.com/investigations/" + inv.ID, Cost: "41 tool calls, no model tokens (offline analyst), $0.00"}
	approval := &incident.Approval{
		ID: "apr-7h2k", Investigation: inv.ID, PlanHash: hash, State: incident.Pending, Requester: "firefinder", Needed: 1, CreatedAt: Begin.Add(2 * time.Minute), ExpiresAt: Begin.Add(4 * time.Hour),
	}
	with := func(n deliver.Notice, change func(*deliver.Notice)) deliver.Notice {
		change(&n)
		return n
	}
	decided := func(a incident.Approval, state incident.ApprovalState, votes ...incident.Vote) *incident.Approval {
		a.State, a.Votes = state, votes
		return &a
	}
	findings := with(base, func(n *deliver.Notice) { n.Conclusion, n.Skipped = conclusion(), skipped() })
	proposal := with(base, func(n *deliver.Notice) {
		n.Kind, n.Key, n.Alarms, n.Cost = deliver.Proposal, "proposal/apr-7h2k", nil, ""
		n.Conclusion, n.Plan, n.Approval = conclusion(), plan(), approval
		n.Link, n.Code, n.Secret = "https://fire.example.com/approve/apr-7h2k", "7KX2MD", Secret
	})
	verdict := with(findings, func(n *deliver.Notice) {
		n.Kind, n.Key, n.Plan, n.Skipped = deliver.Verdict, "decision/apr-7h2k", plan(), nil
		n.Approval = decided(*approval, incident.Approved, vote(incident.Approved, "go ahead"))
	})
	return map[string]deliver.Notice{
		"findings": findings,
		"inconclusive": with(base, func(n *deliver.Notice) {
			n.Conclusion = &incident.Conclusion{
				Outcome: incident.Inconclusive, Confidence: 0.35, Summary: "checkout fails since 02:14, but nothing that could be looked at explains it.", Analyst: "offline analyst",
				Symptoms: conclusion().Symptoms, Gaps: conclusion().Gaps, Rejected: conclusion().Rejected,
				Dropped: []string{"The network was saturated (cites obs-99, which does not exist)"},
			}
		}),
		"no_fault": with(base, func(n *deliver.Notice) {
			n.Conclusion = &incident.Conclusion{
				Outcome: incident.NoFault, Confidence: 0.9, Summary: "Nothing is wrong: the alarm's threshold lies below the usual Monday traffic.", Analyst: "offline analyst",
				Findings: []incident.Finding{{ID: "f-1", Text: "Requests per minute are within 4 % of the same hour of the last four Mondays", Cites: []string{"obs-2"}}},
			}
		}),
		"partial": with(base, func(n *deliver.Notice) {
			c := conclusion()
			c.Partial = "the budget of 40 turns was spent before every hypothesis had been checked"
			c.Outcome, c.Confidence = incident.Likely, 0.55
			n.Conclusion = c
		}),
		"failure": with(base, func(n *deliver.Notice) {
			n.Kind, n.Key = deliver.Failure, "failure"
			n.Text = "A service that the investigation needs did not answer in time, several tries included. It can be started again."
		}),
		"proposal": proposal,
		"approved": verdict,
		"rejected": with(verdict, func(n *deliver.Notice) {
			n.Approval = decided(*approval, incident.Rejected, vote(incident.Rejected, "wait for the release train"))
			n.Approval.Late = []incident.Vote{{Decision: incident.Approved, By: incident.Person{Subject: "lee@example.com", Method: "oidc"}, At: Begin.Add(5 * time.Hour), Late: true}}
		}),
		"expired": with(verdict, func(n *deliver.Notice) { n.Approval = decided(*approval, incident.Expired) }),
		"no_change": with(verdict, func(n *deliver.Notice) {
			n.Key, n.Approval = "decision", nil
			n.Plan = &incident.Plan{Summary: "The traffic is back to normal by itself.", NoChange: "No change is required: the burst ended at 02:31 and every signal recovered", Risk: incident.RiskLow}
		}),
		"linked": with(base, func(n *deliver.Notice) {
			n.Kind, n.Key, n.Text = deliver.Linked, "linked/evt-1", "An alarm that came after the investigation had ended is explained by its cause."
			n.Alarms = n.Alarms[1:2]
		}),
		"hostile": with(findings, func(n *deliver.Notice) {
			c := conclusion()
			c.Summary = "<!channel> @here [code]<script>alert(1)</script>[/code] *bold* <https://evil.example|click>\r\nBcc: all@example.com\u202e\u200b"
			c.Findings[0].Text = "<img src=https://evil.example/x.png> [CODE]<b>x</b>[/CODE] & <@U123> \x1b[31mred"
			n.Investigation.Title = "x\r\nBcc: evil@example.com <b>&"
			n.Conclusion = c
		}),
	}
}

func event(rule, title string, p incident.Priority, after time.Duration) incident.Event {
	return incident.Event{
		EventType: incident.EventType, IncidentID: rule, Action: incident.Created, Priority: p, Title: title, Service: "checkout", Timestamp: Begin.Add(after),
		Type: "alarm", Source: "cloudwatch", Account: "123456789012", Region: "eu-west-1", Rule: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:" + rule,
	}
}

// UndoSecret stands in the links of the notices' alarms, as long as a real one and as easily taken for a credential.
const UndoSecret = "u9Xq3vT0kZpLr7WcYb2NfJd5GhSa8MeQ1oVtKiPnRxE"

// alarms are three: the opener, one linked with a link to undo it, and one linked in a space that has no links.
func alarms() []deliver.Alarm {
	out := []deliver.Alarm{
		{Event: event("checkout-5xx", "checkout: elevated 5xx", incident.High, 0), Decision: incident.Decision{Outcome: incident.Proceed, Reasons: []incident.Reason{{Name: "no_open_window", Detail: "no window is open near 02:14:07Z"}}}},
		{Event: event("checkout-p99", "checkout: p99 latency above 1.5 s", incident.High, 20*time.Second), Decision: incident.Decision{Outcome: incident.Linked, Reasons: []incident.Reason{{Name: "same_service", Detail: "checkout, 20 s after the first alarm", Score: 0.6}, {Name: "close_in_time", Score: 0.2}}}},
		{Event: event("checkout-hosts", "checkout: unhealthy hosts", incident.Medium, 30*time.Second), Decision: incident.Decision{Outcome: incident.Linked, Reasons: []incident.Reason{{Name: "same_service", Score: 0.6}}}},
	}
	for i := range out {
		out[i].ID = out[i].Event.EventID()
	}
	out[1].Undo = undo(out[1].ID)
	return out
}

func undo(id string) string { return "https://fire.example.com/undo/" + id + "#" + UndoSecret }

// skipped is one alarm that a rule took out.
func skipped() []deliver.Alarm {
	e := event("batch-lag", "reporting: nightly batch is late", incident.Low, 40*time.Second)
	e.Service = "reporting"
	return []deliver.Alarm{{ID: e.EventID(), Undo: undo(e.EventID()), Event: e, Decision: incident.Decision{Outcome: incident.Skipped, Rule: "reporting/night-window", Reasons: []incident.Reason{{Name: "skip_rule", Detail: "rule reporting/night-window: lag under 2 h between 01:00 and 05:00"}}}}}
}

func conclusion() *incident.Conclusion {
	return &incident.Conclusion{
		Outcome: incident.Confirmed, Confidence: 0.94, Analyst: "offline analyst",
		Summary: "checkout runs out of database connections since deploy checkout:118 lowered DB_POOL_MAX from 50 to 5.",
		Symptoms: []incident.Finding{
			{ID: "s-1", Text: "checkout answers 12 % of requests with 503 since 02:13:40Z", Cites: []string{"obs-1"}},
			{ID: "s-2", Text: "storefront's errors on POST /checkout only echo it", Cites: []string{"obs-1", "obs-4"}},
		},
		Findings: []incident.Finding{
			{ID: "f-1", Text: "The log line 'Connection is not available, request timed out' is new since 02:13:10Z, 812 times", Cites: []string{"obs-3"}},
			{ID: "f-2", Text: "Task definition checkout:118 replaced checkout:117 at 02:11:55Z; DB_POOL_MAX went from 50 to 5", Cites: []string{"obs-5"}},
		},
		RootCauses: []incident.RootCause{{ID: "cause-1", Component: "checkout", Change: "checkout:118", Mechanism: "With 5 connections for 40 requests a second, requests wait 30 s for a connection and fail", Cites: []string{"f-1", "f-2"}, CascadesTo: []string{"storefront"}}},
		Rejected:   []incident.Hypothesis{{Text: "The database is overloaded", Against: "its CPU is at 11 % and its own latency is unchanged", Cites: []string{"obs-6"}}},
		Gaps:       []incident.Gap{{Text: "The payment provider's status could not be read", Fix: "add its status page as a connector"}},
	}
}

func plan() *incident.Plan {
	return &incident.Plan{
		Investigation: "inv-c4kq2mzt5o", Version: 1, Summary: "Go back to checkout:117, which has 50 connections.", Risk: incident.RiskMedium,
		BlastRadius: "one service; about a minute of mixed versions", Requester: "firefinder", Analyst: "offline analyst",
		Actions: []incident.PlanAction{
			{Phase: incident.Prepare, Text: "Tell the payments channel that a rollback begins", Risk: incident.RiskLow},
			{Phase: incident.PreValidate, Text: "Check that checkout:117 is still active", Command: "aws ecs describe-task-definition --task-definition checkout:117 \\\n  --query taskDefinition.status", Risk: incident.RiskLow, Expected: "\"ACTIVE\""},
			{Phase: incident.Apply, Text: "Roll checkout back", Command: "aws ecs update-service --cluster shop --service checkout --task-definition checkout:117", Target: "ecs service shop/checkout", Risk: incident.RiskMedium, Expected: "the deployment completes within 3 minutes"},
			{Phase: incident.PostValidate, Text: "Watch the 5xx rate for 10 minutes", Risk: incident.RiskLow, Expected: "below 0.5 %"},
		},
		Rollback: []incident.PlanAction{{Phase: incident.Apply, Text: "Deploy checkout:118 again", Command: "aws ecs update-service --cluster shop --service checkout --task-definition checkout:118", Risk: incident.RiskMedium}},
		Success:  []incident.Criterion{{Text: "checkout's 5xx rate stays below 0.5 % for 10 minutes"}},
		Spec:     &incident.Spec{Problem: "DB_POOL_MAX was lowered with the instance size", Repository: "shop/checkout", Files: []string{"deploy/taskdef.json"}, Change: "Set DB_POOL_MAX to 50 again", Tests: []string{"the pool test fails below 40"}},
	}
}

func vote(d incident.ApprovalState, comment string) incident.Vote {
	return incident.Vote{Decision: d, By: incident.Person{Subject: "kim@example.com", Name: "Kim Park", Method: "oidc"}, At: Begin.Add(9 * time.Minute), Comment: comment}
}
