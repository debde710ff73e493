package catalogue_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
)

var now = time.Date(2026, 3, 10, 3, 30, 0, 0, time.UTC)

func secret(text string) config.Secret {
	return config.NewSecret([]byte("whsec_" + base64.StdEncoding.EncodeToString([]byte(text+"-secret-of-the-tests-0123456789"))))
}

type ring struct{}

func (ring) Active(context.Context, string) ([]config.Secret, error) {
	return []config.Secret{secret("current"), secret("previous")}, nil
}

func (ring) Refresh(ctx context.Context, name string) ([]config.Secret, error) {
	return ring{}.Active(ctx, name)
}

// letters counts what the queue and the dead letters took.
type letters struct{ sent, buried int }

func (l *letters) Send(context.Context, string, []byte) error { l.sent++; return nil }

func (l *letters) Bury(context.Context, []byte, string) error { l.buried++; return nil }

// space names every source that exists.
func space() config.Space {
	s := config.Space{Name: "shop", Account: "123456789012", Services: []config.Service{{Name: "checkout", Repository: "acme/checkout"}, {Name: "orders", Repository: "acme/orders"}}}
	for _, src := range catalogue.All(s) {
		s.Sources = append(s.Sources, config.Source{Kind: src.Rules().Kind, Secret: src.Rules().Kind})
	}
	return s
}

// page answers the handshake of SNS.
type page struct{}

func (page) Fetch(context.Context, string) ([]byte, error) { return nil, nil }

// all is every source, without the network.
func all(sp config.Space) []source.Source {
	list := catalogue.All(sp)
	for i, src := range list {
		if src.Rules().Kind == cloudwatch.Kind {
			list[i] = cloudwatch.New(sp, page{})
		}
	}
	return list
}

func samples(t *testing.T, kind string) []string {
	t.Helper()
	files, err := fs.Glob(events.FS, kind+"/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("samples of %s: %d, %v; every source has some under events/", kind, len(files), err)
	}
	return files
}

// Every sample of every vendor passes through the real webhook with the vendor's proof, once as new and once as a
// repetition; without the proof, with another one, or with an older scheme's nothing gets in.
func TestDeliveries(t *testing.T) {
	sp := space()
	for _, src := range all(sp) {
		kind := src.Rules().Kind
		prover, ok := src.(source.Prover)
		if !ok {
			t.Errorf("%s: `firefinder send` cannot sign for it", kind)
			continue
		}
		for _, file := range samples(t, kind) {
			t.Run(kind+"/"+filepath.Base(file), func(t *testing.T) {
				body, err := fs.ReadFile(events.FS, file)
				if err != nil {
					t.Fatal(err)
				}
				in, dead, store := &letters{}, &letters{}, kv.NewMemory()
				h := source.Handler(source.Deps{
					Space: sp, Sources: all(sp), Secrets: ring{}, Queue: in, Dead: dead, Blob: &blob.Memory{}, Store: store,
					Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
				})
				post := func(s config.Secret, change func(*http.Request)) *httptest.ResponseRecorder {
					r := httptest.NewRequest(http.MethodPost, "/hooks/"+kind, bytes.NewReader(body))
					r.Header.Set("Content-Type", "application/json; charset=utf-8")
					prover.Prove(r.Header, body, s, now)
					if change != nil {
						change(r)
					}
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					return w
				}
				for name, w := range map[string]*httptest.ResponseRecorder{
					"a stranger's proof": post(secret("stranger"), nil),
					"no proof":           post(secret("current"), func(r *http.Request) { r.Header = http.Header{"Content-Type": {"application/json"}} }),
				} {
					if w.Code != http.StatusUnauthorized || strings.TrimSpace(w.Body.String()) != `{"errors":["unauthorized"]}` {
						t.Fatalf("%s: %d %s", name, w.Code, w.Body)
					}
				}
				if in.sent+dead.sent+dead.buried > 0 {
					t.Fatal("what was not authenticated reached the queue")
				}
				p, err := src.Parse(body, now)
				if err != nil {
					t.Fatal(err)
				}
				first, again := post(secret("current"), nil), post(secret("previous"), nil)
				if first.Code != http.StatusAccepted || dead.buried != 0 || in.sent != 2*len(p.Events) {
					t.Fatalf("accepted with %d %s; %d queued, %d buried", first.Code, first.Body, in.sent, dead.buried)
				}
				if len(p.Events) > 0 && (again.Code != http.StatusOK || !strings.Contains(again.Body.String(), `"duplicate":true`)) {
					t.Errorf("repeated: %d %s", again.Code, again.Body)
				}
				kept, err := record.Changes(t.Context(), store, now.AddDate(-20, 0, 0), now)
				if err != nil || len(p.Changes) != len(kept) && slices.Contains([]string{"github", "gitlab", "azuredevops"}, kind) {
					t.Errorf("%d changes kept of %d, %v", len(kept), len(p.Changes), err)
				}
				if len(p.Events)+len(p.Changes) == 0 && !strings.Contains(first.Body.String(), "note") {
					t.Errorf("nothing came of it, and the answer does not say so: %s", first.Body)
				}
			})
		}
	}
}

