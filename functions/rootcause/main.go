// Command rootcause checks what an investigation concluded and stores it.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/redact"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	svc := investigate.New(investigate.Deps{
		Store: dynamo.New(cfg, env.Table), Blob: s3.New(cfg, env.Bucket), Space: env.Space,
		Redact: redact.New(env.RedactKey()), Now: time.Now, Log: env.Log,
	})
	lambda.Start(boot.Task(env.Log, svc.Conclude))
}
