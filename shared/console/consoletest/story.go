package consoletest

import (
	"math"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// story is a checkout outage after a deploy lowered the connection pool, with every text passed through word.
type story struct{ word func(string) string }

func (s story) event(id, title string, at time.Duration, action incident.Action) incident.Event {
	return incident.Event{
		EventType: incident.EventType, IncidentID: id, Action: action, Priority: incident.Critical, Title: s.word(title),
		Description: s.word("Threshold crossed"), Service: s.word("checkout"), Timestamp: Noon.Add(at), Type: "alarm", Source: "cloudwatch",
		Account: "111122223333", Region: "eu-central-1", Rule: "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:" + id, Metric: "HTTPCode_Target_5XX_Count",
	}
}

func (s story) alarms() []record.Alarm {
	first := s.event("checkout-5xx", "checkout 5xx above 5 %", -20*time.Minute, incident.Created)
	out := []record.Alarm{{Event: first, Opener: true, Decision: incident.Decision{
		Outcome: incident.Proceed, DecidedAt: Noon, Threshold: 0.6,
		Reasons:  []incident.Reason{{Name: "no_window", Detail: s.word("no open window reaches the threshold")}},
		RunnerUp: &incident.Candidate{Window: "win-0", Investigation: "inv-0", Score: 0.25, Features: []incident.Reason{{Name: "same_region", Score: 0.1}, {Name: "closeness", Score: 0.15, Detail: s.word("11 min apart")}}},
	}}}
	for i, title := range []string{"checkout p99 latency above 2 s", "checkout target group has unhealthy hosts"} {
		e := s.event("checkout-"+string(rune('a'+i)), title, time.Duration(i-19)*time.Minute, incident.Created)
		out = append(out, record.Alarm{Event: e, Decision: incident.Decision{
			Outcome: incident.Linked, DecidedAt: Noon, Threshold: 0.6,
			Reasons: []incident.Reason{{Name: "same_service", Detail: s.word("both are checkout"), Score: 0.5}},
			Winner: &incident.Candidate{Window: "win-1", Score: 0.85, Features: []incident.Reason{
				{Name: "same_service", Score: 0.5, Detail: s.word("checkout")}, {Name: "same_region", Score: 0.1}, {Name: "closeness", Score: 0.25},
			}},
			RunnerUp: &incident.Candidate{Window: "win-0", Score: 0.2, Features: []incident.Reason{{Name: "same_region", Score: 0.1}, {Name: "dependency", Score: 0.1}}},
			Reversed: &incident.Reversal{By: s.word("ada@example.com"), At: Noon, Why: s.word("belongs here after all")},
		}})
	}
	back := s.event("checkout-5xx", "checkout 5xx above 5 %", -2*time.Minute, incident.Resolved)
	out = append(out, record.Alarm{Event: back, Decision: incident.Decision{Outcome: incident.Skipped, Rule: s.word("quiet-hours/recoveries")}})
	for i := range out {
		out[i].ID, out[i].Key = out[i].Event.EventID(), out[i].Event.AlarmKey()
	}
	return out
}

func (s story) investigation(opener record.Alarm) incident.Investigation {
	return incident.Investigation{
		ID: opener.Event.InvestigationID("payments"), Space: "payments", Title: opener.Event.Title, Priority: incident.Critical,
		Service: opener.Event.Service, State: incident.Planning, StateReason: s.word("waiting for the plan"), OpenedAt: opener.Event.Timestamp, CreatedAt: Noon,
		Opener: opener.Event, Follows: "inv-before", Ticket: s.word("INC0010001"), Outcome: string(incident.Confirmed), Summary: s.conclusion().Summary,
	}
}

func (s story) observations() []incident.Observation {
	return []incident.Observation{
		{ID: "obs-1", Tool: "metrics_get", Args: s.word("{}"), Summary: s.word("checkout 5xx rose from 0.1 % to 31 % at 11:40"), At: Noon},
		{ID: "obs-2", Tool: "deployments_list", Summary: s.word("checkout:42 deployed at 11:38: DB_POOL_MAX 40 to 4"), At: Noon},
		{ID: "obs-3", Tool: "logs_search", Summary: s.word("remaining connection slots are reserved"), At: Noon},
		{ID: "obs-4", Tool: "traces_get", Summary: s.word("access denied"), At: Noon, Failed: true},
	}
}

func (s story) conclusion() incident.Conclusion {
	return incident.Conclusion{
		Outcome: incident.Confirmed, Confidence: 0.93, Analyst: s.word("offline analyst"), At: Noon, Partial: s.word("traces were out of reach"),
		Summary:  s.word("The deploy of checkout:42 lowered the database connection pool from 40 to 4; requests wait for a connection and fail."),
		Symptoms: []incident.Finding{{ID: "f-1", Text: s.word("31 % of checkout requests fail"), Cites: []string{"obs-1"}}},
		Findings: []incident.Finding{
			{ID: "f-2", Text: s.word("checkout:42 set DB_POOL_MAX to 4 two minutes before the errors began"), Cites: []string{"obs-2"}},
			{ID: "f-3", Text: s.word("new log pattern: timed out waiting for a connection"), Cites: []string{"obs-3", s.word("obs-1")}},
		},
		RootCauses: []incident.RootCause{{
			ID: "cause-1", Component: s.word("checkout"), Category: "connection_exhaustion", Change: s.word("checkout:42"),
			Mechanism: s.word("Four connections serve 120 requests a second; the rest time out and are answered with 503."),
			Cites:     []string{"f-2", "f-3"}, CascadesTo: []string{s.word("storefront")},
		}},
		Rejected: []incident.Hypothesis{{Text: s.word("The database is overloaded"), Against: s.word("its CPU is at 12 % and its latency unchanged"), Cites: []string{"obs-1"}}},
		Gaps:     []incident.Gap{{Text: s.word("traces could not be read"), Fix: s.word("allow xray:GetTraceSummaries in the reader role")}},
		Dropped:  []string{s.word("the load balancer is misconfigured")},
	}
}

func (s story) plan(id string) incident.Plan {
	return incident.Plan{
		Investigation: id, Version: 1, Summary: s.word("Return checkout to revision 41, which has a pool of 40 connections."),
		Actions: []incident.PlanAction{
			{Phase: incident.Prepare, Text: s.word("Note the running revision and tell the checkout team."), Command: s.word("aws ecs describe-services --cluster shop --services checkout --query 'services[0].taskDefinition'"), Risk: incident.RiskLow, Expected: s.word("checkout:42")},
			{Phase: incident.PreValidate, Text: s.word("Make sure that revision 41 is still active."), Command: s.word("aws ecs describe-task-definition --task-definition checkout:41 --query taskDefinition.status"), Risk: incident.RiskLow, Expected: s.word("ACTIVE")},
			{Phase: incident.Apply, Text: s.word("Deploy revision 41."), Command: s.word("aws ecs update-service --cluster shop --service checkout --task-definition checkout:41"), Target: s.word("checkout"), Risk: incident.RiskMedium, Expected: s.word("new tasks healthy within 3 minutes")},
			{Phase: incident.PostValidate, Text: s.word("Watch errors and latency for 10 minutes."), Risk: incident.RiskLow, Expected: s.word("5xx under 1 %")},
		},
		Rollback:    []incident.PlanAction{{Phase: incident.Apply, Text: s.word("Deploy revision 42 again."), Command: s.word("aws ecs update-service --cluster shop --service checkout --task-definition checkout:42"), Risk: incident.RiskLow}},
		BlastRadius: s.word("checkout only; in-flight requests drain for 30 s"), Risk: incident.RiskMedium,
		Success:   []incident.Criterion{{Text: s.word("5xx of checkout under 1 % for 10 minutes"), Component: s.word("checkout"), Metric: s.word("HTTPCode_Target_5XX_Count")}},
		Spec:      &incident.Spec{Problem: s.word("DB_POOL_MAX fell from 40 to 4 with a change of defaults."), Repository: s.word("shop/checkout"), Files: []string{s.word("deploy/values.yaml")}, Change: s.word("Set DB_POOL_MAX to 40."), Tests: []string{s.word("A configuration test that fails under 20.")}},
		Cites:     []string{"cause-1", "f-2"},
		Blocks:    []string{s.word("ecs-rollback/previous-revision")},
		Requester: "firefinder", Analyst: s.word("offline analyst"),
	}
}

func (s story) brief() (evidence.Brief, evidence.Series) {
	series := evidence.Series{Component: s.word("checkout"), Metric: s.word("HTTPCode_Target_5XX_Count"), Statistic: "Sum", Unit: s.word("Count")}
	for i := range 90 {
		v := 2 + math.Sin(float64(i))
		if i >= 70 {
			v = 240 + 15*math.Sin(float64(i))
		}
		if i == 40 {
			v = math.NaN()
		}
		series.Times = append(series.Times, Noon.Add(time.Duration(i-90)*time.Minute).UnixMilli())
		series.Values = append(series.Values, v)
	}
	change := evidence.Change{ID: "checkout:42", Kind: "deployment", Component: s.word("checkout"), Time: Noon.Add(-22 * time.Minute), Title: s.word("checkout:42")}
	return evidence.Brief{
		Window: evidence.Window{From: Noon.Add(-2 * time.Hour), To: Noon}, Outcome: incident.Confirmed, Confidence: 0.88, Onset: Noon.Add(-20 * time.Minute),
		Causes:  []evidence.Cause{{Component: s.word("checkout"), Score: 4, Category: evidence.ConnectionExhaustion, Change: "checkout:42", Mechanism: s.word("waits for database connections since the deployment")}},
		Onsets:  []evidence.Onset{{Component: series.Component, Metric: series.Metric, Statistic: "Sum", At: Noon.Add(-20 * time.Minute), Direction: "up", Before: 2, After: 240, Recovered: Noon.Add(-2 * time.Minute)}},
		Changes: []evidence.ChangeVerdict{{Change: change, Verdict: evidence.Culprit, Score: 0.9}},
	}, series
}
