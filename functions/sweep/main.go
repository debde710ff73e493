// Command sweep finishes, every minute, what a crash left: starts, places in line, expired and unanswered approvals.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/kms"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/aws/stepfn"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/triage"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	store, machine := dynamo.New(cfg, env.Table), stepfn.New(cfg, env.Machine)
	admit := triage.New(triage.Deps{Store: store, Space: env.Space, Start: machine, Now: time.Now, Log: env.Log})
	approvals := approval.New(approval.Deps{
		Store: store, Blob: s3.New(cfg, env.Bucket), Space: env.Space, Tokens: kms.New(cfg, env.TokenKey),
		Resume: machine, Now: time.Now, Rand: rand.Reader, Log: env.Log,
	})
	lambda.Start(boot.Task(env.Log, func(ctx context.Context, _ struct{}) (struct{}, error) {
		return struct{}{}, errors.Join(admit.Sweep(ctx), approvals.Sweep(ctx))
	}))
}
