package boot

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
)

const private = "table arn:aws:dynamodb:eu-central-1:111122223333:table/shop"

var quiet = slog.New(slog.DiscardHandler)

func TestAStepFailsUnderItsClassAndHidesTheCause(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{incident.Errorf(incident.Throttled, "%s is busy", private), "Throttled"},
		{fmt.Errorf("commit: %w", incident.Errorf(incident.Conflict, "%s moved", private)), "Conflict"},
		{errors.New(private), "Internal"},
	}
	for _, tc := range tests {
		step := Task(quiet, func(context.Context, string) (string, error) { return "", tc.err })
		_, err := step(t.Context(), "in")
		var got messages.InvokeResponse_Error
		if !errors.As(err, &got) || got.Type != tc.want {
			t.Errorf("%#v, want the type %s", err, tc.want)
		}
		if strings.Contains(err.Error(), "arn:") || !strings.Contains(err.Error(), "see the log") {
			t.Errorf("the caller is told %q", err)
		}
	}
}

func TestAStepThatSucceedsIsPassedThroughTheRealHandler(t *testing.T) {
	handler := lambda.NewHandler(Task(quiet, func(_ context.Context, in map[string]int) (map[string]int, error) {
		return map[string]int{"twice": 2 * in["n"]}, nil
	}))
	out, err := handler.Invoke(t.Context(), []byte(`{"n":21}`))
	if err != nil || strings.TrimSpace(string(out)) != `{"twice":42}` {
		t.Errorf("%s, %v", out, err)
	}
}

func TestAnInvokerKeepsTheClassAndRefusesWhatIsNotItsInput(t *testing.T) {
	var ran int
	step := Invoker(quiet, func(_ context.Context, n int) (int, error) {
		ran++
		if n < 0 {
			return 0, incident.Errorf(incident.Denied, "negative")
		}
		return n + 1, nil
	})
	if out, err := step(t.Context(), json.RawMessage("41")); err != nil || string(out) != "42" {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := step(t.Context(), json.RawMessage("-1")); !incident.Is(err, incident.Denied) {
		t.Errorf("%v", err)
	}
	if _, err := step(t.Context(), json.RawMessage(`"text"`)); !incident.Is(err, incident.Invalid) || ran != 2 {
		t.Errorf("%v after %d runs", err, ran)
	}
}

func TestSeamsLogTheClass(t *testing.T) {
	var log bytes.Buffer
	step := Task(slog.New(slog.NewJSONHandler(&log, nil)), func(context.Context, string) (string, error) {
		return "", incident.Errorf(incident.Denied, "no access to the table")
	})
	_, _ = step(t.Context(), "the payload")
	if line := log.String(); !strings.Contains(line, `"class":"Denied"`) || !strings.Contains(line, "no access") || strings.Contains(line, "the payload") {
		t.Errorf("%s", line)
	}
}

func TestOnlyWhatFailedComesAgain(t *testing.T) {
	var seen []queue.Message
	handle := Batch(quiet, func(_ context.Context, batch []queue.Message) map[string]error {
		seen = batch
		return map[string]error{"m-2": errors.New("no"), "m-4": errors.New("no")}
	})
	record := func(id, count string) events.SQSMessage {
		m := events.SQSMessage{MessageId: id, Body: "body of " + id}
		if count != "" {
			m.Attributes = map[string]string{"ApproximateReceiveCount": count}
		}
		return m
	}
	got, err := handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record("m-1", "1"), record("m-2", "4"), record("m-3", ""), record("m-4", "many")}})
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, f := range got.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	if slices.Sort(failed); !slices.Equal(failed, []string{"m-2", "m-4"}) {
		t.Errorf("failures %v", failed)
	}
	want := []queue.Message{
		{ID: "m-1", Body: []byte("body of m-1"), Receives: 1}, {ID: "m-2", Body: []byte("body of m-2"), Receives: 4},
		{ID: "m-3", Body: []byte("body of m-3"), Receives: 1}, {ID: "m-4", Body: []byte("body of m-4"), Receives: 1},
	}
	if !cmp.Equal(seen, want) {
		t.Error(cmp.Diff(want, seen))
	}
}

// seen is what an HTTP handler was given.
type seen struct {
	Method, Path, Query, Host, Remote, URI, Body string
	Header                                       http.Header
	Cookies                                      map[string]string
}

func serve(t *testing.T, in events.APIGatewayV2HTTPRequest, answer func(http.ResponseWriter)) (seen, events.APIGatewayV2HTTPResponse) {
	t.Helper()
	var got seen
	handler := HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = seen{r.Method, r.URL.Path, r.URL.RawQuery, r.Host, r.RemoteAddr, r.RequestURI, string(body), r.Header, map[string]string{}}
		for _, c := range r.Cookies() {
			got.Cookies[c.Name] = c.Value
		}
		answer(w)
	}))
	out, err := handler(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return got, out
}

func gatewayRequest(stage, path string) events.APIGatewayV2HTTPRequest {
	in := events.APIGatewayV2HTTPRequest{RawPath: path}
	in.RequestContext.Stage = stage
	in.RequestContext.HTTP.Method = http.MethodPost
	in.RequestContext.HTTP.SourceIP = "198.51.100.7"
	in.RequestContext.DomainName = "abc.execute-api.eu-central-1.amazonaws.com"
	return in
}

