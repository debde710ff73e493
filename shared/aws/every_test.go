package aws_test

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

// T20: every operation of every client that the module links is called through a reader. Those that are not on the list
// fail Denied and not a byte leaves; those on it reach the service.
func TestEveryOperationThroughAReader(t *testing.T) {
	var sent atomic.Int64
	cfg := aws.Reader(load(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sent.Add(1)
		_, _ = w.Write([]byte("{}"))
	})), "", "")
	listed := map[string]bool{}
	for _, r := range aws.Reads {
		listed[r.Service+" "+r.Operation] = true
	}
	clients := map[string]any{
		cloudtrail.ServiceID: cloudtrail.NewFromConfig(cfg), cloudwatch.ServiceID: cloudwatch.NewFromConfig(cfg), xray.ServiceID: xray.NewFromConfig(cfg),
		bedrockruntime.ServiceID: bedrockruntime.NewFromConfig(cfg), cloudwatchlogs.ServiceID: cloudwatchlogs.NewFromConfig(cfg), dynamodb.ServiceID: dynamodb.NewFromConfig(cfg),
		eventbridge.ServiceID: eventbridge.NewFromConfig(cfg), kms.ServiceID: kms.NewFromConfig(cfg), s3.ServiceID: s3.NewFromConfig(cfg), secretsmanager.ServiceID: secretsmanager.NewFromConfig(cfg),
		sesv2.ServiceID: sesv2.NewFromConfig(cfg), sfn.ServiceID: sfn.NewFromConfig(cfg), sqs.ServiceID: sqs.NewFromConfig(cfg), sts.ServiceID: sts.NewFromConfig(cfg),
	}
	denied, allowed := 0, 0
	for service, client := range clients {
		for name, call := range operations(t.Context(), client) {
			if name == "InvokeModelWithBidirectionalStream" {
				continue // the SDK's method waits for a connection, which a refused call never makes
			}
			before := sent.Load()
			err := call()
			switch {
			case listed[service+" "+name]:
				allowed++
				if incident.Is(err, incident.Denied) || aws.Class(err) == incident.Denied {
					t.Errorf("%s %s is on the list and was refused: %v", service, name, err)
				}
			case !incident.Is(err, incident.Denied) || sent.Load() != before:
				t.Errorf("%s %s: %v, %d requests left", service, name, err, sent.Load()-before)
			default:
				denied++
			}
		}
	}
	t.Logf("%d operations denied, 0 bytes sent; %d allowed", denied, allowed)
	if denied < 700 || allowed != len(aws.Reads) {
		t.Errorf("%d denied, %d of %d allowed: the test does not see all operations", denied, allowed, len(aws.Reads))
	}
}

// operations are the calls of a client: methods of the form (ctx, *NameInput, ...) (*NameOutput, error). Required texts are
// filled, so that what is refused is the call and not its input.
func operations(ctx context.Context, client any) map[string]func() error {
	out := map[string]func() error{}
	v := reflect.ValueOf(client)
	for i := range v.NumMethod() {
		m := v.Type().Method(i)
		if m.Type.NumIn() != 4 || !m.Type.IsVariadic() || m.Type.NumOut() != 2 || m.Type.In(2).Kind() != reflect.Pointer || m.Type.In(2).Elem().Name() != m.Name+"Input" {
			continue
		}
		in := reflect.New(m.Type.In(2).Elem())
		for f := range in.Elem().NumField() {
			if field := in.Elem().Field(f); field.CanSet() && field.Type() == reflect.TypeFor[*string]() {
				text := strings.Repeat("x", 36)
				field.Set(reflect.ValueOf(&text))
			}
		}
		out[m.Name] = func() error {
			err, _ := v.Method(i).Call([]reflect.Value{reflect.ValueOf(ctx), in})[1].Interface().(error)
			return err
		}
	}
	return out
}
