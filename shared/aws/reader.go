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

// Reads is everything that Firefinder may ever ask of AWS about a workload: what its connectors call, and no more. The
// reader role allows exactly these actions and the SDK middleware exactly these operations. None changes anything or
// returns a secret.
var Reads = []Read{
	{"CloudWatch", "DescribeAlarms", "cloudwatch:DescribeAlarms"},
	{"CloudWatch", "GetMetricData", "cloudwatch:GetMetricData"},
	{"CloudWatch", "ListMetrics", "cloudwatch:ListMetrics"},
	{"CloudWatch Logs", "FilterLogEvents", "logs:FilterLogEvents"},
	{"CloudTrail", "LookupEvents", "cloudtrail:LookupEvents"},
	{"XRay", "GetServiceGraph", "xray:GetServiceGraph"},
	{"XRay", "GetTimeSeriesServiceStatistics", "xray:GetTimeSeriesServiceStatistics"},
}

// Reader returns a configuration whose clients can call the operations of Reads and nothing else, with the credentials
// of the role, an ARN; without one they keep the caller's, as on a laptop. session is shown in the account's CloudTrail.
// Every other call, and every call whose name cannot be told, fails Denied before anything is sent, whatever IAM would
// have allowed. It calls no service itself; a role that cannot be assumed fails at the first read.
func Reader(base sdk.Config, role, session string) sdk.Config {
	cfg := base.Copy()
	if role != "" {
		cfg.Credentials = sdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = session
		}))
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
