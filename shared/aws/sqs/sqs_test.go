package sqs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
)

// fake takes SendMessage and SendMessageBatch, checks what SQS checks, and fails the batch entries whose body says so.
type fake struct {
	t       *testing.T
	mu      sync.Mutex
	batches []int    // entries per request
	bodies  []string // accepted
}

type entry struct {
	Id, MessageBody, MessageGroupId string
	MessageAttributes               map[string]struct{ StringValue string }
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		entry
		Entries []entry
	}
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &in); err != nil {
		f.t.Errorf("request: %v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".SendMessage") {
		f.accept(in.entry)
		_, _ = w.Write([]byte(`{"MessageId":"m"}`))
		return
	}
	f.batches = append(f.batches, len(in.Entries))
	type done struct{ Id, MessageId string }
	type lost struct {
		Id, Code, Message string
		SenderFault       bool
	}
	var out struct {
		Successful []done
		Failed     []lost
	}
	size := 0
	for _, e := range in.Entries {
		size += len(e.MessageBody)
		switch {
		case strings.Contains(e.MessageBody, "refuse"):
			out.Failed = append(out.Failed, lost{e.Id, "InvalidMessageContents", "as told", true})
		case strings.Contains(e.MessageBody, "stumble"):
			out.Failed = append(out.Failed, lost{e.Id, "InternalError", "as told", false})
		case strings.Contains(e.MessageBody, "forget"):
		default:
			f.accept(e)
			out.Successful = append(out.Successful, done{e.Id, "m"})
		}
	}
	if len(in.Entries) > 10 || size > queue.MaxBody {
		f.t.Errorf("a batch of %d messages, %d bytes", len(in.Entries), size)
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (f *fake) accept(e entry) {
	if !plain(e.MessageBody) || e.MessageBody == "" {
		f.t.Errorf("SQS refuses %q", e.MessageBody)
	}
	f.bodies = append(f.bodies, fmt.Sprint(e.MessageGroupId, "|", e.MessageBody, "|", e.MessageAttributes[ReasonAttribute].StringValue, "|", e.MessageAttributes[EncodingAttribute].StringValue))
}

func open(t *testing.T) (*Queue, *fake) {
	t.Helper()
	f := &fake{t: t}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return New(cfg, server.URL+"/123456789012/q"), f
}

func TestSend(t *testing.T) {
	q, f := open(t)
	if err := q.Send(t.Context(), "shop", []byte("{\"a\":\"\ufffe\uffff火\"}")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`shop|{"a":"\ufffe\uffff火"}||`}, f.bodies); diff != "" {
		t.Error(diff)
	}
	for name, body := range map[string]string{"empty": "", "too large": strings.Repeat("x", queue.MaxBody+1), "not text": "{\"a\":\"\xff\"}"} {
		if err := q.Send(t.Context(), "", []byte(body)); !incident.Is(err, incident.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSendAll(t *testing.T) {
	q, f := open(t)
	var bodies [][]byte
	var want []incident.Class
	add := func(class incident.Class, body string) {
		bodies, want = append(bodies, []byte(body)), append(want, class)
	}
	for i := range 23 {
		add("", fmt.Sprintf(`{"n":%d}`, i))
	}
	add(incident.Invalid, `{"x":"refuse"}`)
	add(incident.Unavailable, `{"x":"stumble"}`)
	add(incident.Unavailable, `{"x":"forget"}`)
	add(incident.Invalid, "")
	for range 3 {
		add("", `"`+strings.Repeat("x", 100<<10)+`"`)
	}
	var got []incident.Class
	for _, err := range q.SendAll(t.Context(), "shop", bodies) {
		got = append(got, incident.ClassOf(err))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{10, 10, 8, 1}, f.batches); diff != "" {
		t.Error(diff)
	}
	if len(f.bodies) != 26 {
		t.Errorf("%d messages accepted", len(f.bodies))
	}
	if errs := q.SendAll(t.Context(), "shop", nil); len(errs) != 0 {
		t.Errorf("nothing sent: %v", errs)
	}
}

func TestSendAllWhenDown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer server.Close()
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range New(cfg, server.URL+"/q").SendAll(t.Context(), "", [][]byte{[]byte("1"), []byte("2")}) {
		if !incident.Is(err, incident.Internal) {
			t.Errorf("got %v, want class Internal", err)
		}
	}
}

func TestBury(t *testing.T) {
	q, f := open(t)
	for _, c := range []struct{ body, reason string }{
		{`{"a":1}`, "schema: title is missing"},
		{"bin\x00ary \xff", "not JSON\r\nX-Header: smuggled\x07"},
		{"", ""},
		{"\ufffe", strings.Repeat("ü", 600)},
	} {
		if err := q.Bury(t.Context(), []byte(c.body), c.reason); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`|{"a":1}|schema: title is missing|`,
		`|YmluAGFyeSD/|not JSON X-Header: smuggled?|base64`,
		`|(empty)|no reason given|empty`,
		`|77++|` + strings.Repeat("ü", 512) + `|base64`,
	}
	if diff := cmp.Diff(want, f.bodies); diff != "" {
		t.Error(diff)
	}
	if err := q.Bury(t.Context(), []byte(strings.Repeat("\xff", queue.MaxBody)), "large"); !incident.Is(err, incident.Invalid) {
		t.Errorf("too large in base64: %v", err)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\nb\x00\xff\ufffe")
	f.Add(strings.Repeat("火", 400))
	f.Fuzz(func(t *testing.T, reason string) {
		got := line(reason)
		if got == "" || len(got) > 1024 || !utf8.ValidString(got) || !plain(got) || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q: %q", reason, got)
		}
	})
}
