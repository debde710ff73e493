// Package awstest stands in for the read APIs of AWS accounts in tests of connectors: answers are given by operation, in
// the wire formats that the SDK's clients speak, and every call is kept with the role whose credentials signed it.
package awstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/firefinder/firefinder/shared/aws"
)

// Call is one call that a client made.
type Call struct {
	Operation string
	Role      string         // ARN of the role whose credentials signed it; empty: the function's own
	Input     map[string]any // times are seconds since 1970 in JSON APIs and time.Time in CBOR ones, numbers are float64
}

// Answer answers a call: with a document (map[string]any, []any, string, float64, int, bool, time.Time), or an *Error.
type Answer func(Call) (map[string]any, error)

// Error is an error as services send it.
type Error struct {
	Status        int
	Code, Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Cloud is a set of accounts behind one endpoint.
type Cloud struct {
	t       *testing.T
	url     string
	mu      sync.Mutex
	answers map[string]Answer
	calls   []Call
	roles   []string // by number of the access key that was handed out
	refused []string // roles that cannot be assumed
}

// New starts a cloud whose operations answer as given. Everything else is an error of the test.
func New(t *testing.T, answers map[string]Answer) *Cloud {
	t.Helper()
	c := &Cloud{t: t, answers: answers}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// Config is the function's own configuration, before any role is assumed.
func (c *Cloud) Config() sdk.Config {
	c.t.Helper()
	cfg, err := aws.Load(c.t.Context(), aws.Options{Region: "eu-central-1", Endpoint: c.url, Credentials: credentials.NewStaticCredentialsProvider("OWN", "secret", "")})
	if err != nil {
		c.t.Fatal(err)
	}
	return cfg
}

// Accounts are those that a deployment would read through the roles.
func (c *Cloud) Accounts(roles ...string) []aws.Account {
	return aws.Accounts(c.Config(), "shop", roles...)
}

// Refuse lets a role not be assumed.
func (c *Cloud) Refuse(role string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = append(c.refused, role)
}

// Calls are the calls of one operation so far, in order.
func (c *Cloud) Calls(operation string) []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Call
	for _, call := range c.calls {
		if call.Operation == operation {
			out = append(out, call)
		}
	}
	return out
}

// ServeHTTP implements http.Handler.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || int64(len(body)) < r.ContentLength {
		return // the client gave up
	}
	if strings.Contains(r.Header.Get("Authorization"), "/sts/") {
		c.assume(w, r, string(body))
		return
	}
	call, isCBOR := Call{Role: c.signer(r), Input: map[string]any{}}, r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor"
	switch target := r.Header.Get("X-Amz-Target"); {
	case isCBOR: // /service/<name>/operation/<operation>
		call.Operation = path.Base(r.URL.Path)
		if call.Input, err = FromCBOR(body); err != nil {
			c.t.Errorf("%s: %v", call.Operation, err)
			return
		}
	default:
		call.Operation = path.Base(r.URL.Path)
		if target != "" {
			call.Operation = target[strings.LastIndex(target, ".")+1:]
		}
		if len(body) > 0 && json.Unmarshal(body, &call.Input) != nil {
			c.t.Errorf("%s: not JSON: %s", call.Operation, body)
		}
	}
	c.mu.Lock()
	c.calls = append(c.calls, call)
	answer := c.answers[call.Operation]
	c.mu.Unlock()
	if answer == nil {
		c.t.Errorf("%s is not answered in this test", call.Operation)
		answer = func(Call) (map[string]any, error) { return nil, &Error{400, "UnknownOperationException", ""} }
	}
	out, err := answer(call)
	write(w, out, err, isCBOR)
}

func write(w http.ResponseWriter, out map[string]any, err error, isCBOR bool) {
	status := http.StatusOK
	if err != nil {
		e, ok := err.(*Error)
		if !ok {
			e = &Error{http.StatusInternalServerError, "InternalFailure", err.Error()}
		}
		status, out = e.Status, map[string]any{"__type": "com.amazonaws#" + e.Code, "message": e.Message}
		w.Header().Set("X-Amzn-Errortype", e.Code)
	}
	var body []byte
	if isCBOR {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		body = ToCBOR(out)
	} else {
		w.Header().Set("Content-Type", "application/json")
		body = ToJSON(out)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

var accessKey = regexp.MustCompile(`Credential=ROLE(\d+)/`)

func (c *Cloud) signer(r *http.Request) string {
	m := accessKey.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return ""
	}
	var n int
	_, _ = fmt.Sscan(m[1], &n)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.roles[n]
}

// assume hands out credentials whose access key tells the role.
func (c *Cloud) assume(w http.ResponseWriter, r *http.Request, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	_ = r.ParseForm()
	role := r.Form.Get("RoleArn")
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	if slices.Contains(c.refused, role) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform sts:AssumeRole on %s</Message></Error></ErrorResponse>`, role)
		return
	}
	c.roles = append(c.roles, role)
	_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ROLE%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		len(c.roles)-1, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// ToJSON writes a document as JSON APIs do: times are seconds since 1970.
func ToJSON(document map[string]any) []byte {
	out, _ := json.Marshal(seconds(document)) // an Answer's documents hold nothing that cannot be written
	return out
}

// ToCBOR writes a document as CBOR APIs do.
func ToCBOR(document map[string]any) []byte { return cbor.Encode(tree(document)) }

// FromCBOR reads a document of a CBOR API.
func FromCBOR(data []byte) (map[string]any, error) {
	v, err := cbor.Decode(data)
	if err != nil {
		return nil, err
	}
	out, _ := plain(v).(map[string]any)
	return out, nil
}

func seconds(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = seconds(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = seconds(x)
		}
		return out
	case time.Time:
		return float64(v.UnixMilli()) / 1000
	}
	return v
}

func tree(v any) cbor.Value {
	switch v := v.(type) {
	case map[string]any:
		out := cbor.Map{}
		for k, x := range v {
			out[k] = tree(x)
		}
		return out
	case []any:
		out := make(cbor.List, len(v))
		for i, x := range v {
			out[i] = tree(x)
		}
		return out
	case string:
		return cbor.String(v)
	case float64:
		return cbor.Float64(v)
	case int:
		if v < 0 {
			return cbor.NegInt(-v)
		}
		return cbor.Uint(v)
	case bool:
		return cbor.Bool(v)
	case time.Time:
		return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(v.UnixMilli()) / 1000)}
	}
	return &cbor.Nil{}
}

func plain(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Map:
		out := map[string]any{}
		for k, x := range v {
			out[k] = plain(x)
		}
		return out
	case cbor.List:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = plain(x)
		}
		return out
	case cbor.String:
		return string(v)
	case cbor.Uint:
		return float64(v)
	case cbor.Float32:
		return float64(v)
	case cbor.Float64:
		return float64(v)
	case cbor.Bool:
		return bool(v)
	case *cbor.Tag:
		at, err := cbor.AsTime(v)
		if err == nil {
			return at
		}
	}
	return nil
}
