// Command triage decides what an alarm means and starts the investigations that it opens.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/sqs"
	"github.com/firefinder/firefinder/shared/aws/stepfn"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/skills"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	svc := triage.New(triage.Deps{
		Store: dynamo.New(cfg, env.Table), Space: env.Space, Skills: boot.Must(skill.Load(skills.FS, rule.Compiler())),
		Start: stepfn.New(cfg, env.Machine), Dead: sqs.New(cfg, env.TriageDLQ), Now: time.Now, Log: env.Log,
	})
	lambda.Start(boot.Batch(env.Log, svc.Handle))
}
