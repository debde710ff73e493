package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	kmsclient "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/test/lambda"
)

// deployment is a whole space on moto: the resources of infra/stack, and every function as the compiled program that is
// deployed, behind a Lambda Runtime API. What AWS does between them (mappings, HTTP API) the test does.
type deployment struct {
	t             *testing.T
	dir           string
	api           *httptest.Server
	env           []string
	alarms, queue string // URLs
	dead          string
	table, bucket string
	machine       string
	sqs           *sqs.Client
	sfn           *sfn.Client

	mu      sync.Mutex
	running map[string]*instance
	largest int // bytes of the largest input or output of a state
}

// instance is one execution environment of a function: it handles one invocation at a time.
type instance struct {
	mu sync.Mutex
	*lambda.Process
}

const modelID = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"

const space = `
name: shop
services:
  - name: checkout
    dimensions: {ServiceName: [checkout]}
    depends_on: [orders-db]
    log_groups: [/ecs/checkout]
  - name: orders-db
    dimensions: {ServiceName: [orders-db]}
sources: [{kind: generic}]
notify:
  email: {from: Firefinder <ff@example.com>, to: [oncall@example.com]}
  events: {}
models:
  investigate: ` + modelID + `
  prices: {` + modelID + `: {in: 3, out: 15, cache_read: 0.3, cache_write: 3.75}}
approvals:
  people: [{name: Alex, email: alex@example.com}, {name: Sam, email: sam@example.com}]
`

func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, dir: t.TempDir(), running: map[string]*instance{}}
	if _, err := lambda.Build(t.Context(), "../..", d.dir, false, "./functions/..."); err != nil {
		t.Fatal(err)
	}
	d.api = httptest.NewServer(http.HandlerFunc(d.http))
	t.Cleanup(d.api.Close)
	d.sqs, d.sfn = sqs.NewFromConfig(load(t)), nil
	d.table = newTable(t)
	_, d.bucket = bucket(t, false)
	d.alarms, _ = queues(t, d.sqs, time.Minute, 5)
	d.queue, d.dead = queues(t, d.sqs, time.Minute, 5)
	d.secrets()
	key, err := kmsclient.NewFromConfig(load(t)).CreateKey(t.Context(), &kmsclient.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gate.serve(d.functions()))
	d.sfn, d.machine = machine(t)
	file := filepath.Join(d.dir, "space.yaml")
	if err := os.WriteFile(file, []byte(space), 0o600); err != nil {
		t.Fatal(err)
	}
	d.env = []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + gateURL,
		"FIREFINDER_SPACE_FILE=" + file, "FIREFINDER_TABLE=" + d.table, "FIREFINDER_BUCKET=" + d.bucket,
		"FIREFINDER_QUEUE_TRIAGE=" + d.queue, "FIREFINDER_DLQ_TRIAGE=" + d.dead, "FIREFINDER_MACHINE=" + d.machine,
		"FIREFINDER_PUBLIC_URL=" + d.api.URL, "FIREFINDER_WEBHOOK_URL=" + d.api.URL + "/hooks/generic", "FIREFINDER_TOKEN_KEY=" + *key.KeyMetadata.Arn,
		"FIREFINDER_READER_ROLE=" + readerRole,
	}
	t.Cleanup(d.stop)
	return d
}

func (d *deployment) secrets() {
	d.t.Helper()
	var err error
	for _, name := range []string{"firefinder/shop/source/generic", "firefinder/shop/undo"} {
		if err == nil {
			_, err = secretsmanager.NewFromConfig(load(d.t)).CreateSecret(d.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: sdk.String(strings.Repeat("0123456789abcdef", 4))})
		}
	}
	if err == nil {
		_, err = sesv2.NewFromConfig(load(d.t)).CreateEmailIdentity(d.t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: sdk.String("ff@example.com")})
	}
	if err != nil && !strings.Contains(err.Error(), "AlreadyExists") {
		d.t.Fatal(err)
	}
}

func (d *deployment) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, p := range d.running {
		p.mu.Lock() // a call that a machine waits for is answered
		defer p.mu.Unlock()
		if p.Process == nil {
			continue
		}
		if d.t.Failed() {
			d.t.Logf("output of %s:\n%s", name, p.Output())
		}
		p.Close()
	}
}

