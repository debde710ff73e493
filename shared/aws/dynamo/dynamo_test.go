package dynamo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// table answers requests from a script and records them; the last answer repeats. What DynamoDB does with an expression
// is the contract lane's business (test/aws), what we make of its answers is tested here.
type table struct {
	script []reply

	mu    sync.Mutex
	calls []recorded
}

type recorded struct {
	operation string
	body      map[string]any
}

type reply struct {
	status int
	body   string
	drop   bool // the answer is lost on its way
}

func fault(status int, code, more string) reply {
	return reply{status: status, body: fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"as told"%s}`, code, more)}
}

func (tb *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c recorded
	_, c.operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	raw, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(raw, &c.body)
	tb.mu.Lock()
	tb.calls = append(tb.calls, c)
	answer := tb.script[min(len(tb.calls), len(tb.script))-1]
	tb.mu.Unlock()
	if answer.drop {
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.Close()
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.body)
}

func open(t *testing.T, script ...reply) (*Store, *table) {
	t.Helper()
	tb := &table{script: script}
	server := httptest.NewServer(tb)
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return New(cfg, "t"), tb
}

var (
	ok       = reply{status: 200, body: "{}"}
	lost     = reply{drop: true}
	failed   = fault(400, "ConditionalCheckFailedException", "")
	throttle = fault(400, "ThrottlingException", "")
	broken   = fault(500, "InternalServerError", "")
	a, b     = kv.Key{PK: "p", SK: "a"}, kv.Key{PK: "p", SK: "b"}
)

func cancelled(codes ...string) reply {
	var reasons []string
	for _, code := range codes {
		reasons = append(reasons, fmt.Sprintf(`{"Code":%q}`, code))
	}
	return fault(400, "TransactionCanceledException", `,"CancellationReasons":[`+strings.Join(reasons, ",")+`]`)
}

func TestSingleErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		script []reply
		want   incident.Class
		calls  int
	}{
		{"written", []reply{ok}, "", 1},
		{"condition failed", []reply{failed}, incident.Conflict, 1},
		{"concurrent transaction", []reply{fault(400, "TransactionConflictException", "")}, incident.Conflict, 1},
		{"throttled, then condition failed", []reply{throttle, failed}, incident.Conflict, 2},
		{"server fault, then condition failed", []reply{broken, failed}, incident.Unavailable, 2},
		{"answer lost, then condition failed", []reply{lost, failed}, incident.Unavailable, 2},
		{"server fault, then written", []reply{broken, ok}, "", 2},
		{"throttled to the end", []reply{throttle}, incident.Throttled, attempts},
		{"down", []reply{broken}, incident.Unavailable, attempts},
		{"no access", []reply{fault(400, "AccessDeniedException", "")}, incident.Internal, 1},
		{"too large", []reply{fault(400, "ValidationException", "")}, incident.Invalid, 1},
		{"no table", []reply{fault(400, "ResourceNotFoundException", "")}, incident.Unavailable, 1},
	} {
		for kind, op := range map[string]kv.Op{"put": kv.Put(a, 1, kv.Absent()), "delete": kv.Delete(a, kv.Version(3))} {
			t.Run(c.name+" "+kind, func(t *testing.T) {
				t.Parallel() // the SDK's waits between attempts are real
				s, tb := open(t, c.script...)
				err := s.Commit(t.Context(), op)
				if incident.ClassOf(err) != c.want || len(tb.calls) != c.calls {
					t.Errorf("got %v (class %q) after %d calls, want %q after %d", err, incident.ClassOf(err), len(tb.calls), c.want, c.calls)
				}
			})
		}
	}
}

func TestTransactionErrors(t *testing.T) {
	ops := []kv.Op{kv.Put(a, 1, kv.Absent()), kv.Check(b, kv.Version(2))}
	for _, c := range []struct {
		name  string
		reply reply
		want  incident.Class
		says  string
	}{
		{"first condition", cancelled("ConditionalCheckFailed", "None"), incident.Conflict, "p/a: ConditionalCheckFailed"},
		{"second condition", cancelled("None", "ConditionalCheckFailed"), incident.Conflict, "p/b"},
		{"conflict", cancelled("TransactionConflict", "None"), incident.Conflict, "TransactionConflict"},
		{"conflict outweighs throttling", cancelled("ThrottlingError", "ConditionalCheckFailed"), incident.Conflict, "p/b"},
		{"throttled", cancelled("ThrottlingError", "None"), incident.Throttled, "p/a"},
		{"capacity", cancelled("None", "ProvisionedThroughputExceeded"), incident.Throttled, "p/b"},
		{"too large", cancelled("ValidationError", "None"), incident.Invalid, "p/a"},
		{"reason unknown", cancelled("None", "Mystery"), incident.Unavailable, "TransactionCanceled"},
		{"no access", fault(400, "AccessDeniedException", ""), incident.Internal, "2 operations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, tb := open(t, c.reply)
			err := s.Commit(t.Context(), ops...)
			if !incident.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v (class %s), want %s with %q", err, incident.ClassOf(err), c.want, c.says)
			}
			if len(tb.calls) != 1 {
				t.Errorf("%d calls", len(tb.calls))
			}
		})
	}
}

// TestTransactionIsRepeatedWithItsToken: after a lost answer DynamoDB sees the same token and does nothing twice.
func TestTransactionIsRepeatedWithItsToken(t *testing.T) {
	s, tb := open(t, lost, broken, ok)
	for range 2 {
		if err := s.Commit(t.Context(), kv.Put(a, 1, kv.Absent()), kv.Put(b, 1, kv.Absent())); err != nil {
			t.Fatal(err)
		}
	}
	var tokens []any
	for _, c := range tb.calls {
		tokens = append(tokens, c.body["ClientRequestToken"])
	}
	if len(tokens) != 4 || tokens[0] == nil || tokens[0] != tokens[1] || tokens[1] != tokens[2] || tokens[2] == tokens[3] {
		t.Errorf("tokens of one commit in three attempts and of another: %v", tokens)
	}
}

// TestRequests pins what is sent: reads are consistent, one operation is one write, versions are counted by the server.
func TestRequests(t *testing.T) {
	s, tb := open(t, ok)
	_, _ = s.Get(t.Context(), a)
	_, _ = s.Query(t.Context(), "p", "x", kv.Page{})
	_ = s.Commit(t.Context(), kv.Put(a, 1, kv.Always()))
	_ = s.Commit(t.Context(), kv.Delete(a, kv.Always()))
	_ = s.Commit(t.Context(), kv.Check(a, kv.Always()))
	_ = s.Commit(t.Context(), kv.Put(a, 1, kv.Version(3)), kv.Delete(b, kv.Present()))
	var got []string
	for _, c := range tb.calls {
		got = append(got, fmt.Sprint(c.operation, " ", c.body["ConsistentRead"]))
	}
	want := []string{"GetItem true", "Query true", "UpdateItem <nil>", "DeleteItem <nil>", "GetItem true", "TransactWriteItems <nil>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if update := tb.calls[2].body["UpdateExpression"]; update != "SET #body = :body REMOVE #ttl ADD #v :one" {
		t.Errorf("update: %v", update)
	}
	if cond := tb.calls[2].body["ConditionExpression"]; cond != nil {
		t.Errorf("condition of an unconditional put: %v", cond)
	}
}

// TestDamage: items that something else wrote are an error, never half an item.
func TestDamage(t *testing.T) {
	for name, item := range map[string]string{
		"no version":       `{"pk":{"S":"p"},"sk":{"S":"a"},"body":{"B":"MQ=="}}`,
		"no body":          `{"pk":{"S":"p"},"sk":{"S":"a"},"v":{"N":"1"}}`,
		"version a string": `{"pk":{"S":"p"},"sk":{"S":"a"},"v":{"S":"1"},"body":{"B":"MQ=="}}`,
		"version no int":   `{"pk":{"S":"p"},"sk":{"S":"a"},"v":{"N":"1.5"},"body":{"B":"MQ=="}}`,
		"ttl no int":       `{"pk":{"S":"p"},"sk":{"S":"a"},"v":{"N":"1"},"body":{"B":"MQ=="},"ttl":{"N":"1e3"}}`,
	} {
		s, _ := open(t, reply{status: 200, body: `{"Item":` + item + `,"Items":[` + item + `]}`})
		if _, err := s.Get(t.Context(), a); !incident.Is(err, incident.Internal) {
			t.Errorf("get, %s: %v", name, err)
		}
		if _, err := s.Query(t.Context(), "p", "", kv.Page{}); !incident.Is(err, incident.Internal) {
			t.Errorf("query, %s: %v", name, err)
		}
	}
}

func TestQueryPages(t *testing.T) {
	page := func(sk, next string) reply {
		body := fmt.Sprintf(`{"Items":[{"pk":{"S":"p"},"sk":{"S":%q},"v":{"N":"1"},"body":{"B":"MQ=="}}]`, sk)
		if next != "" {
			body += fmt.Sprintf(`,"LastEvaluatedKey":{"pk":{"S":"p"},"sk":{"S":%q}}`, next)
		}
		return reply{status: 200, body: body + "}"}
	}
	empty := reply{status: 200, body: `{"Items":[],"LastEvaluatedKey":{"pk":{"S":"p"},"sk":{"S":"b"}}}`}
	s, tb := open(t, page("a", "a"), empty, page("c", ""))
	items, err := s.Query(t.Context(), "p", "", kv.Page{})
	if err != nil || len(items) != 2 || len(tb.calls) != 3 {
		t.Errorf("%d items in %d calls, %v", len(items), len(tb.calls), err)
	}
	s, tb = open(t, page("a", "a"), page("b", "b"), page("c", "c"))
	items, err = s.Query(t.Context(), "p", "", kv.Page{Limit: 2})
	if err != nil || len(items) != 2 || len(tb.calls) != 2 || tb.calls[1].body["Limit"] != 1.0 {
		t.Errorf("%d items in %d calls, %v", len(items), len(tb.calls), err)
	}
}
