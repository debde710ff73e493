// Command deliver tells people what an investigation found and decided, and closes it.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/eventbridge"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/aws/secrets"
	"github.com/firefinder/firefinder/shared/aws/ses"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/catalogue"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/tell"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	store, docs, held := dynamo.New(cfg, env.Table), s3.New(cfg, env.Bucket), secrets.New(cfg, time.Now)
	channels := catalogue.All(env.Space, held, ses.New(cfg).Sender(), eventbridge.New(cfg, env.Space.Notify.EventBus()).Sender())
	deps := tell.Deps{
		Store: store, Blob: docs, Space: env.Space, Approvals: approval.New(approval.Deps{Store: store, Blob: docs}),
		Tell: deliver.New(deliver.Deps{Store: store, Channels: channels, Redact: redact.New(env.RedactKey()), Now: time.Now, Log: env.Log}),
		Undo: deliver.UndoLinks{Base: env.PublicURL, Secret: env.Space.UndoSecret(), Secrets: held},
		Now:  time.Now, Log: env.Log,
	}
	if env.Journals != "" {
		deps.Journals = s3.New(cfg, env.Journals)
	}
	svc := tell.New(deps)
	lambda.Start(boot.Task(env.Log, svc.Deliver))
}
