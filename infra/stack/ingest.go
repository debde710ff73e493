package stack

import (
	"strings"

	api "github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// signerSource is the source through which the signer's events enter: our own scheme and our own event.
const signerSource = "generic"

// route is one door of the HTTP API. rate and burst bound what reaches the function, whoever sends it.
type route struct {
	key, function string
	rate, burst   float64 // requests a second
}

// routes are all doors. Each function verifies its callers itself: a signature, a token, or a person's proof.
var routes = []route{
	{"POST /hooks/{source}", "webhook", 50, 100},
	{"GET /approve/{id}", "approve", 5, 20},
	{"POST /approve/{id}", "approve", 2, 5},
	{"GET /undo/{id}", "approve", 5, 20},
	{"POST /undo/{id}", "approve", 2, 5},
	{"POST /slack/interactions", "approve", 5, 20},
}

func (p *parts) addAPI() {
	p.api = api.NewCfnApi(p.Stack, jsii.String("Api"), &api.CfnApiProps{
		Name: p.name("api"), ProtocolType: jsii.String("HTTP"), Description: jsii.String("Events in, decisions in; nothing else"),
	})
}

func (p *parts) endpoint() *string {
	return jsii.String("https://" + *p.api.Ref() + ".execute-api." + *p.Region() + "." + *p.UrlSuffix())
}

func (p *parts) publicURL() *string {
	if p.space.PublicURL != "" {
		return jsii.String(strings.TrimRight(p.space.PublicURL, "/"))
	}
	return p.endpoint()
}

// webhookURL is where the signer posts: this space's own webhook, unless the space names a foreign one.
func (p *parts) webhookURL() *string {
	if p.space.Deploy.Webhook != "" {
		return jsii.String(p.space.Deploy.Webhook)
	}
	return jsii.String(*p.endpoint() + "/hooks/" + signerSource)
}

func (p *parts) addRoutes() {
	integrations := map[string]api.CfnIntegration{}
	limits := map[string]any{}
	stage := p.stage(limits)
	for _, r := range routes {
		if integrations[r.function] == nil {
			integrations[r.function] = p.integration(r.function)
		}
		made := api.NewCfnRoute(p.Stack, jsii.String("Route"+identifier(r.key)), &api.CfnRouteProps{
			ApiId: p.api.Ref(), RouteKey: jsii.String(r.key), AuthorizationType: jsii.String("NONE"),
			Target: jsii.String("integrations/" + *integrations[r.function].Ref()),
		})
		because(made, "AwsSolutions-APIG4", "The function verifies its callers: a webhook by the source's signature, an approval or a reversal by the person's proof, Slack by its signature.")
		stage.AddResourceDependency(made, nil) // limits name routes that must exist
		limits[r.key] = map[string]any{"ThrottlingRateLimit": r.rate, "ThrottlingBurstLimit": r.burst}
	}
	stage.SetRouteSettings(limits)
}

// accessLog names the route, never the path: an approval's id has no business in a log.
const accessLog = `{"time":"$context.requestTime","request":"$context.requestId","route":"$context.routeKey",` +
	`"status":"$context.status","milliseconds":"$context.responseLatency","address":"$context.identity.sourceIp",` +
	`"error":"$context.integrationErrorMessage"}`

func (p *parts) stage(limits map[string]any) api.CfnStage {
	logs := p.logGroup("ApiLogs", "/aws/vendedlogs/apigateway/"+*p.name("api"), awslogs.RetentionDays_THIRTEEN_MONTHS)
	return api.NewCfnStage(p.Stack, jsii.String("Stage"), &api.CfnStageProps{
		ApiId: p.api.Ref(), StageName: jsii.String("$default"), AutoDeploy: jsii.Bool(true),
		AccessLogSettings: &api.CfnStage_AccessLogSettingsProperty{
			DestinationArn: p.arn("logs", "log-group:"+*logs.LogGroupName()), Format: jsii.String(accessLog),
		},
		DefaultRouteSettings: &api.CfnStage_RouteSettingsProperty{ThrottlingRateLimit: jsii.Number(1), ThrottlingBurstLimit: jsii.Number(1)},
		RouteSettings:        limits,
	})
}

func (p *parts) integration(name string) api.CfnIntegration {
	p.allowCall(name, "ApiCalls"+title(name), "apigateway.amazonaws.com", p.arn("execute-api", *p.api.Ref()+"/*"))
	return api.NewCfnIntegration(p.Stack, jsii.String(title(name)+"Integration"), &api.CfnIntegrationProps{
		ApiId: p.api.Ref(), IntegrationType: jsii.String("AWS_PROXY"), PayloadFormatVersion: jsii.String("2.0"),
		IntegrationUri: p.functions[name].FunctionArn(), TimeoutInMillis: jsii.Number(1000 * (timeoutOf(name) + 1)),
	})
}

func (p *parts) allowCall(name, id, service string, from *string) {
	awslambda.NewCfnPermission(p.Stack, jsii.String(id), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: p.functions[name].FunctionArn(),
		Principal: jsii.String(service), SourceArn: from,
	})
}

