package stepfn

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
)

const token = "AQC8A-task-token-that-nobody-may-see"

// open answers every request with an error code, or with success for "". The message repeats the request, as
// validation errors of AWS do.
func open(t *testing.T, code string) (*Machine, *[]string) {
	t.Helper()
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests = append(requests, string(body))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if code == "" {
			_, _ = w.Write([]byte(`{"executionArn":"arn:aws:states:eu-central-1:123456789012:execution:m:n","startDate":1}`))
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":%q}`, code, "Invalid value: "+string(body))
	}))
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return New(aws.Patient(cfg, 5e9, 1), "arn:aws:states:eu-central-1:123456789012:stateMachine:m"), &requests
}

func TestStart(t *testing.T) {
	for code, want := range map[string]incident.Class{
		"":                         "",
		"ExecutionAlreadyExists":   "",
		"StateMachineDoesNotExist": incident.Unavailable,
		"InvalidName":              incident.Invalid,
		"ExecutionLimitExceeded":   incident.Throttled,
		"AccessDeniedException":    incident.Internal,
		"ThrottlingException":      incident.Throttled,
		"StateMachineDeleting":     incident.Unavailable,
		"KmsThrottlingException":   incident.Throttled,
	} {
		m, requests := open(t, code)
		if err := m.Start(t.Context(), "inv-1", workflow.Input{ID: "inv-1", Phase: "plan"}); incident.ClassOf(err) != want {
			t.Errorf("%q: got %v (class %q), want %q", code, err, incident.ClassOf(err), want)
		}
		if !strings.Contains((*requests)[0], `"input":"{\"id\":\"inv-1\",\"phase\":\"plan\"}"`) || !strings.Contains((*requests)[0], `"name":"inv-1"`) {
			t.Errorf("%q: request %s", code, (*requests)[0])
		}
	}
}

func TestResume(t *testing.T) {
	for code, want := range map[string]incident.Class{
		"":                      "",
		"TaskTimedOut":          incident.NotFound,
		"TaskDoesNotExist":      incident.NotFound,
		"InvalidToken":          incident.Invalid,
		"ValidationException":   incident.Invalid,
		"AccessDeniedException": incident.Internal,
		"ThrottlingException":   incident.Throttled,
	} {
		m, _ := open(t, code)
		for name, err := range map[string]error{
			"succeed": m.Succeed(t.Context(), token, workflow.Decision{ID: "inv-1", Decision: "APPROVED"}),
			"fail":    m.Fail(t.Context(), token, "Denied", "nobody may"),
		} {
			if incident.ClassOf(err) != want {
				t.Errorf("%s %q: got %v (class %q), want %q", name, code, err, incident.ClassOf(err), want)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("%s %q: the token is in the message: %v", name, code, err)
			}
		}
	}
}

func TestStateIsSmall(t *testing.T) {
	m, requests := open(t, "")
	err := m.Start(t.Context(), "inv-1", workflow.Input{ID: strings.Repeat("x", workflow.MaxState)})
	if !incident.Is(err, incident.Internal) || len(*requests) != 0 {
		t.Errorf("%v after %d requests", err, len(*requests))
	}
}
