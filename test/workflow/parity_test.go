package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/shared/workflow/walk"
)

// reference is the version of npm's jsonata that AWS's own documents describe the language of.
const reference = "jsonata@2.2.2"

// question is one expression with the value of $states it sees.
type question struct {
	Expr   string         `json:"expr"`
	States map[string]any `json:"states"`
}

// answer of an engine: a value, none, or an error.
type answer struct {
	Value any    `json:"value"`
	Error string `json:"error,omitempty"`
}

// TestTheEnginesAgree evaluates every expression of the machine with both engines on values of $states as they come and as
// they should never come.
func TestTheEnginesAgree(t *testing.T) {
	exprs := expressions(t, workflow.Definition)
	if len(exprs) < 8 {
		t.Fatalf("only %d expressions found in the machine: the test looks at the wrong place", len(exprs))
	}
	var asked []question
	for _, expr := range exprs {
		for _, states := range values() {
			asked = append(asked, question{expr, states})
		}
	}
	answers := ask(t, asked)
	seen := map[string]int{}
	for i, q := range asked {
		want, got := answers[i], answerInGo(t, q)
		seen[kind(want)]++
		if diff := differ(want, got); diff != "" {
			t.Errorf("%s with $states = %s (-JavaScript +Go):\n%s", q.Expr, compact(q.States), diff)
		}
	}
	for _, k := range []string{"value", "none"} {
		if seen[k] == 0 {
			t.Errorf("no question had the answer %q: the values of $states prove too little", k)
		}
	}
	t.Logf("%d expressions, %d questions, answers %v", len(exprs), len(asked), seen)
}

// differences are known and none of them can come up in the machine. They also show that the comparison sees one.
var differences = []struct {
	why string
	question
}{
	{"the Go engine does not know ??; no expression of the machine uses it", question{`$states.input.id ?? "none"`, map[string]any{"input": map[string]any{}}}},
	{"a path to an empty list is that list for the reference and nothing for the Go engine; state carries no lists", question{`$states.input.id`, map[string]any{"input": map[string]any{"id": []any{}}}}},
}

func TestKnownDifferences(t *testing.T) {
	for _, d := range differences {
		if diff := differ(ask(t, []question{d.question})[0], answerInGo(t, d.question)); diff == "" {
			t.Errorf("the engines agree on %s by now; take it off the list (%s)", d.Expr, d.why)
		}
	}
}

// differ compares two answers. An expression without a value is an error for the machine, so none and error are both
// told by having no value; the words of an error are each engine's own.
func differ(want, got answer) string {
	if want.Error != "" && got.Error != "" {
		return ""
	}
	return cmp.Diff(want, got)
}

func kind(a answer) string {
	switch {
	case a.Error != "":
		return "error"
	case a.Value == nil:
		return "none"
	}
	return "value"
}

// answerInGo asks the Go engine, through the function that walks the machine.
func answerInGo(t *testing.T, q question) answer {
	t.Helper()
	value, err := walk.Eval(q.Expr, copied(t, q.States))
	if err != nil && strings.Contains(err.Error(), "has no value") {
		return answer{}
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: copied(t, value)}
}

// copied passes a value through JSON, as it passes between states.
func copied[T any](t *testing.T, v T) T {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func compact(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// expressions lists the JSONata of a definition, each once.
func expressions(t *testing.T, definition string) []string {
	t.Helper()
	var tree any
	if err := json.Unmarshal([]byte(definition), &tree); err != nil {
		t.Fatal(err)
	}
	var out []string
	var visit func(any)
	visit = func(node any) {
		switch n := node.(type) {
		case string:
			if expr, ok := walk.Expression(n); ok {
				out = append(out, expr)
			}
		case map[string]any:
			for _, v := range n {
				visit(v)
			}
		case []any:
			for _, v := range n {
				visit(v)
			}
		}
	}
	visit(tree)
	slices.Sort(out)
	return slices.Compact(out)
}

// values are what $states may hold: every usual input, result and failure, and what no step should hand over.
func values() []map[string]any {
	object := func(pairs ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	context := object("Task", object("Token", "AQCEAAAA=="), "Execution", object("Id", "arn:aws:states:eu-central-1:123456789012:execution:m:i", "Name", "i"))
	inputs := []any{
		object("id", "inv-1"),
		object("id", "inv-1", "phase", "plan"), object("id", "inv-1", "phase", ""), object("id", "inv-1", "phase", nil), object("id", "inv-1", "phase", 1.0),
		object("id", "inv-1", "done", true), object("id", "inv-1", "done", false), object("id", "inv-1", "done", nil), object("id", "inv-1", "done", "false"),
		object("id", "inv-1", "plan", true), object("id", "inv-1", "plan", false), object("id", "inv-1", "plan", []any{false}),
		object("id", "inv-1", "approve", true), object("id", "inv-1", "approve", false), object("id", "inv-1", "error", "Throttled"),
		object("id", `a "quoted" id, ü and \ and {% 1 %}`), object("id", ""), object("id", nil), object("id", []any{"inv-1"}), object("id", object("x", 1.0)),
		object("phase", "plan", "done", true, "plan", true, "approve", true), // without an id
		object(), nil, "text", 7.0, []any{object("id", "inv-1"), object("id", "inv-2")},
	}
	results := []any{
		nil,
		object("Payload", object("id", "inv-1", "done", true, "plan", false, "approve", true), "StatusCode", 200.0),
		object("Payload", object("id", "inv-1", "done", false, "plan", true, "approve", false)),
		object("Payload", object("id", "inv-1", "done", nil)),
		object("Payload", object()), object("Payload", nil), object("Payload", "text"), object("Payload", []any{object("id", "inv-1")}), object(),
	}
	failures := []any{nil, object("Error", "Unavailable", "Cause", `{"errorMessage":"x"}`), object("Error", ""), object()}
	var out []map[string]any
	for _, in := range inputs {
		for _, result := range results {
			for _, failure := range failures {
				states := object("input", in, "context", context)
				if result != nil {
					states["result"] = result
				}
				if failure != nil {
					states["errorOutput"] = failure
				}
				out = append(out, states)
			}
		}
	}
	return append(out, object("input", object("id", "inv-1"), "context", object()))
}

// ask puts all questions to the reference engine in one process.
func ask(t *testing.T, asked []question) []answer {
	t.Helper()
	script, err := filepath.Abs("reference.mjs")
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", script, engine(t))
	cmd.Stdin = bytes.NewReader(body)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the reference engine did not answer: %v\n%s\ninstall Node (Debian: apt-get install nodejs npm)", err, stderr.String())
	}
	var answers []answer
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(asked) {
		t.Fatalf("%d answers to %d questions", len(answers), len(asked))
	}
	return answers
}

// engine is the folder in which the reference engine is installed; the first run installs it with npm.
func engine(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "firefinder-test", strings.ReplaceAll(reference, "@", "-"))
	_, err = os.Stat(filepath.Join(dir, "node_modules", "jsonata", "package.json"))
	if err == nil {
		return dir
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	// Installed aside and moved into place, so that a broken installation is never taken for a whole one.
	aside, err := os.MkdirTemp(filepath.Dir(dir), "installing-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(aside)
	cmd := exec.Command("npm", "install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix", aside, reference)
	cmd.Dir = aside
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s, the reference engine, cannot be installed: %v\n%s\ninstall npm (Debian: apt-get install npm) and check that it reaches its registry", reference, err, out)
	}
	if err := os.Rename(aside, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(fmt.Errorf("keep %s: %w", reference, err))
	}
	return dir
}