// addTriggers connects what calls functions besides the machine and the HTTP API.
func (p *parts) addTriggers() {
	p.addAlarmRule()
	p.consume("signer", p.alarms, 5)
	p.consume("triage", p.triage, 10)
	p.addSweep()
}

// consume feeds a queue to a function: failed messages come back alone, and at most so many calls run at once.
func (p *parts) consume(name string, queue awssqs.Queue, most float64) {
	awslambda.NewCfnEventSourceMapping(p.Stack, jsii.String(title(name)+"Messages"), &awslambda.CfnEventSourceMappingProps{
		FunctionName: p.functions[name].FunctionName(), EventSourceArn: queue.QueueArn(), BatchSize: jsii.Number(batch),
		FunctionResponseTypes: jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(most)},
	})
}

// addAlarmRule hears alarm state changes. Firefinder's own alarms are left out: an investigation of the investigator would
// wait for the part that is broken; its operators are told by the topic instead.
func (p *parts) addAlarmRule() {
	names := []any{map[string]any{"anything-but": map[string]any{"prefix": "firefinder-"}}}
	if prefixes := p.space.Deploy.AlarmPrefixes; len(prefixes) > 0 {
		names = nil
		for _, prefix := range prefixes {
			names = append(names, map[string]any{"prefix": prefix})
		}
	}
	rule := awsevents.NewCfnRule(p.Stack, jsii.String("AlarmRule"), &awsevents.CfnRuleProps{
		Description: jsii.String("CloudWatch alarms to Agent Space " + p.space.Name),
		EventPattern: map[string]any{
			"source":      []string{"aws.cloudwatch"},
			"detail-type": []string{"CloudWatch Alarm State Change"},
			"detail":      map[string]any{"alarmName": names},
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("Alarms"), Arn: p.alarms.QueueArn(),
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: p.alarmsDead.QueueArn()},
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: jsii.Number(86_400), MaximumRetryAttempts: jsii.Number(185),
			},
		}},
	})
	for _, queue := range []awssqs.Queue{p.alarms, p.alarmsDead} {
		queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:        jsii.String("FromAlarmRule"),
			Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
			Actions:    jsii.Strings("sqs:SendMessage"),
			Resources:  &[]*string{queue.QueueArn()},
			Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule.AttrArn()}},
		}))
	}
}

// addSweep calls sweep every minute. A failed call is not repeated: the next minute is the retry.
func (p *parts) addSweep() {
	rule := awsevents.NewCfnRule(p.Stack, jsii.String("SweepRule"), &awsevents.CfnRuleProps{
		Description:        jsii.String("Finishes what a crash left, expires approvals"),
		ScheduleExpression: jsii.String("rate(1 minute)"),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("Sweep"), Arn: p.functions["sweep"].FunctionArn(),
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(60), MaximumRetryAttempts: jsii.Number(0)},
		}},
	})
	p.allowCall("sweep", "RuleCallsSweep", "events.amazonaws.com", rule.AttrArn())
	awslambda.NewCfnEventInvokeConfig(p.Stack, jsii.String("SweepRetries"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: p.functions["sweep"].FunctionName(), Qualifier: jsii.String("$LATEST"),
		MaximumEventAgeInSeconds: jsii.Number(60), MaximumRetryAttempts: jsii.Number(0),
	})
}

// identifier turns a route key into a construct id: "GET /approve/{id}" is GetApproveId.
func identifier(key string) string {
	var out strings.Builder
	for _, word := range strings.FieldsFunc(strings.ToLower(key), func(r rune) bool { return r < 'a' || r > 'z' }) {
		out.WriteString(title(word))
	}
	return out.String()
}
