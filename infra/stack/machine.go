package stack

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"github.com/firefinder/firefinder/shared/workflow"
)

// addMachine deploys the definition as it stands, in the template where linters and tests see it. ${NameFunction} becomes
// the ARN of functions/name. Logs have every event and no execution data: state may hold a task token.
func (p *parts) addMachine() {
	arns := map[string]*string{}
	var callable []*string
	for _, f := range functions {
		if invokedByMachine(f) {
			arns[title(f.name)+"Function"] = p.functions[f.name].FunctionArn()
			callable = append(callable, p.functions[f.name].FunctionArn())
		}
	}
	logs := p.logGroup("MachineLogs", "/aws/vendedlogs/states/"+*p.name("investigation"), awslogs.RetentionDays_THIRTEEN_MONTHS)
	p.machine = sfn.NewStateMachine(p.Stack, jsii.String("Machine"), &sfn.StateMachineProps{
		StateMachineName:        p.name("investigation"),
		StateMachineType:        sfn.StateMachineType_STANDARD,
		DefinitionBody:          sfn.DefinitionBody_FromString(jsii.String(workflow.Definition)),
		DefinitionSubstitutions: &arns,
		Role:                    p.machineRole(callable).WithoutPolicyUpdates(nil),
		TracingEnabled:          jsii.Bool(true),
		Logs:                    &sfn.LogOptions{Destination: logs, Level: sfn.LogLevel_ALL, IncludeExecutionData: jsii.Bool(false)},
	})
}

// machineRole calls the functions of the definition, and has the two permissions on "*" that Step Functions needs for
// logging and tracing, whose APIs know no resource.
func (p *parts) machineRole(callable []*string) awsiam.Role {
	statements := []awsiam.PolicyStatement{
		allow("CallFunctions", []string{"lambda:InvokeFunction"}, callable...),
		allow("DeliverLogs", []string{"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery",
			"logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies",
			"logs:DescribeLogGroups"}, jsii.String("*")),
		allow("Trace", []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
			"xray:GetSamplingTargets"}, jsii.String("*")),
	}
	role := awsiam.NewRole(p.Stack, jsii.String("MachineRole"), &awsiam.RoleProps{
		Description:    jsii.String("What the state machine of Agent Space " + p.space.Name + " may do"),
		AssumedBy:      awsiam.NewServicePrincipal(jsii.String("states.amazonaws.com"), nil),
		InlinePolicies: policy("Machine", statements),
	})
	for _, statement := range statements {
		explain(role, statement)
	}
	return role
}

// longestApproval is how long the machine's approval task waits; a space may wait less, not more.
func longestApproval() (time.Duration, error) {
	var definition struct {
		States map[string]struct {
			TimeoutSeconds int
		}
	}
	if err := json.Unmarshal([]byte(workflow.Definition), &definition); err != nil {
		return 0, fmt.Errorf("state machine definition: %w", err)
	}
	return time.Duration(definition.States["Propose"].TimeoutSeconds) * time.Second, nil
}
