package eventbridge

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

type wire struct {
	Entries []struct {
		EventBusName, Source, DetailType, Detail string
		Time                                     float64
		Resources                                []string
	}
}

// open takes events; one whose detail type is an error code fails with that code.
func open(t *testing.T) (*Bus, *[]wire) {
	t.Helper()
	var requests []wire
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in wire
		_ = json.NewDecoder(r.Body).Decode(&in)
		requests = append(requests, in)
		entries := []map[string]string{}
		for _, e := range in.Entries {
			if e.DetailType == "Opened" {
				entries = append(entries, map[string]string{"EventId": "1"})
			} else {
				entries = append(entries, map[string]string{"ErrorCode": e.DetailType, "ErrorMessage": "as told"})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Entries": entries})
	}))
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return New(cfg, ""), &requests
}

func TestPut(t *testing.T) {
	bus, requests := open(t)
	at := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	var events []Event
	for range 23 {
		events = append(events, Event{Type: "Opened", At: at, Detail: map[string]string{"id": "inv-1"}, Resources: []string{"inv-1"}})
	}
	if err := bus.Put(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, r := range *requests {
		sizes = append(sizes, len(r.Entries))
	}
	if diff := cmp.Diff([]int{10, 10, 3}, sizes); diff != "" {
		t.Error(diff)
	}
	e := (*requests)[0].Entries[0]
	if e.Source != "firefinder" || e.EventBusName != "default" || e.Detail != `{"id":"inv-1"}` || e.Time != float64(at.Unix()) || len(e.Resources) != 1 {
		t.Errorf("entry: %+v", e)
	}
	if err := bus.Put(t.Context()); err != nil || len(*requests) != 3 {
		t.Errorf("nothing to put: %v, %d requests", err, len(*requests))
	}
}

// TestPartialFailure: a request that succeeds while an entry in it failed is a failure.
func TestPartialFailure(t *testing.T) {
	for code, want := range map[string]incident.Class{
		"ThrottlingException": incident.Throttled, "InternalFailure": incident.Unavailable, "MalformedDetail": incident.Invalid, "NotAuthorizedForSourceException": incident.Internal,
	} {
		bus, _ := open(t)
		if err := bus.Put(t.Context(), Event{Type: "Opened"}, Event{Type: code}); !incident.Is(err, want) {
			t.Errorf("%s: got %v", code, err)
		}
	}
	bus, requests := open(t)
	if err := bus.Put(t.Context(), Event{Type: "Opened", Detail: func() {}}); !incident.Is(err, incident.Internal) || len(*requests) != 0 {
		t.Errorf("a detail that is not JSON: %v", err)
	}
}
