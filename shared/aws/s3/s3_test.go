package s3

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
)

// open answers requests with the error codes in turn, "" for success; the last repeats. What S3 really stores is tested
// in test/aws.
func open(t *testing.T, codes ...string) (*Store, *[]string) {
	t.Helper()
	status := map[string]int{"": 200, "PreconditionFailed": 412, "ConditionalRequestConflict": 409, "AccessDenied": 403, "NoSuchKey": 404, "NoSuchBucket": 404, "SlowDown": 503}
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("If-None-Match"))
		code := codes[min(len(requests), len(codes))-1]
		w.WriteHeader(status[code])
		if code != "" {
			_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>as told</Message></Error>`, code)
		}
	}))
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return New(aws.Patient(cfg, 5e9, 1), "b"), &requests
}

func TestPut(t *testing.T) {
	for _, c := range []struct {
		codes []string
		want  incident.Class
		calls int
	}{
		{[]string{""}, "", 1},
		{[]string{"PreconditionFailed"}, "", 1},
		{[]string{"ConditionalRequestConflict", "PreconditionFailed"}, "", 2},
		{[]string{"ConditionalRequestConflict"}, incident.Unavailable, puts},
		{[]string{"AccessDenied"}, incident.Internal, 1},
		{[]string{"NoSuchBucket"}, incident.Unavailable, 1},
		{[]string{"SlowDown"}, incident.Throttled, 1},
	} {
		s, requests := open(t, c.codes...)
		hash, err := s.Put(t.Context(), []byte("plan"), "text/plain")
		if incident.ClassOf(err) != c.want || len(*requests) != c.calls || err == nil && hash != blob.Hash([]byte("plan")) {
			t.Errorf("%v: %q, %v (class %q) after %d requests, want %q after %d", c.codes, hash, err, incident.ClassOf(err), len(*requests), c.want, c.calls)
		}
		if want := "PUT /b/documents/" + blob.Hash([]byte("plan")) + " *"; (*requests)[0] != want {
			t.Errorf("request %q, want %q", (*requests)[0], want)
		}
	}
}

func TestGet(t *testing.T) {
	for code, want := range map[string]incident.Class{"NoSuchKey": incident.NotFound, "NoSuchBucket": incident.Unavailable, "AccessDenied": incident.Internal, "": incident.Internal} {
		s, _ := open(t, code)
		if _, err := s.Get(t.Context(), blob.Hash([]byte("plan"))); !incident.Is(err, want) {
			t.Errorf("%q: got %v (class %s), want %s", code, err, incident.ClassOf(err), want)
		}
	}
}
