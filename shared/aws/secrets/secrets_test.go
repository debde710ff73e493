package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// manager is Secrets Manager with one secret of two stages and a switch for faults.
type manager struct {
	mu     sync.Mutex
	stages map[string]string
	fault  string // error code; empty: none
	status int
	reads  int // of the current stage
}

func (m *manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ SecretId, VersionStage string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	m.mu.Lock()
	defer m.mu.Unlock()
	if in.VersionStage == "AWSCURRENT" {
		m.reads++
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	value, ok := m.stages[in.VersionStage]
	if fault, status := m.fault, m.status; fault != "" || !ok {
		if fault == "" {
			fault, status = "ResourceNotFoundException", 400
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"as told"}`, fault)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"Name": in.SecretId, "SecretString": value})
}

func (m *manager) set(change func(*manager)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

// desk is a store with a clock of the test.
type desk struct {
	*Store
	*manager
	clock time.Time
	t     *testing.T
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{manager: &manager{stages: map[string]string{"AWSCURRENT": "one"}}, clock: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), t: t}
	server := httptest.NewServer(d.manager)
	t.Cleanup(server.Close)
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	d.Store = New(aws.Patient(cfg, 5e9, 1), func() time.Time { return d.clock })
	return d
}

func (d *desk) want(read func(context.Context, string) ([]config.Secret, error), reads int, values ...string) {
	d.t.Helper()
	got, err := read(d.t.Context(), "firefinder/shop/slack")
	if err != nil {
		d.t.Fatal(err)
	}
	var revealed []string
	for _, s := range got {
		revealed = append(revealed, string(s.Reveal()))
	}
	if diff := cmp.Diff(values, revealed); diff != "" {
		d.t.Error(diff)
	}
	if d.reads != reads {
		d.t.Errorf("%d reads, want %d", d.reads, reads)
	}
}

func (d *desk) refuse(class incident.Class, reads int) {
	d.t.Helper()
	if _, err := d.Active(d.t.Context(), "firefinder/shop/slack"); !incident.Is(err, class) || d.reads != reads {
		d.t.Errorf("got %v after %d reads, want %s after %d", err, d.reads, class, reads)
	}
}

func TestRotation(t *testing.T) {
	d := open(t)
	d.want(d.Active, 1, "one")
	d.set(func(m *manager) { m.stages = map[string]string{"AWSCURRENT": "two", "AWSPREVIOUS": "one"} })
	d.clock = d.clock.Add(Fresh - 1)
	d.want(d.Active, 1, "one")
	d.clock = d.clock.Add(1)
	d.want(d.Active, 2, "two", "one")
}

// TestRefresh: a signature that nothing explains leads to one more read, not to one per request of an attacker.
func TestRefresh(t *testing.T) {
	d := open(t)
	d.want(d.Refresh, 1, "one")
	d.set(func(m *manager) { m.stages = map[string]string{"AWSCURRENT": "two", "AWSPREVIOUS": "one"} })
	for range 100 {
		d.want(d.Refresh, 1, "one")
	}
	d.clock = d.clock.Add(Retry)
	for range 100 {
		d.want(d.Refresh, 2, "two", "one")
	}
	d.want(d.Active, 2, "two", "one")
}

func TestOutage(t *testing.T) {
	d := open(t)
	d.want(d.Active, 1, "one")
	d.set(func(m *manager) { m.fault, m.status = "InternalServiceError", 500 })
	d.clock = d.clock.Add(Fresh)
	for range 10 {
		d.want(d.Active, 2, "one") // served from memory, and not asked again at once
	}
	d.clock = d.clock.Add(Retry)
	d.want(d.Active, 3, "one")
	d.clock = d.clock.Add(MaxHeld)
	d.refuse(incident.Unavailable, 4)
	d.set(func(m *manager) { m.fault = "" })
	d.clock = d.clock.Add(Retry)
	d.want(d.Active, 5, "one")
}

// TestWithdrawn: a secret that was deleted or closed to us is not served from memory.
func TestWithdrawn(t *testing.T) {
	for code, class := range map[string]incident.Class{"AccessDeniedException": incident.Denied, "ResourceNotFoundException": incident.NotFound} {
		d := open(t)
		d.want(d.Active, 1, "one")
		d.set(func(m *manager) { m.fault, m.status = code, 400 })
		d.clock = d.clock.Add(Fresh)
		d.refuse(class, 2)
		d.refuse(class, 2)
	}
}

func TestMissingIsNotAskedForAgainAtOnce(t *testing.T) {
	d := open(t)
	d.set(func(m *manager) { m.stages = nil })
	for range 10 {
		d.refuse(incident.NotFound, 1)
	}
	d.set(func(m *manager) { m.stages = map[string]string{"AWSCURRENT": "one"} })
	d.clock = d.clock.Add(Retry)
	d.want(d.Active, 2, "one")
}

func TestCallerGivesUp(t *testing.T) {
	d := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Active(ctx, "firefinder/shop/slack"); !incident.Is(err, incident.Unavailable) {
		t.Errorf("got %v", err)
	}
	d.want(d.Active, 1, "one")
}

func TestBurstReadsOnce(t *testing.T) {
	d := open(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := d.Active(t.Context(), "firefinder/shop/slack"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d.want(d.Active, 1, "one")
}

func TestErrorsHoldNoValue(t *testing.T) {
	d := open(t)
	got, err := d.Active(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(s, "one") {
		t.Errorf("printed: %s", s)
	}
}
