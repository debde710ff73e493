package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/firefinder/firefinder/shared/incident"
)

// Read is an operation that telemetry may be read with, and the IAM action that allows it.
type Read struct {
	Service   string // the SDK's service id
	Operation string
	Action    string
}

// Reads is everything that Firefinder may ever ask of AWS about a workload. The reader role allows exactly these
// actions and the SDK middleware exactly these operations. No operation here changes anything or returns a secret:
// StartQuery and StopQuery begin and end a search of our own, which AWS classes as reading.
var Reads = []Read{
	{"CloudWatch", "DescribeAlarms", "cloudwatch:DescribeAlarms"},
	{"CloudWatch", "DescribeAlarmHistory", "cloudwatch:DescribeAlarmHistory"},
	{"CloudWatch", "GetMetricData", "cloudwatch:GetMetricData"},
	{"CloudWatch", "ListMetrics", "cloudwatch:ListMetrics"},
	{"CloudWatch Logs", "DescribeLogGroups", "logs:DescribeLogGroups"},
	{"CloudWatch Logs", "FilterLogEvents", "logs:FilterLogEvents"},
	{"CloudWatch Logs", "StartQuery", "logs:StartQuery"},
	{"CloudWatch Logs", "GetQueryResults", "logs:GetQueryResults"},
	{"CloudWatch Logs", "StopQuery", "logs:StopQuery"},
	{"CloudTrail", "LookupEvents", "cloudtrail:LookupEvents"},
	{"XRay", "GetServiceGraph", "xray:GetServiceGraph"},
	{"XRay", "GetTraceSummaries", "xray:GetTraceSummaries"},
	{"XRay", "BatchGetTraces", "xray:BatchGetTraces"},
}

// Role is a reader role to assume.
type Role struct {
	ARN        string // empty: keep the caller's own credentials, as on a laptop
	ExternalID string // empty: none
	Session    string // shown in the account's CloudTrail, at most 64 of [A-Za-z0-9+=,.@-]
}

// Reader returns a configuration whose clients can call the operations of Reads and nothing else, with the credentials
// of the role. Every other call, and every call whose name cannot be told, fails Denied before anything is sent,
// whatever IAM would have allowed. It calls no service itself; a role that cannot be assumed fails at the first read.
func Reader(base sdk.Config, role Role) sdk.Config {
	cfg := base.Copy()
	if role.ARN != "" {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), role.ARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = role.Session
			if role.ExternalID != "" {
				o.ExternalID = &role.ExternalID
			}
		})
		cfg.Credentials = sdk.NewCredentialsCache(provider)
	}
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], func(s *middleware.Stack) error {
		// After the SDK has named service and operation, before it looks at the input, where an operation has one to look at.
		if s.Initialize.Insert(onlyReads, "OperationInputValidation", middleware.Before) == nil {
			return nil
		}
		return s.Initialize.Add(onlyReads, middleware.After)
	})
	return cfg
}

var onlyReads = middleware.InitializeMiddlewareFunc("FirefinderOnlyReads", func(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	for _, r := range Reads {
		if r.Service == service && r.Operation == operation {
			return next.HandleInitialize(ctx, in)
		}
	}
	return middleware.InitializeOutput{}, middleware.Metadata{}, incident.Errorf(incident.Denied,
		"%s %s is not among the operations that Firefinder reads with; nothing was sent", service, operation)
})
