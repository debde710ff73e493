// Package profile loads the AWS configuration of a person's machine: environment, shared configuration files and profiles,
// single sign-on, instance roles. Functions have no need of it and must not link it.
package profile

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

// Load is aws.Load with the default chain of the AWS command line where options leave something open. It calls no
// service; credentials are fetched by the first call, which fails Denied or Unavailable when there are none.
func Load(ctx context.Context, opts aws.Options) (sdk.Config, error) {
	base := aws.Base()
	load := []func(*config.LoadOptions) error{config.WithHTTPClient(base.HTTPClient), config.WithRetryer(base.Retryer), config.WithLogger(logging.Nop{})}
	if opts.Region != "" {
		load = append(load, config.WithRegion(opts.Region))
	}
	if opts.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(opts.Endpoint))
	}
	if opts.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(opts.Credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return sdk.Config{}, incident.Errorf(incident.Invalid, "AWS configuration: %w; see `aws configure list`", err)
	}
	if cfg.Region == "" {
		return sdk.Config{}, incident.Errorf(incident.Invalid, "AWS configuration: no region; set AWS_REGION, or a region in your AWS profile")
	}
	return cfg, nil
}
