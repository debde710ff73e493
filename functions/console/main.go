// Command console serves the read-only pages. It has no route on AWS until sign-in exists.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/tell"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	store, docs := dynamo.New(cfg, env.Table), s3.New(cfg, env.Bucket)
	reports := tell.New(tell.Deps{Store: store, Blob: docs, Space: env.Space, Approvals: approval.New(approval.Deps{Store: store, Blob: docs}), Now: time.Now, Log: env.Log})
	lambda.Start(boot.HTTP(console.Handler(console.Deps{Store: store, Blob: docs, Space: env.Space, Reports: reports, Now: time.Now, Log: env.Log})))
}
