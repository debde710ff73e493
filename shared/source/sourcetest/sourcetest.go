// Package sourcetest is what the tests of all sources share: samples with goldens, the check that no field of a sample is
// lost, tables of what is refused, the door that must stay shut, and the properties that fuzzing looks for.
package sourcetest

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

var update = flag.Bool("update", false, "write goldens")

// Received is when all deliveries of the tests come in.
var Received = time.Date(2026, 3, 10, 3, 0, 0, 0, time.UTC)

// Space is a space that names one source of a kind and a few services.
func Space(kind, scheme string) config.Space {
	return config.Space{
		Name: "shop", Account: "123456789012",
		Services: []config.Service{
			{Name: "checkout", Tags: map[string]string{"service": "checkout-api"}, Repository: "https://github.com/acme/checkout.git"},
			{Name: "orders-db", Dimensions: map[string][]string{"DBInstanceIdentifier": {"orders-db"}}, Repository: "acme/orders"},
			{Name: "orders-jobs", Repository: "acme/orders"},
		},
		Sources: []config.Source{{Kind: kind, Scheme: scheme, Secret: "s"}},
	}
}

// Samples parses every sample of a kind and compares it with its golden. No leaf of a sample may vanish, and those that
// match one of the important paths (as in "alerts[].labels.alertname") must reach a named field, not only the data.
func Samples(t *testing.T, s source.Source, important ...string) {
	t.Helper()
	kind := s.Rules().Kind
	files, err := fs.Glob(events.FS, kind+"/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("samples of %s: %d, %v", kind, len(files), err)
	}
	met := map[string]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := fs.ReadFile(events.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			if err := source.Strict(body, source.OurDepth, nil); err != nil {
				t.Fatal(err)
			}
			p := Parse(t, s, string(body))
			NotLost(t, body, p)
			for path := range reached(t, body, p, important) {
				met[path] = true
			}
			golden(t, filepath.Base(file), p)
		})
	}
	for _, path := range important {
		if !met[path] && !t.Failed() {
			t.Errorf("no sample has %s: the check of it checks nothing", path)
		}
	}
}

// Parse reads a body that must be accepted; every event of it must hold to the contract.
func Parse(t *testing.T, s source.Source, body string) source.Parsed {
	t.Helper()
	p, err := s.Parse([]byte(body), Received)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Events)+len(p.Changes) == 0 && p.Note == "" {
		t.Error("nothing came of it, and nothing says so")
	}
	for _, e := range p.Events {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
		if e.Source != s.Rules().Kind || !json.Valid(e.Data) {
			t.Errorf("event of source %q with data %.60s", e.Source, e.Data)
		}
	}
	return p
}

// One is Parse for a body that carries one event.
func One(t *testing.T, s source.Source, body string) incident.Event {
	t.Helper()
	p := Parse(t, s, body)
	if len(p.Events) != 1 {
		t.Fatalf("%d events, want one; note %q", len(p.Events), p.Note)
	}
	return p.Events[0]
}

// NotLost fails for every leaf of body that is neither in an event's data, nor in a change, nor under a path that is named
// as dropped.
func NotLost(t *testing.T, body []byte, p source.Parsed) {
	t.Helper()
	kept := map[string]bool{}
	for _, e := range p.Events {
		walk(decoded(t, e.Data), "$", func(_ string, leaf any) { kept[text(leaf)] = true })
	}
	changes := ""
	for _, c := range p.Changes {
		changes += rendered(t, c)
	}
	walk(decoded(t, body), "$", func(path string, leaf any) {
		at, isTime := source.Time(source.Text(text(leaf)))
		isTime = isTime && slices.ContainsFunc(p.Changes, func(c evidence.Change) bool { return c.Time.Equal(at) })
		if !kept[text(leaf)] && !isTime && !dropped(p, path) && !(changes != "" && holds(changes, text(leaf))) {
			t.Errorf("%s = %v is in no event's data, in no change, and not dropped by name", path, leaf)
		}
	})
}

// dropped reports whether a path, or what it is part of, is named as dropped.
func dropped(p source.Parsed, path string) bool {
	return slices.ContainsFunc(p.Dropped, func(d string) bool {
		at, _, _ := strings.Cut(d, ": ")
		path := shape(path)
		return at == "$" || path == at || strings.HasPrefix(path, at+".") || strings.HasPrefix(path, at+"[")
	})
}

// reached checks the important leaves and returns the paths that the body has.
func reached(t *testing.T, body []byte, p source.Parsed, important []string) map[string]bool {
	t.Helper()
	named := ""
	var times []time.Time
	for _, e := range p.Events {
		times = append(times, e.Timestamp)
		e.Data = nil
		named += rendered(t, e)
	}
	for _, c := range p.Changes {
		times = append(times, c.Time)
		named += rendered(t, c)
	}
	met := map[string]bool{}
	walk(decoded(t, body), "$", func(path string, leaf any) {
		skip := dropped(p, path)
		path = strings.TrimPrefix(strings.TrimPrefix(shape(path), "$"), ".")
		value := text(leaf)
		if !slices.Contains(important, path) || value == "" || strings.HasPrefix(value, "0001-") || len(p.Events)+len(p.Changes) == 0 {
			return
		}
		met[path] = true
		at, ok := source.Time(source.Text(value))
		isTime := ok && slices.ContainsFunc(times, func(t time.Time) bool { return t.Equal(at.Truncate(time.Millisecond)) })
		if !isTime && !skip && !holds(named, value) {
			t.Errorf("%s = %q reached no named field", path, value)
		}
	})
	return met
}

// holds reports whether a rendering has the value, or, for several lines, each of its lines that says anything.
func holds(named, value string) bool {
	for line := range strings.Lines(value) {
		line = strings.TrimSpace(line)
		if strings.ContainsFunc(line, unicode.IsLetter) != strings.ContainsFunc(value, unicode.IsLetter) {
			continue
		}
		if !strings.Contains(strings.ToLower(named), strings.ToLower(line)) {
			return false
		}
	}
	return true
}

// rendered is all text of a value, one leaf a line.
func rendered(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	walk(decoded(t, raw), "", func(path string, leaf any) { fmt.Fprintf(&out, "%s=%s\n", path, text(leaf)) })
	return out.String()
}

func text(leaf any) string {
	switch v := leaf.(type) {
	case nil:
		return ""
	case json.Number:
		return v.String()
	}
	return strings.TrimSpace(fmt.Sprint(leaf))
}

// shape is a path without the positions in lists.
func shape(path string) string {
	var out strings.Builder
	in := false
	for _, r := range path {
		if in = (in || r == '[') && r != ']'; !in || r == '[' {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func decoded(t *testing.T, data []byte) (doc any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func walk(v any, path string, leaf func(string, any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			walk(v[name], path+"."+name, leaf)
		}
	case []any:
		for i, child := range v {
			walk(child, fmt.Sprintf("%s[%d]", path, i), leaf)
		}
	default:
		leaf(path, v)
	}
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
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
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
