// Command signer turns CloudWatch alarm state changes into signed deliveries.
package main

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/secrets"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	signer := source.NewSigner(source.SignerDeps{
		Space: env.Space, Source: cloudwatch.New(env.Space, nil), Secrets: secrets.New(cfg, time.Now), Target: env.WebhookURL,
		Foreign: env.Space.Deploy.Webhook != "", HTTP: &http.Client{Timeout: 5 * time.Second}, Now: time.Now, Log: env.Log,
	})
	lambda.Start(boot.Batch(env.Log, signer.Handle))
}
