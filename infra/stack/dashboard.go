package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

func queued(queue awssqs.Queue, name string) metric {
	return metric{"AWS/SQS", name, "Maximum", []*string{jsii.String("QueueName"), queue.QueueName()}}
}

func (p *parts) executions(name string) metric {
	return metric{"AWS/States", name, "Sum", []*string{jsii.String("StateMachineArn"), p.machine.StateMachineArn()}}
}

func (p *parts) requests(name string) metric {
	return metric{"AWS/ApiGateway", name, "Sum", []*string{jsii.String("ApiId"), p.api.Ref()}}
}

func (p *parts) calls(function, name string) metric {
	return metric{"AWS/Lambda", name, "Sum", []*string{jsii.String("FunctionName"), p.functions[function].FunctionName()}}
}

func (m metric) as(stat string) metric { m.stat = stat; return m }

// graph is one chart of the dashboard.
type graph struct {
	title string
	lines []metric
}

// graphs follow an alarm from top to bottom: heard, accepted, triaged, investigated, and what went wrong.
func (p *parts) graphs() []graph {
	lambda := func(name, stat string) []metric {
		var out []metric
		for _, f := range functions {
			out = append(out, p.calls(f.name, name).as(stat))
		}
		return out
	}
	return []graph{
		{"Alarms heard and waiting", []metric{queued(p.alarms, "NumberOfMessagesSent").as("Sum"), queued(p.alarms, "ApproximateAgeOfOldestMessage")}},
		{"HTTP requests", []metric{p.requests("Count"), p.requests("4xx"), p.requests("5xx"), p.requests("Latency").as("p99")}},
		{"Events triaged and waiting", []metric{queued(p.triage, "NumberOfMessagesSent").as("Sum"), queued(p.triage, "ApproximateAgeOfOldestMessage")}},
		{"Investigations", []metric{p.executions("ExecutionsStarted"), p.executions("ExecutionsSucceeded"), p.executions("ExecutionsFailed"), p.executions("ExecutionsTimedOut")}},
		{"Time of an investigation, approval included (ms)", []metric{p.executions("ExecutionTime").as("p50"), p.executions("ExecutionTime").as("p95")}},
		{"Dead letters", []metric{queued(p.alarmsDead, "ApproximateNumberOfMessagesVisible"), queued(p.triageDead, "ApproximateNumberOfMessagesVisible")}},
		{"Function errors", lambda("Errors", "Sum")},
		{"Function throttles", lambda("Throttles", "Sum")},
		{"Function time (p95, ms)", lambda("Duration", "p95")},
	}
}

func (p *parts) addDashboard() {
	const width, height, columns = 8, 6, 3
	var widgets []any
	for i, g := range p.graphs() {
		var lines []any
		for _, m := range g.lines {
			line := []any{m.namespace, m.name}
			for _, d := range m.dimensions {
				line = append(line, d)
			}
			lines = append(lines, append(line, map[string]any{"stat": m.stat}))
		}
		widgets = append(widgets, map[string]any{
			"type": "metric", "x": i % columns * width, "y": i / columns * height, "width": width, "height": height,
			"properties": map[string]any{"title": g.title, "region": p.Region(), "view": "timeSeries", "period": 60, "metrics": lines},
		})
	}
	awscloudwatch.NewCfnDashboard(p.Stack, jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: jsii.String("firefinder-" + p.space.Name), DashboardBody: p.ToJsonString(map[string]any{"widgets": widgets}, nil),
	})
}
