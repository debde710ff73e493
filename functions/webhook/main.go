// Command webhook is the public door: it verifies deliveries and puts their events on the queue. It holds no model.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/aws/secrets"
	"github.com/firefinder/firefinder/shared/aws/sqs"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	lambda.Start(boot.HTTP(source.Handler(source.Deps{
		Space: env.Space, Sources: catalogue.All(env.Space), Secrets: secrets.New(cfg, time.Now),
		Queue: sqs.New(cfg, env.TriageQueue), Dead: sqs.New(cfg, env.TriageDLQ),
		Blob: s3.New(cfg, env.Bucket), Store: dynamo.New(cfg, env.Table), Redact: redact.New(env.RedactKey()), Now: time.Now, Log: env.Log,
	})))
}
