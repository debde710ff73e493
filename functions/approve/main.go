// Command approve shows plans to approvers and triage decisions to those who doubt them, and records what they decide.
package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/kms"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/aws/secrets"
	"github.com/firefinder/firefinder/shared/aws/stepfn"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/triage"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	store := dynamo.New(cfg, env.Table)
	svc := approval.New(approval.Deps{
		Store: store, Blob: s3.New(cfg, env.Bucket), Space: env.Space, Tokens: kms.New(cfg, env.TokenKey),
		Resume: stepfn.New(cfg, env.Machine), Now: time.Now, Rand: rand.Reader, Log: env.Log,
	})
	held, deps := secrets.New(cfg, time.Now), console.ApproveDeps{Approvals: svc, Store: store, Space: env.Space, Now: time.Now, Rand: rand.Reader, Log: env.Log}
	reverse := triage.New(triage.Deps{Store: store, Space: env.Space, Now: time.Now, Log: env.Log})
	mux := http.NewServeMux()
	mux.Handle("/approve/", console.ApproveHandler(deps))
	mux.Handle("/undo/", console.UndoHandler(deps, reverse, deliver.UndoLinks{Secret: env.Space.UndoSecret(), Secrets: held}))
	mux.Handle("/slack/", console.SlackHandler(deps, held))
	lambda.Start(boot.HTTP(mux))
}
