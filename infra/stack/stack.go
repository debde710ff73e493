package stack

import (
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	api "github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"github.com/firefinder/firefinder/shared/config"
)

// parts is the stack while it is being built: each concern adds its own and reads those before it.
type parts struct {
	awscdk.Stack
	space config.Space
	dist  string

	dataKey, tokenKey  awskms.Key
	table              awsdynamodb.Table
	artifacts, journal awss3.Bucket // journal is nil when journal copies live with the artifacts
	alarms, alarmsDead awssqs.Queue
	triage, triageDead awssqs.Queue
	secrets            map[string]*string // name -> ARN
	api                api.CfnApi
	settings           awslambda.LayerVersion
	roles              map[string]awsiam.Role
	reader             awsiam.Role
	functions          map[string]awslambda.Function
	machine            awsstepfunctions.StateMachine
	operators          *string // ARN of the topic
}

func newStack(app awscdk.App, space config.Space, file, dist string) (awscdk.Stack, error) {
	props := &awscdk.StackProps{Description: jsii.String("Firefinder: investigates the alarms of Agent Space " + space.Name + "; never changes infrastructure")}
	if space.Account != "" || space.Region != "" {
		props.Env = &awscdk.Environment{Account: optional(space.Account), Region: optional(space.Region)}
	}
	p := &parts{
		Stack: awscdk.NewStack(app, jsii.String("Firefinder-"+space.Name), props),
		space: space, dist: dist,
		roles: map[string]awsiam.Role{}, functions: map[string]awslambda.Function{},
	}
	p.addKeys()
	p.addStore()
	p.addSecrets()
	p.addQueues()
	p.addAPI()
	if err := p.addSettings(app, file); err != nil {
		return nil, err
	}
	p.addRoles()
	p.addReader()
	if err := p.addFunctions(invokedByMachine); err != nil {
		return nil, err
	}
	p.addMachine()
	if err := p.addFunctions(invokedByOthers); err != nil {
		return nil, err
	}
	p.addRoutes()
	p.addTriggers()
	p.addWatch()
	p.addOutputs()
	awscdk.Tags_Of(p.Stack).Add(jsii.String("firefinder:space"), jsii.String(space.Name), &awscdk.TagProps{
		ExcludeResourceTypes: jsii.Strings("AWS::CloudWatch::Dashboard"), // tags there are newer than most linters know
	})
	return p.Stack, nil
}

// addSettings puts the space file into a layer, /opt/space.yaml. The functions' own code stays byte-identical between
// spaces, and an edited space file deploys without a build.
func (p *parts) addSettings(app awscdk.App, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	dir := filepath.Join(*app.Outdir(), "space-"+p.space.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "space.yaml"), data, 0o644); err != nil {
		return err
	}
	p.settings = awslambda.NewLayerVersion(p.Stack, jsii.String("Settings"), &awslambda.LayerVersionProps{
		Description: jsii.String("The file of Agent Space " + p.space.Name),
		Code:        awslambda.Code_FromAsset(jsii.String(dir), nil),
	})
	return nil
}

func (p *parts) addOutputs() {
	output := func(id, description string, value *string) {
		awscdk.NewCfnOutput(p.Stack, jsii.String(id), &awscdk.CfnOutputProps{Description: jsii.String(description), Value: value})
	}
	output("PublicURL", "Base of approval links; custom domains map to it", p.publicURL())
	output("HooksURL", "Sources post here: replace {source} by the kind in the space file", jsii.String(*p.endpoint()+"/hooks/{source}"))
	output("InvestigatorRoleArn", "Parameter InvestigatorRoleArn of infra/reader-role.yaml in other accounts", p.roles["investigate"].RoleArn())
	output("OperatorsTopicArn", "Subscribe the people who run Firefinder", p.operators)
	output("MachineArn", "State machine of the investigations", p.machine.StateMachineArn())
	output("TableName", "Everything that Firefinder remembers", p.table.TableName())
	output("ArtifactsBucket", "Reports, plans and tool results", p.artifacts.BucketName())
}

// name is the name of a part as people see it in consoles and logs.
func (p *parts) name(part string) *string {
	return jsii.String("firefinder-" + p.space.Name + "-" + part)
}

// arn names something in the stack's own account and region.
func (p *parts) arn(service, resource string) *string {
	return jsii.String("arn:" + *p.Partition() + ":" + service + ":" + *p.Region() + ":" + *p.Account() + ":" + resource)
}

// logGroup always has an end: nothing is kept for ever.
func (p *parts) logGroup(id, name string, keep awslogs.RetentionDays) awslogs.LogGroup {
	return awslogs.NewLogGroup(p.Stack, jsii.String(id), &awslogs.LogGroupProps{
		LogGroupName: jsii.String(name), Retention: keep, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return jsii.String(s)
}
