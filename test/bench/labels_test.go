package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

const (
	scrambled  = "scrambled"
	casesTried = 3 // of a dataset, spread over its cases
)

// TestInputsDoNotDependOnLabels loads incidents twice, once from a copy of the data whose ground truth was overwritten. What
// the engine gets to see must be the same.
func TestInputsDoNotDependOnLabels(t *testing.T) {
	data := benchData(t)
	if data == "" {
		t.Log("no benchmark data here: nothing to compare")
	}
	for _, d := range datasets() {
		dir := filepath.Join(data, d.Name)
		if _, err := os.Stat(dir); err != nil || data == "" || d.Case == nil {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			blind := filepath.Join(t.TempDir(), d.Name)
			changed, renamed := scrambleFolder(t, dir, blind)
			if changed == 0 && len(renamed) == 0 {
				t.Fatal("no ground truth was found to overwrite: the layout is not what this test knows")
			}
			compareInputs(t, d, dir, blind, renamed)
		})
	}
}

func compareInputs(t *testing.T, d score.Dataset, dir, blind string, renamed map[string]string) {
	_, cases, err := d.Case(dir, "")
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for i := 0; i < len(cases); i += max(len(cases)/casesTried, 1) {
		id := cases[i]
		want, _, err := d.Case(dir, id)
		if err != nil {
			t.Fatal(err)
		}
		other := id
		for from, to := range renamed {
			if strings.HasPrefix(id, from+"/") {
				other = to + strings.TrimPrefix(id, from)
			}
		}
		got, missing, err := d.Case(blind, other)
		if err != nil || len(missing) > 0 {
			t.Fatalf("case %s: %v, not found among %d", other, err, len(missing))
		}
		a, b := encoded(t, want), encoded(t, got)
		if !bytes.Equal(a, b) {
			t.Errorf("case %s depends on its label: %s", id, firstDifference(a, b))
		}
	}
}

// encoded is an input as JSON; the order of dependencies means nothing.
func encoded(t *testing.T, in evidence.Input) []byte {
	slices.SortFunc(in.Dependencies, func(a, b evidence.Dependency) int {
		return cmp.Or(strings.Compare(a.Caller, b.Caller), strings.Compare(a.Callee, b.Callee), strings.Compare(a.Kind, b.Kind))
	})
	out, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func firstDifference(a, b []byte) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("%q, without labels %q", a[max(i-60, 0):min(i+60, len(a))], b[max(i-60, 0):min(i+60, len(b))])
}

// scrambleFolder copies a dataset and overwrites its ground truth. Where the name of a folder is the truth, folders trade
// names; the new name of each is returned.
func scrambleFolder(t *testing.T, from, to string) (changed int, renamed map[string]string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if path.Ext(f.Name()) == ".zip" {
			out, n, traded := scrambleZip(t, raw)
			if n == 0 { // nothing in it is a label
				if err := os.Symlink(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())); err != nil {
					t.Fatal(err)
				}
				continue
			}
			raw, renamed = out, traded
			changed += n
		} else if out, ok := scramble(f.Name(), raw); ok {
			raw = out
			changed++
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return changed, renamed
}

