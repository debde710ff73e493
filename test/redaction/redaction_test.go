package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type entry struct {
	Name    string   `json:"name"`
	Text    string   `json:"text"`
	Secrets []string `json:"secrets,omitempty"`
	Expect  string   `json:"expect"`
}

func written(t *testing.T, list any) string {
	t.Helper()
	doc, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "texts.json")
	if err := os.WriteFile(path, doc, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// T23: all secrets of our own set are masked, at most 2 % of the ordinary texts are touched. The same set through a file,
// with every expectation turned round, must fail everywhere.
func TestOwnTexts(t *testing.T) {
	samples := corpus()
	var all, turned []entry
	kept := 0
	for _, s := range samples {
		word := map[bool]string{true: "kept", false: "masked"}
		all = append(all, entry{s.name, s.text, s.secrets, word[s.keep]})
		turned = append(turned, entry{s.name, s.text, s.secrets, word[!s.keep]})
		if s.keep {
			kept++
		}
	}
	if kept < 120 || len(samples)-kept < 120 {
		t.Fatalf("%d ordinary texts, %d secrets", kept, len(samples)-kept)
	}
	out := filepath.Join(t.TempDir(), "results.json")
	var said bytes.Buffer
	if ok, err := run(written(t, map[string]any{"cases": all}), out, &said); err != nil || !ok {
		t.Errorf("%v\n%s", err, said.String())
	}
	t.Log(strings.TrimSpace(said.String()))
	var results []result
	data, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(data, &results)
	}
	if err != nil || len(results) != len(samples) {
		t.Errorf("%d results of %d, %v", len(results), len(samples), err)
	}
	said.Reset()
	if ok, err := run(written(t, turned), "", &said); err != nil || ok || strings.Count(said.String(), "LEFT ") != kept || strings.Count(said.String(), "TOUCHED ") != len(samples)-kept {
		t.Errorf("turned round: %v, %v, %d left, %d touched", ok, err, strings.Count(said.String(), "LEFT "), strings.Count(said.String(), "TOUCHED "))
	}
}

// What is a matter of policy counts neither way.
func TestPolicyIsNotCounted(t *testing.T) {
	list := []entry{{Name: "a", Text: "password=hunter2!x", Secrets: []string{"hunter2!x"}, Expect: "masked"}, {Name: "b", Text: "password=hunter2!x", Expect: "policy"}, {Name: "c", Text: "fine", Expect: "kept"}}
	var said bytes.Buffer
	if ok, err := run(written(t, list), "", &said); err != nil || !ok || !strings.Contains(said.String(), "1 of 1 secrets masked, 0 of 1 ordinary texts touched") {
		t.Errorf("%v, %v: %s", ok, err, said.String())
	}
}

func TestBadTexts(t *testing.T) {
	for name, doc := range map[string]any{
		"no list": map[string]any{"name": "a"}, "no text": []entry{{Name: "a"}}, "empty": []entry{},
		"odd expectation": []entry{{Name: "a", Text: "b", Expect: "perhaps"}},
	} {
		if _, err := run(written(t, doc), "", &bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := run("no-such-file.json", "", &bytes.Buffer{}); err == nil {
		t.Error("a missing file: no error")
	}
}

func TestLeft(t *testing.T) {
	for _, c := range []struct {
		text, secret string
		want         bool
	}{
		{"a hunter2xyz b", "hunter2xyz", true}, {"a <secret:0> b", "hunter2xyz", false}, {"a hunter b", "hunter2xyz", true}, {"a hunte b", "hunter2xyz", false}, {"abc", "abc", true}, {"ab", "abc", false},
	} {
		if got := left(c.text, c.secret); got != c.want {
			t.Errorf("left(%q, %q) = %v", c.text, c.secret, got)
		}
	}
}
