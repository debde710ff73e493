package ses

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

func open(t *testing.T, status int, code string) (*Mailer, *[]string) {
	t.Helper()
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests = append(requests, string(body))
		w.Header().Set("X-Amzn-ErrorType", code)
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, `{"MessageId":"m-1","message":"as told"}`)
	}))
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return New(cfg), &requests
}

var mail1 = Message{
	From: "Firefinder <ff@example.com>", To: []string{"a@example.com", "b@example.com"}, Subject: "Feuer: Kasse überlastet", Text: "text", HTML: "<p>html</p>",
	Headers: map[string]string{"References": "<x@example.com>", "Auto-Submitted": "auto-generated"},
}

func TestSend(t *testing.T) {
	m, requests := open(t, 200, "")
	id, err := m.Send(t.Context(), mail1)
	if err != nil || id != "m-1" {
		t.Fatal(id, err)
	}
	var got, want any
	_ = json.Unmarshal([]byte((*requests)[0]), &got)
	_ = json.Unmarshal([]byte(`{"FromEmailAddress":"Firefinder <ff@example.com>","Destination":{"ToAddresses":["a@example.com","b@example.com"]},
		"Content":{"Simple":{"Subject":{"Data":"Feuer: Kasse überlastet","Charset":"UTF-8"},
		"Body":{"Text":{"Data":"text","Charset":"UTF-8"},"Html":{"Data":"<p>html</p>","Charset":"UTF-8"}},
		"Headers":[{"Name":"Auto-Submitted","Value":"auto-generated"},{"Name":"References","Value":"<x@example.com>"}]}}}`), &want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestErrors: one attempt only, since a second could be a second mail.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   incident.Class
	}{
		{400, "MessageRejected", incident.Denied},
		{400, "MailFromDomainNotVerifiedException", incident.Denied},
		{403, "AccessDeniedException", incident.Denied},
		{429, "TooManyRequestsException", incident.Throttled},
		{400, "LimitExceededException", incident.Throttled},
		{400, "BadRequestException", incident.Invalid},
		{400, "SendingPausedException", incident.Unavailable},
		{500, "", incident.Unavailable},
	} {
		m, requests := open(t, c.status, c.code)
		if _, err := m.Send(t.Context(), mail1); !incident.Is(err, c.want) || len(*requests) != 1 {
			t.Errorf("%d %s: got %v (class %s) after %d requests, want %s", c.status, c.code, err, incident.ClassOf(err), len(*requests), c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Message){
		"nobody":             func(m *Message) { m.To = nil },
		"too many":           func(m *Message) { m.To = strings.Split(strings.Repeat("a@example.com ", 51), " ")[:51] },
		"bad recipient":      func(m *Message) { m.To = []string{"a@example.com\r\nBcc: x@example.com"} },
		"bad sender":         func(m *Message) { m.From = "somebody" },
		"subject":            func(m *Message) { m.Subject = "a\nBcc: x@example.com" },
		"no subject":         func(m *Message) { m.Subject = "" },
		"no text":            func(m *Message) { m.Text = "" },
		"no html":            func(m *Message) { m.HTML = "" },
		"header value":       func(m *Message) { m.Headers = map[string]string{"X": "a\r\nBcc: x"} },
		"header name":        func(m *Message) { m.Headers = map[string]string{"X: y\r\nBcc": "x"} },
		"header of no name":  func(m *Message) { m.Headers = map[string]string{"": "x"} },
		"header with spaces": func(m *Message) { m.Headers = map[string]string{"X Y": "x"} },
	} {
		m, requests := open(t, 200, "")
		msg := mail1
		spoil(&msg)
		if _, err := m.Send(t.Context(), msg); !incident.Is(err, incident.Invalid) || len(*requests) != 0 {
			t.Errorf("%s: got %v after %d requests", name, err, len(*requests))
		}
	}
}
