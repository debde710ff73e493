package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAlarmRuleFeedsTheQueue(t *testing.T) {
	for space, names := range map[string]any{
		"payments": []any{map[string]any{"prefix": "checkout-"}, map[string]any{"prefix": "orders-"}},
		"search":   []any{map[string]any{"anything-but": map[string]any{"prefix": "firefinder-"}}},
	} {
		rule := of(t, space).one(t, "AWS::Events::Rule", "AlarmRule")
		rule.want(t, "EventPattern", map[string]any{
			"source": []any{"aws.cloudwatch"}, "detail-type": []any{"CloudWatch Alarm State Change"},
			"detail": map[string]any{"alarmName": names},
		})
		rule.want(t, "Targets.0.Arn", "${AlarmsQueue.Arn}")
		rule.want(t, "Targets.0.DeadLetterConfig.Arn", "${AlarmsQueueDead.Arn}")
		rule.want(t, "Targets.0.RetryPolicy", map[string]any{"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185})
	}
}

// TestOnlyTheRuleSends: EventBridge may put messages into the two queues that it feeds, for that rule alone, and nobody may
// without TLS.
func TestOnlyTheRuleSends(t *testing.T) {
	tmpl := of(t, "payments")
	got := map[string][]string{}
	for _, policy := range tmpl.all("AWS::SQS::QueuePolicy") {
		queue := list(policy.at("Queues"))[0]
		for _, s := range statements(policy, "PolicyDocument", "Statement") {
			condition, _ := json.Marshal(s.condition)
			got[queue] = append(got[queue], fmt.Sprintf("%s %v if %s", s.effect, s.actions, condition))
		}
	}
	tls := `Deny [sqs:*] if {"Bool":{"aws:SecureTransport":"false"}}`
	rule := `Allow [sqs:SendMessage] if {"ArnEquals":{"aws:SourceArn":"${AlarmRule.Arn}"}}`
	want := map[string][]string{
		"${AlarmsQueue}": {tls, rule}, "${AlarmsQueueDead}": {tls, rule}, "${TriageQueue}": {tls}, "${TriageQueueDead}": {tls},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("queue policies (-want +got):\n%s", diff)
	}
}

// TestSignerOutlastsAnOutage: a webhook outage of 4 hours sends nothing to the dead letters.
func TestSignerOutlastsAnOutage(t *testing.T) {
	q := of(t, "payments").one(t, "AWS::SQS::Queue", "AlarmsQueue")
	seconds := q.at("VisibilityTimeout").(float64) * q.at("RedrivePolicy", "maxReceiveCount").(float64)
	if hours := seconds / 3600; hours < 4 {
		t.Errorf("the signer's queue tries for %.1f hours, want at least 4", hours)
	}
	if kept := q.at("MessageRetentionPeriod").(float64); kept <= seconds {
		t.Errorf("messages are kept for %.0f s but tried for %.0f s: some would vanish without a dead letter", kept, seconds)
	}
}

func TestQueues(t *testing.T) {
	tmpl := of(t, "payments")
	for id, name := range map[string]string{"AlarmsQueue": "signer", "TriageQueue": "triage"} {
		q, dead := tmpl.one(t, "AWS::SQS::Queue", id), tmpl.one(t, "AWS::SQS::Queue", id+"Dead")
		q.want(t, "VisibilityTimeout", 6*timeoutOf(name))
		q.want(t, "RedrivePolicy.deadLetterTargetArn", "${"+id+"Dead.Arn}")
		q.want(t, "SqsManagedSseEnabled", true)
		dead.want(t, "SqsManagedSseEnabled", true)
		dead.want(t, "MessageRetentionPeriod", 14*24*3600)
		consumer := tmpl.one(t, "AWS::Lambda::EventSourceMapping", title(name)+"Messages")
		consumer.want(t, "EventSourceArn", "${"+id+".Arn}")
		consumer.want(t, "FunctionName", "${"+title(name)+"}")
		consumer.want(t, "FunctionResponseTypes", []string{"ReportBatchItemFailures"})
		consumer.want(t, "BatchSize", 10)
	}
	tmpl.one(t, "AWS::SQS::Queue", "TriageQueue").want(t, "RedrivePolicy.maxReceiveCount", 5)
}

// TestDoors is every way in from outside: exactly these routes, each throttled, none to a console.
func TestDoors(t *testing.T) {
	tmpl := of(t, "payments")
	integrations := map[string]string{}
	for _, i := range tmpl.all("AWS::ApiGatewayV2::Integration") {
		i.want(t, "PayloadFormatVersion", "2.0")
		integrations["integrations/${"+short(i.id)+"}"] = i.text("IntegrationUri")
	}
	stage := tmpl.one(t, "AWS::ApiGatewayV2::Stage", "Stage")
	got := map[string]string{}
	for _, r := range tmpl.all("AWS::ApiGatewayV2::Route") {
		key := r.text("RouteKey")
		got[key] = integrations[r.text("Target")]
		limit, _ := stage.at("RouteSettings", key).(map[string]any)
		rate, _ := limit["ThrottlingRateLimit"].(float64)
		burst, _ := limit["ThrottlingBurstLimit"].(float64)
		if rate < 1 || rate > 100 || burst < rate {
			t.Errorf("route %s: limit %v", key, limit)
		}
	}
	want := map[string]string{
		"POST /hooks/{source}": "${Webhook.Arn}", "GET /approve/{id}": "${Approve.Arn}", "POST /approve/{id}": "${Approve.Arn}",
		"GET /undo/{id}": "${Approve.Arn}", "POST /undo/{id}": "${Approve.Arn}", "POST /slack/interactions": "${Approve.Arn}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if n := len(tmpl.all("AWS::Lambda::Url")); n != 0 {
		t.Errorf("%d function URLs: they have no throttle", n)
	}
	stage.want(t, "DefaultRouteSettings", map[string]any{"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 1})
}

func TestAccessLogHoldsNoPath(t *testing.T) {
	stage := of(t, "payments").one(t, "AWS::ApiGatewayV2::Stage", "Stage")
	format := stage.text("AccessLogSettings", "Format")
	var fields map[string]string
	if err := json.Unmarshal([]byte(format), &fields); err != nil {
		t.Fatalf("access log format is no JSON: %v", err)
	}
	for _, banned := range []string{"$context.path", "header", "querystring", "userAgent"} {
		if strings.Contains(format, banned) {
			t.Errorf("the access log holds %s", banned)
		}
	}
	if got := stage.text("AccessLogSettings", "DestinationArn"); !strings.HasSuffix(got, ":log-group:${ApiLogs}") {
		t.Errorf("access log goes to %s", got)
	}
}

// TestWhoMayCall: each function is called by its trigger alone.
func TestWhoMayCall(t *testing.T) {
	tmpl := of(t, "payments")
	got := map[string][]string{}
	for _, p := range tmpl.all("AWS::Lambda::Permission") {
		from := p.text("SourceArn")
		from = from[strings.LastIndex(from, ":")+1:]
		got[p.text("FunctionName")] = append(got[p.text("FunctionName")], p.text("Principal")+" "+from)
	}
	want := map[string][]string{
		"${Webhook.Arn}": {"apigateway.amazonaws.com ${Api}/*"},
		"${Approve.Arn}": {"apigateway.amazonaws.com ${Api}/*"},
		"${Sweep.Arn}":   {"events.amazonaws.com ${SweepRule.Arn}"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
}

func TestSweepRunsEveryMinute(t *testing.T) {
	tmpl := of(t, "payments")
	rule := tmpl.one(t, "AWS::Events::Rule", "SweepRule")
	rule.want(t, "ScheduleExpression", "rate(1 minute)")
	rule.want(t, "Targets.0.Arn", "${Sweep.Arn}")
	tmpl.one(t, "AWS::Lambda::EventInvokeConfig", "SweepRetries").want(t, "MaximumRetryAttempts", 0)
	if timeoutOf("sweep") >= 60 {
		t.Error("a sweep may last until the next one begins")
	}
}

// TestSecretsStartSafe: what we issue starts random, what others issue starts without a value, what exists is not made.
func TestSecretsStartSafe(t *testing.T) {
	got := map[string]bool{}
	for _, space := range []string{"payments", "varied"} {
		for _, s := range of(t, space).all("AWS::SecretsManager::Secret") {
			s.want(t, "KmsKeyId", "${DataKey.Arn}")
			if s.at("SecretString") != nil {
				t.Errorf("%s has a value in the template", s.text("Name"))
			}
			got[s.text("Name")] = s.at("GenerateSecretString") != nil
		}
	}
	want := map[string]bool{
		"firefinder/payments/source/generic": true, "firefinder/payments/source/servicenow": true,
		"firefinder/payments/source/pagerduty": false, "firefinder/payments/servicenow": false, "firefinder/payments/slack": false,
		"firefinder/payments/undo": true, "firefinder/varied/undo": true,
		"firefinder/varied/source/datadog": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets with a generated value (-want +got):\n%s", diff)
	}
}

func TestWhereTheSignerPosts(t *testing.T) {
	for space, want := range map[string]string{
		"payments": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/hooks/generic",
		"varied":   "https://event-ai.example.com/webhook/generic/0123",
	} {
		of(t, space).one(t, "AWS::Lambda::Function", "Signer").want(t, "Environment.Variables."+envWebhook, want)
	}
	of(t, "varied").one(t, "AWS::Lambda::Function", "Approve").want(t, "Environment.Variables."+envPublicURL, "https://fire.example.com")
}

func names(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
