// Command propose stores a plan with the waiting task's token and asks the approvers.
package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/eventbridge"
	"github.com/firefinder/firefinder/shared/aws/kms"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/aws/secrets"
	"github.com/firefinder/firefinder/shared/aws/ses"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/catalogue"
	"github.com/firefinder/firefinder/shared/redact"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	store := dynamo.New(cfg, env.Table)
	channels := catalogue.All(env.Space, secrets.New(cfg, time.Now), ses.New(cfg).Sender(), eventbridge.New(cfg, env.Space.Notify.EventBus()).Sender())
	svc := approval.New(approval.Deps{
		Store: store, Blob: s3.New(cfg, env.Bucket), Space: env.Space, Tokens: kms.New(cfg, env.TokenKey),
		Tell: deliver.New(deliver.Deps{Store: store, Channels: channels, Redact: redact.New(env.RedactKey()), Now: time.Now, Log: env.Log}),
		Now:  time.Now, Rand: rand.Reader, Log: env.Log,
	})
	lambda.Start(boot.Task(env.Log, svc.ProposeStep))
}
