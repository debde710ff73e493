package aws_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

// service is a fake of anything: it answers every request with one status, error code and message.
type service struct {
	status int
	code   string
	calls  atomic.Int64
	last   atomic.Value // the request's Authorization header
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	s.last.Store(r.Header.Get("Authorization"))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(s.status)
	if s.code != "" {
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws#%s","message":"as told"}`, s.code)
	} else {
		_, _ = w.Write([]byte("{}"))
	}
}

func load(t *testing.T, h http.Handler) sdk.Config {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func get(ctx context.Context, cfg sdk.Config) error {
	_, err := dynamodb.NewFromConfig(cfg).GetItem(ctx, &dynamodb.GetItemInput{
		TableName: sdk.String("t"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}})
	return err
}

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   incident.Class
	}{
		{400, "ValidationException", incident.Invalid},
		{400, "SomethingNew", incident.Invalid},
		{400, "AccessDeniedException", incident.Denied},
		{400, "UnrecognizedClientException", incident.Denied},
		{400, "ExpiredTokenException", incident.Denied},
		{403, "", incident.Denied},
		{400, "ResourceNotFoundException", incident.NotFound},
		{404, "", incident.NotFound},
		{400, "ProvisionedThroughputExceededException", incident.Throttled},
		{400, "ThrottlingException", incident.Throttled},
		{429, "", incident.Throttled},
		{500, "InternalServerError", incident.Unavailable},
		{503, "", incident.Unavailable},
		{500, "SomethingNew", incident.Unavailable},
	} {
		cfg := aws.Patient(load(t, &service{status: c.status, code: c.code}), 1e9, 1)
		err := aws.Wrap(get(t.Context(), cfg), "get %s", "a")
		if incident.ClassOf(err) != c.want {
			t.Errorf("%d %s: got %s (%v), want %s", c.status, c.code, incident.ClassOf(err), err, c.want)
		}
		if c.code != "" && err.Error() != "get a: "+c.code+": as told" {
			t.Errorf("%d %s: message %q", c.status, c.code, err)
		}
		if aws.Code(err) == "" && c.code != "" {
			t.Errorf("%d %s: the code is out of reach", c.status, c.code)
		}
		if want := c.status < 500; aws.Refused(err) != want {
			t.Errorf("%d %s: refused = %v", c.status, c.code, !want)
		}
	}
	denied := get(t.Context(), load(t, &service{status: 400, code: "AccessDeniedException"}))
	if own := aws.Own(denied, "get a"); !incident.Is(own, incident.Internal) || aws.Code(own) != "AccessDeniedException" {
		t.Errorf("our own table denied: %v (class %s)", own, incident.ClassOf(own))
	}
	if aws.Wrap(nil, "nothing") != nil || aws.Own(nil, "nothing") != nil {
		t.Error("no error became one")
	}
}

func TestNobodyAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: "http://" + listener.Addr().String(), Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	if err := aws.Wrap(get(t.Context(), aws.Patient(cfg, 1e9, 1)), "get"); !incident.Is(err, incident.Unavailable) || aws.Refused(err) {
		t.Errorf("nobody listens: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := aws.Wrap(get(ctx, cfg), "get"); !incident.Is(err, incident.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRetriesAreBounded(t *testing.T) {
	s := &service{status: 500}
	if err := get(t.Context(), load(t, s)); err == nil || s.calls.Load() != 3 {
		t.Errorf("%d calls, %v", s.calls.Load(), err)
	}
	s = &service{status: 400, code: "ValidationException"}
	if err := get(t.Context(), load(t, s)); err == nil || s.calls.Load() != 1 {
		t.Errorf("%d calls, %v", s.calls.Load(), err)
	}
}

func TestEnvironment(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	refused := func(names string) {
		t.Helper()
		if _, err := aws.Load(t.Context(), aws.Options{}); !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), names) {
			t.Errorf("without %s: %v", names, err)
		}
	}
	refused("AWS_REGION")
	t.Setenv("AWS_REGION", "eu-west-1")
	refused("AWS_ACCESS_KEY_ID")
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	refused("AWS_SECRET_ACCESS_KEY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	s := &service{status: 200}
	server := httptest.NewServer(s)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	cfg, err := aws.Load(t.Context(), aws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := get(t.Context(), cfg); err != nil || !strings.Contains(s.last.Load().(string), "Credential=id/") || !strings.Contains(s.last.Load().(string), "/eu-west-1/dynamodb/") {
		t.Errorf("endpoint, region and credentials of the environment: %v, %v", err, s.last.Load())
	}
	if held, err := cfg.Credentials.Retrieve(t.Context()); err != nil || held.SessionToken != "token" {
		t.Errorf("session token: %v", err)
	}
}

// TestReaderFailsClosed sends a write and a read that is not on the list through a reader: nothing may leave.
func TestReaderFailsClosed(t *testing.T) {
	s := &service{status: 200}
	cfg := aws.Reader(load(t, s), "", "")
	logs := cloudwatchlogs.NewFromConfig(cfg)
	_, put := logs.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: sdk.String("g"), RetentionInDays: sdk.Int32(1)})
	_, export := logs.DescribeExportTasks(t.Context(), &cloudwatchlogs.DescribeExportTasksInput{})
	for name, err := range map[string]error{"write": put, "unlisted read": export, "other service": get(t.Context(), cfg)} {
		if !incident.Is(err, incident.Denied) || aws.Class(err) != incident.Denied {
			t.Errorf("%s: got %v, want class Denied", name, err)
		}
	}
	if n := s.calls.Load(); n != 0 {
		t.Errorf("%d requests left the process", n)
	}
	if _, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{}); err != nil || s.calls.Load() != 1 {
		t.Errorf("a listed read: %v", err)
	}
	if err := get(t.Context(), load(t, s)); err != nil {
		t.Errorf("the reader's guard leaked into another configuration: %v", err)
	}
}

// TestReaderAssumesItsRole follows the credentials: STS is asked with the function's own, the read goes out with the role's.
func TestReaderAssumesItsRole(t *testing.T) {
	var assumed, read string
	cfg := load(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		if strings.Contains(authorization, "/sts/") {
			_ = r.ParseForm()
			assumed = authorization + " " + r.Form.Get("RoleArn") + " " + r.Form.Get("RoleSessionName")
			w.Header().Set("Content-Type", "text/xml")
			_, _ = w.Write([]byte(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`))
			return
		}
		read = authorization
		_, _ = w.Write([]byte("{}"))
	}))
	reader := aws.Reader(cfg, "arn:aws:iam::123456789012:role/reader", "firefinder-shop")
	if _, err := cloudwatchlogs.NewFromConfig(reader).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Credential=id/", "arn:aws:iam::123456789012:role/reader", "firefinder-shop"} {
		if !strings.Contains(assumed, want) {
			t.Errorf("AssumeRole lacks %q: %s", want, assumed)
		}
	}
	if !strings.Contains(read, "Credential=ROLEKEY/") {
		t.Errorf("the read went out with other credentials: %s", read)
	}
}

// TestReadsAreReads keeps the list honest: reading verbs only, nothing that returns secrets, each action named once.
func TestReadsAreReads(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range aws.Reads {
		_, verb, _ := strings.Cut(r.Action, ":")
		if verb != r.Operation || seen[r.Action] {
			t.Errorf("%+v: the action is not the operation's, or stands twice", r)
		}
		seen[r.Action] = true
		if !hasPrefix(verb, "Describe", "Get", "List", "Filter", "Lookup") {
			t.Errorf("%s does not read", r.Action)
		}
		if strings.Contains(verb, "Secret") || strings.Contains(verb, "Parameter") || strings.Contains(verb, "Decrypt") {
			t.Errorf("%s may return secrets", r.Action)
		}
	}
}

func hasPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// TestReaderRoleAllowsTheReads compares the middleware's list with the role that is deployed in other accounts; the
// stack's own role is compared with the same file in infra.
func TestReaderRoleAllowsTheReads(t *testing.T) {
	template, err := os.ReadFile("../../infra/reader-role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ *- ((?:cloudwatch|logs|cloudtrail|xray):[A-Za-z]+)$`).FindAllStringSubmatch(string(template), -1) {
		allowed[m[1]] = true
	}
	for _, r := range aws.Reads {
		if !allowed[r.Action] {
			t.Errorf("the reader role does not allow %s", r.Action)
		}
		delete(allowed, r.Action)
	}
	for action := range allowed {
		t.Errorf("the reader role allows %s, which no client may call", action)
	}
}