// scrambleZip overwrites the labels of an archive. An archive without any is kept as it is, unless its folders are labels.
func scrambleZip(t *testing.T, raw []byte) ([]byte, int, map[string]string) {
	in, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	renamed := tradedNames(in)
	if len(renamed) == 0 && !slices.ContainsFunc(in.File, func(f *zip.File) bool { return isLabel(path.Base(f.Name)) }) {
		return nil, 0, nil
	}
	changed := 0
	var buffer bytes.Buffer
	out := zip.NewWriter(&buffer)
	for _, f := range in.File {
		if f.FileInfo().IsDir() {
			continue
		}
		body, ok := rewritten(t, f)
		name := renameFolder(f.Name, renamed)
		if !ok && name == f.Name {
			if err := out.Copy(f); err != nil {
				t.Fatal(err)
			}
			continue
		}
		changed++
		w, err := out.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes(), changed, renamed
}

func rewritten(t *testing.T, f *zip.File) ([]byte, bool) {
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	out, ok := scramble(path.Base(f.Name), body)
	if !ok {
		return body, false
	}
	return out, true
}

// Folders named <component>-<resource> that hold numbered repetitions say what was injected.
var labelFolder = regexp.MustCompile(`^(?:[^/]+/)?([a-z-]+-(?:cpu|mem|disk|delay|loss))/\d+/`)

// tradedNames lets every folder whose name is a label take the name of the next.
func tradedNames(z *zip.Reader) map[string]string {
	var names []string
	for _, f := range z.File {
		if m := labelFolder.FindStringSubmatch(f.Name); m != nil {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	out := map[string]string{}
	for i, n := range names {
		out[n] = names[(i+1)%len(names)]
	}
	return out
}

func renameFolder(name string, renamed map[string]string) string {
	if m := labelFolder.FindStringSubmatchIndex(name); m != nil {
		return name[:m[2]] + renamed[name[m[2]:m[3]]] + name[m[3]:]
	}
	return name
}

var failureMode = regexp.MustCompile(`(?m)^(failure_mode|severity):.*$`)

// isLabel says whether a file of this name holds ground truth.
func isLabel(name string) bool {
	switch name {
	case "answer.yml", "scenario.yml", "label.csv", "target.json":
		return true
	}
	return strings.HasSuffix(name, "labels.json")
}

// scramble overwrites the ground truth in a file; false for files that hold none.
func scramble(name string, raw []byte) ([]byte, bool) {
	if !isLabel(name) {
		return raw, false
	}
	switch {
	case name == "answer.yml":
		return []byte("root_cause_category: " + scrambled + "\n"), true
	case name == "scenario.yml":
		return failureMode.ReplaceAll(raw, []byte("$1: "+scrambled)), true
	case name == "label.csv":
		return scrambleTable(raw), true
	default:
		var doc any
		if json.Unmarshal(raw, &doc) != nil {
			return raw, false
		}
		out, err := json.Marshal(blank(doc, name != "target.json"))
		return out, err == nil
	}
}

// scrambleTable overwrites every column but the id of the fault and its times.
func scrambleTable(raw []byte) []byte {
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) == 0 {
		return raw
	}
	for _, r := range rows[1:] {
		for c := range r {
			if h := rows[0][c]; h != "fault_id" && !strings.Contains(h, "time") && !strings.Contains(h, "duration") {
				r[c] = scrambled
			}
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.WriteAll(rows) // a buffer takes everything
	return b.Bytes()
}

// Fields of label files that are allowed as input, or only say which case it is.
var openFields = words("system day inject_time inject_timestamp scenario target")

// blank overwrites the strings of a label document; truth says whether doc is ground truth as a whole.
func blank(doc any, truth bool) any {
	switch doc := doc.(type) {
	case map[string]any:
		for k, v := range doc {
			if !openFields[k] {
				doc[k] = blank(v, truth || k == "root_cause" || k == "metadata")
			}
		}
	case []any:
		for i := range doc {
			doc[i] = blank(doc[i], truth)
		}
	case string:
		if truth {
			return scrambled
		}
	}
	return doc
}

func TestScramble(t *testing.T) {
	cases := map[string][3]string{
		"fault list":   {"a-labels.json", `[{"day":"d","inject_pod":"p-1","inject_time":"t"}]`, `[{"day":"d","inject_pod":"scrambled","inject_time":"t"}]`},
		"target":       {"target.json", `{"root_cause":{"node":"x"},"target":{"node":"y"}}`, `{"root_cause":{"node":"scrambled"},"target":{"node":"y"}}`},
		"table":        {"label.csv", "fault_id,fault_entity,fault_st_time\n1,cart,5\n", "fault_id,fault_entity,fault_st_time\n1,scrambled,5\n"},
		"scenario":     {"scenario.yml", "base: b\nfailure_mode: m\n", "base: b\nfailure_mode: scrambled\n"},
		"no label":     {"metrics.csv", "a,b\n", "a,b\n"},
		"not a folder": {"notes.json", `{"node":"x"}`, `{"node":"x"}`},
	}
	for name, c := range cases {
		got, _ := scramble(c[0], []byte(c[1]))
		if d := diff.Diff(c[2], string(got)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	renamed := map[string]string{"a-cpu": "b-mem", "b-mem": "a-cpu"}
	if got := renameFolder("set/a-cpu/1/normal.csv", renamed); got != "set/b-mem/1/normal.csv" {
		t.Errorf("renamed to %s", got)
	}
}

// TestLabelFilesAreNamedByTheirDatasetOnly: what opens ground truth is the package that scores it, not what is shared.
func TestLabelFilesAreNamedByTheirDatasetOnly(t *testing.T) {
	own := map[string]bool{}
	eachLiteral(t, ".", func(where, text string) {
		holds := slices.ContainsFunc(labelFiles, func(l string) bool { return strings.Contains(text, l) })
		folder := path.Dir(strings.SplitN(where, ":", 2)[0])
		switch {
		case !holds:
		case folder == "." || folder == "archive" || folder == "score":
			t.Errorf("%s: %q names a label file outside the dataset's own package", where, text)
		default:
			own[folder] = true
		}
	})
	if len(own) < 4 {
		t.Errorf("label files were seen in %v only: this test looks for the wrong names", own)
	}
}
