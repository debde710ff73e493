package generic_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/generic"
	"github.com/firefinder/firefinder/shared/source/sentry"
	"github.com/firefinder/firefinder/shared/source/sign"
)

var update = flag.Bool("update", false, "write goldens")

var (
	space    = config.Space{Name: "shop", Services: []config.Service{{Name: "checkout"}, {Name: "orders-db"}}, Sources: []config.Source{{Kind: "generic"}}}
	received = time.Date(2026, 3, 10, 3, 5, 0, 0, time.UTC)
)

// Every sample becomes what its golden says, and no leaf of it is lost.
func TestSamples(t *testing.T) {
	files, err := fs.Glob(events.FS, "generic/*.json")
	if err != nil || len(files) < 9 {
		t.Fatalf("samples: %d, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := fs.ReadFile(events.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			if err := source.Strict(body, source.OurDepth, source.ContractFields); err != nil {
				t.Fatal(err)
			}
			p, err := generic.New(space).Parse(body, received)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Events {
				if err := e.Normalise(received).Validate(); err != nil {
					t.Error(err)
				}
			}
			notLost(t, body, p)
			golden(t, filepath.Base(file), p)
		})
	}
}

func notLost(t *testing.T, body []byte, p source.Parsed) {
	t.Helper()
	if len(p.Events) == 0 {
		if len(p.Dropped) == 0 || p.Note == "" {
			t.Error("nothing came of it, and nothing says so")
		}
		return
	}
	kept := map[string]bool{}
	for _, e := range p.Events {
		whole, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		leaves(t, whole, func(_ string, leaf any) { kept[fmt.Sprint(leaf)] = true })
	}
	leaves(t, body, func(path string, leaf any) {
		if at, err := time.Parse(time.RFC3339, fmt.Sprint(leaf)); err == nil {
			leaf = at.Format(time.RFC3339) // the event writes times in one way
		}
		if !kept[fmt.Sprint(leaf)] {
			t.Errorf("%s = %v is neither in the event nor dropped by name", path, leaf)
		}
	})
}

func leaves(t *testing.T, data []byte, leaf func(path string, v any)) {
	t.Helper()
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			for name, child := range v {
				walk(child, path+"."+name)
			}
		case []any:
			for i, child := range v {
				walk(child, fmt.Sprintf("%s[%d]", path, i))
			}
		default:
			leaf(path, v)
		}
	}
	walk(doc, "$")
}

func golden(t *testing.T, name string, p source.Parsed) {
	t.Helper()
	for i := range p.Events {
		p.Events[i].Data = nil
	}
	got, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A recovery has the alarm key of its fire.
func TestFireAndRecoveryMeet(t *testing.T) {
	one := func(file string) incident.Event {
		t.Helper()
		body, err := fs.ReadFile(events.FS, "generic/"+file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := generic.New(space).Parse(body, received)
		if err != nil || len(p.Events) != 1 {
			t.Fatalf("%s: %+v, %v", file, p, err)
		}
		return p.Events[0]
	}
	for fire, recovery := range map[string]string{
		"incidentio_created.json": "incidentio_status_updated.json", "opsgenie_create.json": "opsgenie_close.json", "sentry_metric_critical.json": "sentry_metric_resolved.json",
	} {
		f, r := one(fire), one(recovery)
		if f.AlarmKey() != r.AlarmKey() || !f.Action.Firing() || r.Action.Firing() || !f.Timestamp.Before(r.Timestamp) {
			t.Errorf("%s: %s %s %s; %s: %s %s %s", fire, f.AlarmKey(), f.Action, f.Timestamp, recovery, r.AlarmKey(), r.Action, r.Timestamp)
		}
	}
}

// A contract body is never taken for a vendor's, whatever its data holds.
func TestContractGoesFirst(t *testing.T) {
	body := `{"eventType":"incident","incidentId":"1","action":"created","priority":"LOW","title":"x","data":{"issue":{"id":"2"}},"extra":1}`
	p, err := generic.New(space).Parse([]byte(body), received)
	if err != nil || p.Events[0].IncidentID != "1" || len(p.Dropped) != 1 || !strings.HasPrefix(p.Dropped[0], "$.extra") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestVendorProofs(t *testing.T) {
	secret := config.NewSecret([]byte("a-secret-of-the-tests-0123456789-0123456789"))
	body := []byte(`{"action":"critical","data":{"metric_alert":{}}}`)
	mac := hmac.New(sha256.New, secret.Reveal())
	mac.Write(body)
	verify := func(s generic.Source, headers map[string]string, secret config.Secret) error {
		h := http.Header{}
		for name, value := range headers {
			h.Set(name, value)
		}
		_, err := s.Verify(t.Context(), source.Request{Header: h, Body: body, Received: received}, []config.Secret{secret})
		return err
	}
	good := hex.EncodeToString(mac.Sum(nil))
	if err := verify(generic.New(space), map[string]string{sentry.HeaderSignature: good}, secret); err != nil {
		t.Errorf("Sentry: %v", err)
	}
	for _, bad := range []string{good[:62], strings.Repeat("0", 64), "x" + good[1:]} {
		if err := verify(generic.New(space), map[string]string{sentry.HeaderSignature: bad}, secret); !incident.Is(err, incident.Denied) {
			t.Errorf("Sentry with %q: %v", bad, err)
		}
	}
	standard := space
	standard.Sources = []config.Source{{Kind: "generic", Scheme: "standard"}}
	key := config.NewSecret([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	stamp, signature, err := sign.SignStandard(key, "msg_1", received, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"webhook-", "svix-"} {
		if err := verify(generic.New(standard), map[string]string{prefix + "id": "msg_1", prefix + "timestamp": stamp, prefix + "signature": signature}, key); err != nil {
			t.Errorf("%s headers: %v", prefix, err)
		}
	}
	if err := verify(generic.New(standard), map[string]string{sentry.HeaderSignature: good}, key); err == nil {
		t.Error("Sentry's proof passes where Standard Webhooks was chosen")
	}
}

func FuzzParse(f *testing.F) {
	files, _ := fs.Glob(events.FS, "generic/*.json")
	for _, file := range files {
		body, _ := fs.ReadFile(events.FS, file)
		f.Add(body)
	}
	s := generic.New(space)
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := s.Parse(body, received); err != nil && !incident.Is(err, incident.Invalid) {
			t.Fatalf("class %s: %v", incident.ClassOf(err), err)
		}
	})
}
