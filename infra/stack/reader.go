package stack

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// ReaderActions is everything the investigator can do to the workloads it looks at: reads, and only those that some tool
// makes. A new tool adds its actions here and to the SDK's list in shared/aws; a test holds the two equal. What may return
// a secret must not come in: function configurations and task definitions (environment), parameters, secrets, objects,
// items, decryption. The same list stands in infra/reader-role.yaml for other accounts.
var ReaderActions = []string{
	"cloudtrail:LookupEvents",
	"cloudwatch:DescribeAlarms",
	"cloudwatch:GetMetricData",
	"cloudwatch:ListMetrics",
	"logs:FilterLogEvents",
	"xray:GetServiceGraph",
	"xray:GetTimeSeriesServiceStatistics",
}

// addReader makes the role through which telemetry of this account is read. The deny stands beside the allow so that a
// broader policy, attached by mistake later, adds nothing.
func (p *parts) addReader() {
	statements := []awsiam.PolicyStatement{
		allow("ReadTelemetry", ReaderActions, jsii.String("*")),
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: jsii.String("DenyEverythingElse"), Effect: awsiam.Effect_DENY,
			NotActions: jsii.Strings(ReaderActions...), Resources: jsii.Strings("*"),
		}),
	}
	p.reader = awsiam.NewRole(p.Stack, jsii.String("Reader"), &awsiam.RoleProps{
		Description:        jsii.String("Telemetry that Agent Space " + p.space.Name + " may read; everything else is denied"),
		AssumedBy:          awsiam.NewArnPrincipal(p.roles["investigate"].RoleArn()),
		MaxSessionDuration: awscdk.Duration_Hours(jsii.Number(1)),
		InlinePolicies:     policy("Reader", statements),
	})
	for _, statement := range statements {
		explain(p.reader, statement)
	}
}

// ReaderTemplate is infra/reader-role.yaml: the reader role for an account other than the one Firefinder runs in.
func ReaderTemplate() string {
	var actions strings.Builder
	for _, action := range ReaderActions {
		fmt.Fprintf(&actions, "                  - %s\n", action)
	}
	return strings.ReplaceAll(readerTemplate, "{actions}\n", actions.String())
}

const readerTemplate = `# Written by the test of infra/stack from its list of read actions; change the list there, then
# go test ./infra/stack -run Reader -update
AWSTemplateFormatVersion: "2010-09-09"
Description: Lets Firefinder, running in another account, read telemetry of this one. Nothing else.
Parameters:
  InvestigatorRoleArn:
    Type: String
    Description: Output InvestigatorRoleArn of the Firefinder stack
    AllowedPattern: ^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      Description: Telemetry that Firefinder may read; everything else is denied
      MaxSessionDuration: 3600
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Ref InvestigatorRoleArn
            Action: sts:AssumeRole
      Policies:
        - PolicyName: Reader
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Sid: ReadTelemetry
                Effect: Allow
                Action:
{actions}
                Resource: "*"
              - Sid: DenyEverythingElse
                Effect: Deny
                NotAction:
{actions}
                Resource: "*"
Outputs:
  ReaderRole:
    Description: Put this under connectors.reader_roles in the space file, then deploy the space again
    Value: !GetAtt Reader.Arn
`
