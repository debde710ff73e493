package stack

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAlarms: every dead letter, every failed or late step tells the operators, and says what to do.
func TestAlarms(t *testing.T) {
	tmpl := of(t, "payments")
	got := map[string]string{}
	for _, a := range tmpl.all("AWS::CloudWatch::Alarm") {
		name := strings.TrimPrefix(a.text("AlarmName"), "firefinder-payments-")
		got[name] = a.text("Namespace") + " " + a.text("MetricName") + " " + a.text("Dimensions", "0", "Value")
		a.want(t, "AlarmActions", []string{"${Operators}"})
		a.want(t, "OKActions", []string{"${Operators}"})
		if len(a.text("AlarmDescription")) < 40 {
			t.Errorf("%s does not say what to do", name)
		}
		missing := "notBreaching"
		if name == "sweep-silent" {
			missing = "breaching"
		}
		a.want(t, "TreatMissingData", missing)
	}
	want := map[string]string{
		"alarms-dead":              "AWS/SQS ApproximateNumberOfMessagesVisible ${AlarmsQueueDead.QueueName}",
		"triage-dead":              "AWS/SQS ApproximateNumberOfMessagesVisible ${TriageQueueDead.QueueName}",
		"alarms-late":              "AWS/SQS ApproximateAgeOfOldestMessage ${AlarmsQueue.QueueName}",
		"triage-late":              "AWS/SQS ApproximateAgeOfOldestMessage ${TriageQueue.QueueName}",
		"investigations-failed":    "AWS/States ExecutionsFailed ${Machine}",
		"investigations-timed-out": "AWS/States ExecutionsTimedOut ${Machine}",
		"http-5xx":                 "AWS/ApiGateway 5xx ${Api}",
		"sweep-silent":             "AWS/Lambda Invocations ${Sweep}",
		"sweep-errors":             "AWS/Lambda Errors ${Sweep}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	for _, q := range tmpl.all("AWS::SQS::Queue") {
		if strings.HasSuffix(short(q.id), "Dead") && !strings.Contains(got["alarms-dead"]+got["triage-dead"], short(q.id)) {
			t.Errorf("nobody is told of messages in %s", short(q.id))
		}
	}
}

// TestOwnAlarmsReachTheTopic: the topic is encrypted and has a policy, so CloudWatch needs to be named in both.
func TestOwnAlarmsReachTheTopic(t *testing.T) {
	tmpl := of(t, "payments")
	tmpl.one(t, "AWS::SNS::Topic", "Operators").want(t, "KmsMasterKeyId", "${DataKey.Arn}")
	named := func(r resource, path ...string) bool {
		policy, _ := json.Marshal(r.at(path...))
		return strings.Contains(string(policy), `{"Service":"cloudwatch.amazonaws.com"}`)
	}
	if !named(tmpl.one(t, "AWS::SNS::TopicPolicy", "OperatorsPolicy"), "PolicyDocument") {
		t.Error("CloudWatch may not publish to the topic")
	}
	if !named(tmpl.one(t, "AWS::KMS::Key", "DataKey"), "KeyPolicy") {
		t.Error("CloudWatch may not use the topic's key")
	}
	varied := of(t, "varied")
	if n := len(varied.all("AWS::SNS::Topic")); n != 0 {
		t.Errorf("varied names a topic, yet %d are made", n)
	}
	varied.all("AWS::CloudWatch::Alarm")[0].want(t, "AlarmActions", []string{"arn:aws:sns:eu-central-1:111122223333:operators"})
}

func TestDashboardShowsEveryPart(t *testing.T) {
	body := of(t, "payments").one(t, "AWS::CloudWatch::Dashboard", "Dashboard").text("DashboardBody")
	var dashboard struct {
		Widgets []struct {
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		t.Fatalf("dashboard is no JSON: %v", err)
	}
	shown := map[any]bool{}
	for _, w := range dashboard.Widgets {
		if w.Properties.Title == "" || len(w.Properties.Metrics) == 0 {
			t.Errorf("an empty chart: %+v", w)
		}
		for _, m := range w.Properties.Metrics {
			shown[m[3]] = true
		}
	}
	parts := []string{"${AlarmsQueue.QueueName}", "${AlarmsQueueDead.QueueName}", "${TriageQueue.QueueName}", "${TriageQueueDead.QueueName}", "${Machine}", "${Api}"}
	for _, f := range functions {
		parts = append(parts, "${"+title(f.name)+"}")
	}
	for _, part := range parts {
		if !shown[part] {
			t.Errorf("the dashboard does not show %s", part)
		}
	}
}
