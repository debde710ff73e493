package stack

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Tests of this package are serial: they share one process of the CDK library, and one synthesis of the sample spaces and
// of testdata/spaces. They assert on templates whose intrinsic functions are written as text: ${Table12345678.Arn}.

var update = flag.Bool("update", false, "write the golden files")

const root = "../.."

// template is one synthesized stack.
type template struct {
	space     string
	resources map[string]resource
}

type resource struct {
	id    string
	kind  string
	keep  string // deletion policy
	props map[string]any
}

var synthesis = sync.OnceValues(func() (map[string]template, error) {
	dir, err := os.MkdirTemp("", "firefinder-infra-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := fakeFunctions(filepath.Join(dir, "dist")); err != nil {
		return nil, err
	}
	spaces := filepath.Join(dir, "spaces")
	for _, from := range []string{root + "/infra/spaces", "testdata/spaces"} {
		if err := os.CopyFS(spaces, os.DirFS(from)); err != nil {
			return nil, err
		}
	}
	out := filepath.Join(dir, "out")
	app, stacks, err := App(Settings{Root: root, Dist: filepath.Join(dir, "dist"), Spaces: spaces, Out: out})
	if err != nil {
		return nil, err
	}
	if err := caught(func() { app.Synth(nil) }); err != nil {
		report, _ := os.ReadFile(filepath.Join(out, "validation-report.json"))
		return nil, fmt.Errorf("synth: %w\n%s", err, report)
	}
	templates := map[string]template{}
	for space := range stacks {
		data, err := os.ReadFile(filepath.Join(out, "Firefinder-"+space+".template.json"))
		if err != nil {
			return nil, err
		}
		if templates[space], err = parse(space, data); err != nil {
			return nil, err
		}
	}
	nagReports, err = readReports(out)
	return templates, err
})

// fakeFunctions stands in for compiled functions: infrastructure does not depend on their content.
func fakeFunctions(dist string) error {
	for _, f := range functions {
		dir := filepath.Join(dist, f.name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte(f.name), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// caught turns the panic with which the CDK library reports a fault into an error.
func caught(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	f()
	return nil
}

func of(t *testing.T, space string) template {
	t.Helper()
	templates, err := synthesis()
	if err != nil {
		t.Fatal(err)
	}
	if len(templates) != 3 {
		t.Fatalf("synthesized %v, want the two samples and varied", slices.Sorted(maps.Keys(templates)))
	}
	return templates[space]
}

var (
	assetHash = regexp.MustCompile(`[0-9a-f]{64}`)
	idHash    = regexp.MustCompile(`[0-9A-F]{8}$`)
)

func parse(space string, data []byte) (template, error) {
	var doc struct {
		Resources map[string]struct {
			Type           string
			DeletionPolicy string
			Properties     map[string]any
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return template{}, err
	}
	out := template{space: space, resources: map[string]resource{}}
	for id, r := range doc.Resources {
		props, _ := plain(r.Properties).(map[string]any)
		out.resources[id] = resource{id: id, kind: r.Type, keep: r.DeletionPolicy, props: props}
	}
	return out, nil
}

// plain writes CloudFormation's functions as text, everywhere in a document.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case map[string]any:
		if len(v) == 1 {
			if text, ok := intrinsic(v); ok {
				return text
			}
		}
		out := map[string]any{}
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	}
	return v
}

func intrinsic(v map[string]any) (string, bool) {
	if name, ok := v["Ref"].(string); ok {
		return "${" + short(name) + "}", true
	}
	if path, ok := v["Fn::GetAtt"].([]any); ok {
		return fmt.Sprintf("${%s.%s}", short(path[0].(string)), path[1]), true
	}
	if text, ok := v["Fn::Sub"].(string); ok {
		return text, true
	}
	if join, ok := v["Fn::Join"].([]any); ok {
		var parts []string
		for _, p := range join[1].([]any) {
			parts = append(parts, fmt.Sprint(plain(p)))
		}
		return strings.Join(parts, join[0].(string)), true
	}
	return "", false
}

func short(id string) string { return idHash.ReplaceAllString(id, "") }

// all lists the resources of a kind, by id.
func (t template) all(kind string) []resource {
	var out []resource
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		if r := t.resources[id]; r.kind == kind {
			out = append(out, r)
		}
	}
	return out
}

// one is the resource of a kind whose id, without its hash, is given.
func (t template) one(tb testing.TB, kind, id string) resource {
	tb.Helper()
	for _, r := range t.all(kind) {
		if short(r.id) == id {
			return r
		}
	}
	tb.Fatalf("%s has no %s %s", t.space, kind, id)
	return resource{}
}

// at reads a property by path; nil when it is absent.
func (r resource) at(path ...string) any {
	var v any = r.props
	for _, step := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i := 0
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (r resource) text(path ...string) string {
	s, _ := r.at(path...).(string)
	return s
}

// want fails unless the property at the dotted path is exactly this.
func (r resource) want(t *testing.T, path string, want any) {
	t.Helper()
	got := r.at(strings.Split(path, ".")...)
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("%s %s: %s = %s, want %s", r.kind, short(r.id), path, g, w)
	}
}

func list(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		out := make([]string, len(v))
		for i := range v {
			out[i] = fmt.Sprint(v[i])
		}
		return out
	}
	return nil
}

// golden compares text with testdata/name, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs from the golden file; if the change is meant, run go test ./infra/stack -update and read the diff\n%s", name, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1, a, b)
		}
	}
	return ""
}