// What is refused after authentication is kept as a dead letter and named.
func TestRefused(t *testing.T) {
	sp := space()
	for _, src := range all(sp) {
		kind := src.Rules().Kind
		for body, want := range map[string]int{`{"a":1,"a":2}`: http.StatusBadRequest, `{`: http.StatusBadRequest, `{"a":`: http.StatusBadRequest, ``: http.StatusBadRequest, `{"surely":"not a delivery"}`: http.StatusUnprocessableEntity, `"text"`: http.StatusUnprocessableEntity} {
			in, dead := &letters{}, &letters{}
			h := source.Handler(source.Deps{
				Space: sp, Sources: all(sp), Secrets: ring{}, Queue: in, Dead: dead, Blob: &blob.Memory{}, Store: kv.NewMemory(), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
			})
			r := httptest.NewRequest(http.MethodPost, "/hooks/"+kind, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			src.(source.Prover).Prove(r.Header, []byte(body), secret("current"), now)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != want || in.sent != 0 || dead.buried != 1 || !strings.Contains(w.Body.String(), "errors") {
				t.Errorf("%s: %q answered %d %s, %d queued, %d buried; want %d", kind, body, w.Code, w.Body, in.sent, dead.buried, want)
			}
		}
	}
}

// Alarms of different vendors never share an identity, and every kind has a page for people.
func TestKinds(t *testing.T) {
	kinds := map[string]bool{}
	keys := map[incident.AlarmKey]string{}
	for _, src := range catalogue.All(space()) {
		kind := src.Rules().Kind
		if kinds[kind] {
			t.Errorf("two sources are called %s", kind)
		}
		kinds[kind] = true
		if page, err := os.ReadFile("../../../docs/sources/README.md"); err != nil || !strings.Contains(string(page), "| ["+kind+"](") {
			t.Errorf("%s is not in docs/sources/README.md: %v", kind, err)
		}
		if _, err := os.Stat("../../../docs/sources/" + kind + ".md"); err != nil && kind != "cloudwatch" && kind != "generic" { // docs/webhook.md has these two
			t.Errorf("%s has no page: %v", kind, err)
		}
		for _, file := range samples(t, kind) {
			body, err := fs.ReadFile(events.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := src.Parse(body, now)
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
			for _, e := range p.Events {
				if other, ok := keys[e.AlarmKey()]; ok && other != kind {
					t.Errorf("%s and %s share the alarm %s", kind, other, e.AlarmKey())
				}
				if kind != "generic" { // which reads other vendors' alarms as they do themselves
					keys[e.AlarmKey()] = kind
				}
			}
		}
	}
}