func TestARequestReachesTheHandlerAsItWasSent(t *testing.T) {
	raw := "\x00\xff binary \r\n"
	in := gatewayRequest("$default", "/v1/events")
	in.RawQueryString = "a=1&a=2&b=%20"
	in.Headers = map[string]string{"x-signature": "v1=abc", "accept": "text/html,application/json"}
	in.Cookies = []string{"one=1", "two=2"}
	in.Body, in.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(raw)), true
	got, _ := serve(t, in, func(http.ResponseWriter) {})
	want := seen{
		Method: http.MethodPost, Path: "/v1/events", Query: "a=1&a=2&b=%20", Host: "abc.execute-api.eu-central-1.amazonaws.com",
		Remote: "198.51.100.7", URI: "/v1/events?a=1&a=2&b=%20", Body: raw, Cookies: map[string]string{"one": "1", "two": "2"},
		Header: http.Header{"X-Signature": {"v1=abc"}, "Accept": {"text/html,application/json"}, "Cookie": {"one=1", "two=2"}},
	}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestTheStageIsNoPartOfThePath(t *testing.T) {
	tests := []struct{ stage, path, want string }{
		{"$default", "/health", "/health"},
		{"prod", "/prod/health", "/health"},
		{"", "/prod/health", "/prod/health"},
		{"prod", "/prod/prod/health", "/prod/health"},
	}
	for _, tc := range tests {
		if got, _ := serve(t, gatewayRequest(tc.stage, tc.path), func(http.ResponseWriter) {}); got.Path != tc.want {
			t.Errorf("stage %s, path %s: %s", tc.stage, tc.path, got.Path)
		}
	}
}

func TestABodyThatIsNotTheBase64ItClaimsIsRefused(t *testing.T) {
	in := gatewayRequest("$default", "/v1/events")
	in.Body, in.IsBase64Encoded = "%%%", true
	got, out := serve(t, in, func(http.ResponseWriter) {})
	if out.StatusCode != http.StatusBadRequest || got.Method != "" {
		t.Errorf("%+v, the handler saw %+v", out, got)
	}
}

func TestAResponseLeavesAsItWasWritten(t *testing.T) {
	_, out := serve(t, gatewayRequest("$default", "/"), func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Add("Vary", "Cookie")
		w.Header().Add("Vary", "Accept")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusTeapot) // too late, as in net/http
		_, _ = io.WriteString(w, "<p>")
		_, _ = io.WriteString(w, "done")
	})
	want := events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusCreated, Body: "<p>done", Cookies: []string{"a=1", "b=2"},
		Headers: map[string]string{"Content-Type": "text/html; charset=utf-8", "Vary": "Cookie,Accept"},
	}
	if !cmp.Equal(out, want) {
		t.Error(cmp.Diff(want, out))
	}
}

func TestOnlyTextLeavesAsText(t *testing.T) {
	tests := map[string]bool{
		"": true, "text/plain": true, "application/json": true, "application/problem+json": true, "image/svg+xml": true,
		"image/png": false, "application/octet-stream": false, "font/woff2": false,
	}
	for kind, plain := range tests {
		_, out := serve(t, gatewayRequest("$default", "/"), func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write([]byte("body"))
		})
		want := "body"
		if !plain {
			want = base64.StdEncoding.EncodeToString([]byte("body"))
		}
		if out.Body != want || out.IsBase64Encoded == plain || out.StatusCode != http.StatusOK {
			t.Errorf("%q: %+v", kind, out)
		}
	}
}

func TestAColdStartWithoutItsSpaceSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("name: shop\nservces: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, file string
		class      incident.Class
		says       []string
	}{
		{"not set", "", incident.Invalid, []string{"FIREFINDER_SPACE_FILE", "/opt/space.yaml"}},
		{"missing", filepath.Join(dir, "absent.yaml"), incident.NotFound, []string{"absent.yaml", "space init"}},
		{"misspelt", broken, incident.Invalid, []string{"broken.yaml", "servces"}},
	}
	for _, tc := range tests {
		_, err := load(func(name string) string { return map[string]string{"FIREFINDER_SPACE_FILE": tc.file}[name] }, quiet)
		if incident.ClassOf(err) != tc.class {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		for _, words := range tc.says {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %q does not mention %s", tc.name, err, words)
			}
		}
	}
}

func TestLinksBeginWithWhatTheDeploymentKnows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "space.yaml")
	if err := os.WriteFile(file, []byte("name: shop\nservices: [{name: checkout}]\npublic_url: https://file.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for deployed, want := range map[string]string{"": "https://file.example", "https://api.example": "https://api.example"} {
		values := map[string]string{"FIREFINDER_SPACE_FILE": file, "FIREFINDER_PUBLIC_URL": deployed, "FIREFINDER_TABLE": "t"}
		env, err := load(func(name string) string { return values[name] }, quiet)
		if err != nil {
			t.Fatal(err)
		}
		if env.PublicURL != want || env.Space.PublicURL != want || env.Table != "t" || env.Log == nil {
			t.Errorf("%+v", env)
		}
		if key := string(env.RedactKey()); !strings.Contains(key, "shop") || !strings.Contains(key, "t") {
			t.Errorf("redaction key %q", key)
		}
	}
}
