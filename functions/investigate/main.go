// Command investigate looks for the cause of an incident, one bounded slice at a time.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/bedrock"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/connector/catalogue"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/llm/analyst"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/skills"
)

func main() {
	env := boot.Load()
	cfg := boot.Must(aws.Load(context.Background(), aws.Options{}))
	store := dynamo.New(cfg, env.Table)
	svc := investigate.New(investigate.Deps{
		Store: store, Blob: s3.New(cfg, env.Bucket), Space: env.Space, Skills: boot.Must(skill.Load(skills.FS, nil)).Active(env.Space.Skills),
		Model: bedrock.Open(cfg, env.Space.Models), ModelID: env.Space.Models.Investigate, Offline: analyst.Analyst{},
		Ledger: budget.Ledger{Store: store, Ceiling: env.Space.Budget.DollarsDay, Prices: env.Space.Models.Prices, Now: time.Now},
		Tools:  catalogue.Tools(env.Space, aws.Accounts(cfg, env.Space.Name, env.ReaderRoles()...), env.RedactKey()), Redact: redact.New(env.RedactKey()), Now: time.Now, Log: env.Log,
	})
	lambda.Start(boot.Task(env.Log, svc.Advance))
}
