package sourcetest

import (
	"encoding/base64"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// Invalid checks that each body is refused as Invalid with a message that holds the text: the field that is wrong.
func Invalid(t *testing.T, s source.Source, bodies map[string]string) {
	t.Helper()
	for body, want := range bodies {
		_, err := s.Parse([]byte(body), Received)
		if !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120s: %v, want Invalid with %q", body, err, want)
		}
	}
}

// Nothing checks that each body is accepted without event or change, with a note that holds the text.
func Nothing(t *testing.T, s source.Source, bodies map[string]string) {
	t.Helper()
	for body, want := range bodies {
		p, err := s.Parse([]byte(body), Received)
		if err != nil || len(p.Events)+len(p.Changes) > 0 || !strings.Contains(p.Note, want) || len(p.Dropped) == 0 {
			t.Errorf("%.120s: %d events, %d changes, note %q, dropped %v, %v; want a note with %q", body, len(p.Events), len(p.Changes), p.Note, p.Dropped, err, want)
		}
	}
}

// The secrets of the tests, in the forms that the schemes ask for.
var (
	Current  = config.NewSecret([]byte("current-secret-of-the-tests-0123456789"))
	Previous = config.NewSecret([]byte("previous-secret-of-the-tests-012345678"))
	Stranger = config.NewSecret([]byte("stranger-secret-of-the-tests-012345678"))

	CurrentWhsec  = whsec("current-key-of-the-tests-01234567")
	PreviousWhsec = whsec("previous-key-of-the-tests-0123456")
	StrangerWhsec = whsec("stranger-key-of-the-tests-0123456")
)

func whsec(key string) config.Secret {
	return config.NewSecret([]byte("whsec_" + base64.StdEncoding.EncodeToString([]byte(key))))
}

// Ring is a current secret, the one before it, and one that is neither.
type Ring struct{ Current, Previous, Stranger config.Secret }

// The rings of the tests.
var (
	Plain = Ring{Current, Previous, Stranger}
	Whsec = Ring{CurrentWhsec, PreviousWhsec, StrangerWhsec}
)

// Change alters a request that would have been accepted.
type Change func(r *source.Request)

// Set replaces a header.
func Set(name, value string) Change { return func(r *source.Request) { r.Header.Set(name, value) } }

// Twice repeats a header with another value.
func Twice(name, value string) Change { return func(r *source.Request) { r.Header.Add(name, value) } }

// Drop removes a header.
func Drop(name string) Change { return func(r *source.Request) { r.Header.Del(name) } }

// Each rewrites a header's value.
func Each(name string, f func(string) string) Change {
	return func(r *source.Request) { r.Header.Set(name, f(r.Header.Get(name))) }
}

// Body replaces the body.
func Body(text string) Change { return func(r *source.Request) { r.Body = []byte(text) } }

// Later lets the request come in later than it was made.
func Later(d time.Duration) Change { return func(r *source.Request) { r.Received = r.Received.Add(d) } }

// Door checks a source's Verify: the vendor's own proof with the current and the previous secret opens it, so do the
// accepted variants; a stranger's proof, none at all, and the refused variants do not. A refusal is Denied and tells
// neither secret nor proof.
func Door(t *testing.T, s source.Source, ring Ring, accepted, refused map[string]Change) {
	t.Helper()
	secrets := []config.Secret{ring.Current, ring.Previous}
	check := func(name string, secret config.Secret, change Change, accept bool) {
		t.Run(name, func(t *testing.T) {
			r := Request(s, secret, []byte(`{"a": 1}`))
			change(&r)
			_, err := s.Verify(t.Context(), r, secrets)
			if (err == nil) != accept {
				t.Fatalf("err = %v, want accepted %v", err, accept)
			}
			if err != nil && !incident.Is(err, incident.Denied) {
				t.Errorf("class = %s, want Denied", incident.ClassOf(err))
			}
			quiet(t, s, r, secrets, err)
		})
	}
	same := func(*source.Request) {}
	check("current secret", ring.Current, same, true)
	check("previous secret", ring.Previous, same, true)
	check("another secret", ring.Stranger, same, false)
	check("no proof", ring.Current, func(r *source.Request) { r.Header = http.Header{} }, false)
	check("empty proof", ring.Current, func(r *source.Request) {
		for name := range r.Header {
			r.Header.Set(name, "")
		}
	}, false)
	for name, change := range accepted {
		check(name, ring.Current, change, true)
	}
	for name, change := range refused {
		check(name, ring.Current, change, false)
	}
	r := Request(s, ring.Current, []byte(`{"a": 1}`))
	if _, err := s.Verify(t.Context(), r, nil); err == nil {
		t.Error("accepted without any secret")
	}
}