// invoke runs a function, starting it if it does not run.
func (d *deployment) invoke(name string, event any) (lambda.Answer, error) {
	d.mu.Lock()
	i := d.running[name]
	if i == nil {
		i = &instance{}
		d.running[name] = i
	}
	d.mu.Unlock()
	i.mu.Lock()
	defer i.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if i.Process == nil {
		p, err := lambda.Start(context.Background(), filepath.Join(d.dir, name), d.env)
		if err != nil {
			return lambda.Answer{}, err
		}
		i.Process = p
	}
	return i.Invoke(ctx, event, 5*time.Minute)
}

// functions are what the state machine calls.
func (d *deployment) functions() map[string]function {
	out := map[string]function{}
	for _, name := range []string{"investigate", "rootcause", "mitigate", "propose", "deliver"} {
		out[name] = func(_ context.Context, payload []byte) (any, error) {
			a, err := d.invoke(name, json.RawMessage(payload))
			if err == nil && a.ErrorType != "" {
				err = incident.Errorf(incident.Class(a.ErrorType), "%s", a.Message)
			}
			d.mu.Lock()
			d.largest = max(d.largest, len(payload), len(a.Payload))
			d.mu.Unlock()
			return a.Payload, err
		}
	}
	return out
}

// pump does once what an event source mapping does all the time: it hands what a queue holds to a function and deletes
// what did not fail.
func (d *deployment) pump(url, name string) (handled int) {
	d.t.Helper()
	messages := receive(d.t, d.sqs, url)
	if len(messages) == 0 {
		return 0
	}
	var batch events.SQSEvent
	for _, m := range messages {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: *m.MessageId, Body: *m.Body, Attributes: m.Attributes})
	}
	a, err := d.invoke(name, batch)
	if err != nil || a.ErrorType != "" {
		d.t.Fatalf("%s: %+v, %v", name, a, err)
	}
	var out events.SQSEventResponse
	if err := json.Unmarshal(a.Payload, &out); err != nil {
		d.t.Fatal(err)
	}
	failed := map[string]bool{}
	for _, f := range out.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	for _, m := range messages {
		if failed[*m.MessageId] {
			continue
		}
		handled++
		if _, err := d.sqs.DeleteMessage(d.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			d.t.Fatal(err)
		}
	}
	return handled
}

// http is the HTTP API: it turns requests into invocations with payload format 2.0 and back.
func (d *deployment) http(w http.ResponseWriter, r *http.Request) {
	name := "approve"
	if strings.HasPrefix(r.URL.Path, "/hooks/") {
		name = "webhook"
	}
	body, _ := io.ReadAll(r.Body)
	in := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "$default", RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery, Headers: map[string]string{}, Body: string(body)}
	for key, values := range r.Header {
		if key != "Cookie" {
			in.Headers[strings.ToLower(key)] = strings.Join(values, ",")
		}
	}
	for _, c := range r.Cookies() {
		in.Cookies = append(in.Cookies, c.Name+"="+c.Value)
	}
	in.RequestContext = events.APIGatewayV2HTTPRequestContext{Stage: "$default", DomainName: r.Host,
		HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.Method, Path: r.URL.Path, SourceIP: "192.0.2.1"}}
	a, err := d.invoke(name, in)
	var out events.APIGatewayV2HTTPResponse
	if err != nil || a.ErrorType != "" || json.Unmarshal(a.Payload, &out) != nil {
		http.Error(w, fmt.Sprint(a.ErrorType, err), http.StatusInternalServerError)
		return
	}
	for key, value := range out.Headers {
		w.Header().Set(key, value)
	}
	for _, c := range out.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	w.WriteHeader(out.StatusCode)
	_, _ = io.Copy(w, bytes.NewReader([]byte(out.Body)))
}

// status is that of the execution with an investigation's name.
func (d *deployment) status(id string) string {
	d.t.Helper()
	arn := strings.Replace(d.machine, ":stateMachine:", ":execution:", 1) + ":" + id
	out, err := d.sfn.DescribeExecution(d.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(out.Status)
}

// started reports whether there is an execution of that name.
func (d *deployment) started(id string) bool {
	d.t.Helper()
	arn := strings.Replace(d.machine, ":stateMachine:", ":execution:", 1) + ":" + id
	_, err := d.sfn.DescribeExecution(d.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	return err == nil
}

func (d *deployment) checkState() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.largest > workflow.MaxState {
		d.t.Errorf("a state of %d bytes passed, at most %d", d.largest, workflow.MaxState)
	}
	d.t.Logf("largest state input or output: %d bytes", d.largest)
}
