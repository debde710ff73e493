package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
)

// metric is a CloudWatch metric of the stack's own parts.
type metric struct {
	namespace, name, stat string
	dimensions            []*string // name, value, name, value ...
}

// alarm tells the operators that Firefinder itself is in trouble, and what to do about it.
type alarm struct {
	name, what string
	metric     metric
	threshold  float64 // alarms at or above, over minutes of 60 s each
	minutes    float64
	silence    bool // no data is the trouble: alarms below the threshold instead
}

func (p *parts) watched() []alarm {
	return []alarm{
		{name: "alarms-dead", metric: queued(p.alarmsDead, "ApproximateNumberOfMessagesVisible"), threshold: 1, minutes: 1,
			what: "Alarm state changes could not be signed and posted. Read functions/signer's log, mend, then redrive the queue."},
		{name: "triage-dead", metric: queued(p.triageDead, "ApproximateNumberOfMessagesVisible"), threshold: 1, minutes: 1,
			what: "Events could not be triaged. Each carries its reason; mend, then redrive the queue."},
		{name: "alarms-late", metric: queued(p.alarms, "ApproximateAgeOfOldestMessage"), threshold: 300, minutes: 3,
			what: "The webhook has not accepted alarms for 5 minutes. After 6 hours they go to the dead letters."},
		{name: "triage-late", metric: queued(p.triage, "ApproximateAgeOfOldestMessage"), threshold: 120, minutes: 3,
			what: "Events wait for triage for over 2 minutes. Read functions/triage's log and the table's throttles."},
		{name: "investigations-failed", metric: p.executions("ExecutionsFailed"), threshold: 1, minutes: 1,
			what: "An investigation could not be finished; its record and its ticket say why."},
		{name: "investigations-timed-out", metric: p.executions("ExecutionsTimedOut"), threshold: 1, minutes: 1,
			what: "An investigation ran out of the machine's time."},
		{name: "http-5xx", metric: p.requests("5xx"), threshold: 3, minutes: 2,
			what: "The webhook or the approval page fails. Senders retry; read the logs of functions/webhook and functions/approve."},
		{name: "sweep-silent", metric: p.calls("sweep", "Invocations"), threshold: 1, minutes: 5, silence: true,
			what: "The sweep has not run for 5 minutes: starts that a crash left and approvals that expired wait."},
		{name: "sweep-errors", metric: p.calls("sweep", "Errors"), threshold: 1, minutes: 5,
			what: "The sweep has failed five times in a row. Read functions/sweep's log."},
	}
}

func (p *parts) addWatch() {
	p.addOperators()
	for _, a := range p.watched() {
		p.addAlarm(a)
	}
	p.addDashboard()
}

// addOperators makes the topic, unless the space names one. A topic with a policy of its own loses the default one, so
// CloudWatch is named.
func (p *parts) addOperators() {
	if p.space.Deploy.OperatorsTopic != "" {
		p.operators = jsii.String(p.space.Deploy.OperatorsTopic)
		return
	}
	topic := awssns.NewTopic(p.Stack, jsii.String("Operators"), &awssns.TopicProps{
		TopicName: p.name("operators"), DisplayName: jsii.String("Firefinder " + p.space.Name),
		MasterKey: p.dataKey, EnforceSSL: jsii.Bool(true),
	})
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("FromAlarms"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"), Resources: &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": p.Account()}},
	}))
	p.operators = topic.TopicArn()
}

func (p *parts) addAlarm(a alarm) {
	operator, missing := "GreaterThanOrEqualToThreshold", "notBreaching"
	if a.silence {
		operator, missing = "LessThanThreshold", "breaching"
	}
	var dimensions []any
	for i := 0; i < len(a.metric.dimensions); i += 2 {
		dimensions = append(dimensions, &awscloudwatch.CfnAlarm_DimensionProperty{Name: a.metric.dimensions[i], Value: a.metric.dimensions[i+1]})
	}
	awscloudwatch.NewCfnAlarm(p.Stack, jsii.String("Alarm-"+a.name), &awscloudwatch.CfnAlarmProps{
		AlarmName: p.name(a.name), AlarmDescription: jsii.String(a.what),
		Namespace: jsii.String(a.metric.namespace), MetricName: jsii.String(a.metric.name), Statistic: jsii.String(a.metric.stat),
		Dimensions: dimensions, Period: jsii.Number(60), EvaluationPeriods: jsii.Number(a.minutes),
		Threshold: jsii.Number(a.threshold), ComparisonOperator: jsii.String(operator), TreatMissingData: jsii.String(missing),
		AlarmActions: &[]any{p.operators}, OkActions: &[]any{p.operators},
	})
}