// Request is a delivery as the vendor would send it.
func Request(s source.Source, secret config.Secret, body []byte) source.Request {
	r := source.Request{Header: http.Header{}, Body: body, Received: Received}
	s.(source.Prover).Prove(r.Header, body, secret, Received)
	return r
}

// quiet checks that an error holds neither a secret nor a value with which one could get in.
func quiet(t *testing.T, s source.Source, r source.Request, secrets []config.Secret, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range secrets {
		good := Request(s, secret, r.Body)
		for name, values := range good.Header {
			for _, v := range values {
				if len(v) >= 16 && strings.Contains(err.Error(), v) || strings.Contains(err.Error(), string(secret.Reveal())) {
					t.Errorf("the refusal tells %s", name)
				}
			}
		}
	}
}

// FuzzParse checks that a body is either refused as Invalid or gives events that can be written and hold to the contract.
func FuzzParse(f *testing.F, s source.Source, seeds ...string) {
	files, err := fs.Glob(events.FS, s.Rules().Kind+"/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("samples: %d, %v", len(files), err)
	}
	for _, file := range files {
		body, err := fs.ReadFile(events.FS, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if source.Strict(body, source.OurDepth, nil) != nil {
			return
		}
		p, err := s.Parse(body, Received)
		if err != nil {
			if !incident.Is(err, incident.Invalid) {
				t.Fatalf("class %s: %v", incident.ClassOf(err), err)
			}
			return
		}
		if len(p.Events)+len(p.Changes) == 0 && p.Note == "" {
			t.Fatal("nothing came of it, and nothing says so")
		}
		again, _ := s.Parse(body, Received)
		for i, e := range p.Events {
			if err := e.Validate(); err != nil && !source.IsContract(body) {
				t.Fatalf("parsed into an event that is none: %v", err)
			}
			if e.EventID() != again.Events[i].EventID() {
				t.Fatal("the same body gave two events")
			}
			_ = rendered(t, e)
		}
		for _, c := range p.Changes {
			if c.ID == "" || c.Kind == "" || c.Time.IsZero() {
				t.Fatalf("a change without id, kind or time: %+v", c)
			}
			_ = rendered(t, c)
		}
	})
}

// FuzzVerify checks that whatever proof is accepted was made with a secret of ours: the same request never passes under a
// stranger's secret, and never once its body is another.
func FuzzVerify(f *testing.F, s source.Source, ring Ring, signed bool) {
	body := []byte(`{"a": 1}`)
	good := Request(s, ring.Current, body)
	var values [3]string
	names := slices.Sorted(maps.Keys(good.Header))
	for i, name := range names {
		values[i] = good.Header.Get(name)
	}
	f.Add(values[0], values[1], values[2], body)
	f.Add(values[0]+","+values[0], values[1], values[2], body)
	f.Add("", "", "", []byte("{}"))
	f.Fuzz(func(t *testing.T, a, b, c string, body []byte) {
		r := source.Request{Header: http.Header{}, Body: body, Received: Received}
		for i, name := range names {
			r.Header.Set(name, [3]string{a, b, c}[i])
		}
		_, err := s.Verify(t.Context(), r, []config.Secret{ring.Current})
		if err != nil {
			if incident.Is(err, incident.Denied) {
				return
			}
			t.Fatalf("class %s: %v", incident.ClassOf(err), err)
		}
		if _, err := s.Verify(t.Context(), r, []config.Secret{ring.Stranger}); err == nil {
			t.Fatalf("accepted under any secret: %q %q %q", a, b, c)
		}
		r.Body = append([]byte(" "), r.Body...)
		if _, err := s.Verify(t.Context(), r, []config.Secret{ring.Current}); err == nil && signed {
			t.Fatalf("accepted with another body: %q %q %q", a, b, c)
		}
	})
}
