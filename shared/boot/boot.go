// Package boot is the cold start and the seams of the functions, used on AWS and on a laptop alike: settings from the
// environment, a JSON logger, and adapters that fit typed steps, queue batches and HTTP handlers to Lambda. Only seams
// log errors, and only with a class and facts, never with payloads.
package boot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
)

// Env is what every function knows after its cold start.
type Env struct {
	Space config.Space
	Log   *slog.Logger

	Table       string // DynamoDB table
	Bucket      string // artifacts
	Journals    string // bucket of locked journal copies; empty: none
	TriageQueue string // URL
	TriageDLQ   string // URL
	Machine     string // state machine ARN
	PublicURL   string // base of links
	WebhookURL  string // where the signer posts
	TokenKey    string // KMS key of task tokens
	ReaderRole  string // role through which this account's telemetry is read
}

// Load reads the environment and the space file. It ends the process with a clear message when something is missing:
// a function that cannot know its space must not run.
func Load() Env {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	env, err := load(os.Getenv, log)
	if err != nil {
		log.Error("cold start failed", "err", err.Error())
		os.Exit(1)
	}
	return env
}

func load(lookup func(string) string, log *slog.Logger) (Env, error) {
	env := Env{
		Table: lookup("FIREFINDER_TABLE"), Bucket: lookup("FIREFINDER_BUCKET"), Journals: lookup("FIREFINDER_JOURNAL_BUCKET"), TriageQueue: lookup("FIREFINDER_QUEUE_TRIAGE"),
		TriageDLQ: lookup("FIREFINDER_DLQ_TRIAGE"), Machine: lookup("FIREFINDER_MACHINE"), PublicURL: lookup("FIREFINDER_PUBLIC_URL"),
		WebhookURL: lookup("FIREFINDER_WEBHOOK_URL"), TokenKey: lookup("FIREFINDER_TOKEN_KEY"), ReaderRole: lookup("FIREFINDER_READER_ROLE"),
	}
	file := lookup("FIREFINDER_SPACE_FILE")
	if file == "" {
		return env, incident.Errorf(incident.Invalid, "FIREFINDER_SPACE_FILE is not set; the deployment sets it to /opt/space.yaml")
	}
	space, err := config.LoadSpace(file)
	if err != nil {
		return env, err
	}
	if env.PublicURL == "" {
		env.PublicURL = space.PublicURL
	}
	space.PublicURL = env.PublicURL // what the deployment knows is what links in messages begin with
	env.Space, env.Log = space, log.With("space", space.Name)
	return env, nil
}

// Task fits a typed step to Lambda. Its errors leave under their class name, the only thing that Retry and Catch of the
// state machine may match, with a message for people that holds no payload.
func Task[In, Out any](log *slog.Logger, step func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		out, err := step(ctx, in)
		if err == nil {
			return out, nil
		}
		class := string(incident.ClassOf(err))
		log.ErrorContext(ctx, "step failed", "class", class, "err", err.Error())
		return out, messages.InvokeResponse_Error{Type: class, Message: class + ": see the log of this function"}
	}
}

// Invoker is the same step as a function of JSON, for the embedded machine; errors keep their class.
func Invoker[In, Out any](log *slog.Logger, step func(context.Context, In) (Out, error)) func(context.Context, json.RawMessage) (json.RawMessage, error) {
	return func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, incident.Errorf(incident.Invalid, "step input: %w", err)
		}
		out, err := step(ctx, in)
		if err != nil {
			log.ErrorContext(ctx, "step failed", "class", incident.ClassOf(err), "err", err.Error())
			return nil, err
		}
		return json.Marshal(out)
	}
}

// Batch fits a queue handler to SQS with partial batch responses: only what failed comes again.
func Batch(log *slog.Logger, handle queue.Handler) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, in events.SQSEvent) (events.SQSEventResponse, error) {
		batch := make([]queue.Message, len(in.Records))
		for i, r := range in.Records {
			batch[i] = queue.Message{ID: r.MessageId, Body: []byte(r.Body), Receives: receives(r)}
		}
		var out events.SQSEventResponse
		for id, err := range handle(ctx, batch) {
			log.ErrorContext(ctx, "message failed", "message", id, "class", incident.ClassOf(err), "err", err.Error())
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
		return out, nil
	}
}

func receives(r events.SQSMessage) int {
	n := 1
	if v, ok := r.Attributes["ApproximateReceiveCount"]; ok {
		_, _ = fmt.Sscan(strings.TrimSpace(v), &n) // a malformed count counts as the first delivery
	}
	return n
}

// Must returns a cold start's value or ends the process with a clear message: a function that is half wired must not run.
func Must[T any](v T, err error) T {
	if err != nil {
		slog.New(slog.NewJSONHandler(os.Stdout, nil)).Error("cold start failed", "err", err.Error())
		os.Exit(1)
	}
	return v
}

// ReaderRoles are all roles through which telemetry is read: of this account, then of others.
func (e Env) ReaderRoles() []string {
	return append([]string{e.ReaderRole}, e.Space.Connectors.ReaderRoles...)
}

// RedactKey keys the placeholders of masked secrets, so that one secret has one placeholder within a space and nobody
// can try guesses against it without the space's table name.
func (e Env) RedactKey() []byte { return []byte("firefinder/" + e.Space.Name + "/" + e.Table) }
