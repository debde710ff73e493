package arch

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source/catalogue"
)

// TestDependenciesAreExplained: docs/dependencies.md has a row for every direct dependency of go.mod, and no other.
func TestDependenciesAreExplained(t *testing.T) {
	none(t, compared("docs/dependencies.md", "a direct dependency of go.mod", direct(file(t, "go.mod").body), tableKeys(file(t, "docs/dependencies.md").body)))
}

// direct lists the required modules of a go.mod that are not marked indirect.
func direct(gomod string) []string {
	var out []string
	required := regexp.MustCompile(`(?m)^(?:require )?\s*([a-z0-9][\w.-]*\.[a-z]+/\S+|[a-z][\w.-]*\.[a-z]+(?:/\S+)?) v\S+( // indirect)?$`)
	for _, m := range required.FindAllStringSubmatch(gomod, -1) {
		if m[2] == "" {
			out = append(out, m[1])
		}
	}
	return out
}

// tableKeys are the words in backquotes that begin the rows of Markdown tables.
func tableKeys(markdown string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?m)^\\| ((?:`[^`]+`(?:, )?)+) \\|").FindAllStringSubmatch(markdown, -1) {
		for _, key := range strings.Split(m[1], ", ") {
			out = append(out, strings.Trim(key, "`"))
		}
	}
	return out
}

// compared lists what a page should have and lacks, and what it has and should not.
func compared(page, what string, want, have []string) []string {
	var out []string
	for _, w := range want {
		if !slices.Contains(have, w) {
			out = append(out, fmt.Sprintf("%s does not explain %s, %s", page, w, what))
		}
	}
	for i, h := range have {
		if !slices.Contains(want, h) {
			out = append(out, fmt.Sprintf("%s explains %s, which is not %s", page, h, what))
		}
		if slices.Contains(have[:i], h) {
			out = append(out, fmt.Sprintf("%s explains %s twice", page, h))
		}
	}
	return out
}

// TestSpaceKeysAreExplained: docs/space.md has a row for every key of the space file, and no other, with the default that
// the code fills in.
func TestSpaceKeysAreExplained(t *testing.T) {
	page := file(t, "docs/space.md").body
	keys := keysOf(reflect.TypeFor[config.Space](), "")
	none(t, compared("docs/space.md", "a key of the space file", keys, tableKeys(page)))

	space, err := config.ParseSpace("space.yaml", []byte("name: x"))
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{}
	defaultsOf(reflect.ValueOf(space), "", defaults)
	delete(defaults, "name")
	if len(defaults) < 8 {
		t.Fatalf("only %d defaults found: the test looks at the wrong place", len(defaults))
	}
	none(t, wrongDefaults(page, defaults))
}

// TestSourceKindsAreExplained: the row of sources[].kind names every source that exists.
func TestSourceKindsAreExplained(t *testing.T) {
	var kinds []string
	for _, s := range catalogue.All(config.Space{}) {
		kinds = append(kinds, s.Rules().Kind)
	}
	none(t, unnamed(file(t, "docs/space.md").body, kinds))
}

func unnamed(page string, kinds []string) []string {
	var out []string
	_, row, _ := strings.Cut(page, "| `sources[].kind` |")
	row, _, _ = strings.Cut(row, "\n")
	for _, kind := range kinds {
		if !strings.Contains(row, "`"+kind+"`") {
			out = append(out, fmt.Sprintf("docs/space.md: the row of sources[].kind does not name %s", kind))
		}
	}
	return out
}

func wrongDefaults(page string, defaults map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(defaults)) {
		if row := fmt.Sprintf("| `%s` | %s |", key, defaults[key]); !strings.Contains(page, row) {
			out = append(out, fmt.Sprintf("docs/space.md: the row of %s does not begin with %q, which is what the code fills in", key, row))
		}
	}
	return out
}

// keysOf lists the keys of a settings type: a.b for structs, a[].b for lists, a.<name>.b for maps of structs.
func keysOf(t reflect.Type, prefix string) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		key, inner := prefix+f.Tag.Get("yaml"), f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case inner.Kind() == reflect.Struct:
			out = append(out, keysOf(inner, key+".")...)
		case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
			out = append(out, keysOf(inner.Elem(), key+"[].")...)
		case inner.Kind() == reflect.Map && inner.Elem().Kind() == reflect.Struct:
			out = append(out, keysOf(inner.Elem(), key+".<name>.")...)
		default:
			out = append(out, key)
		}
	}
	return out
}

// defaultsOf collects the single values that are not zero, written as the page writes them.
func defaultsOf(v reflect.Value, prefix string, into map[string]string) {
	for i := range v.NumField() {
		key, field := prefix+v.Type().Field(i).Tag.Get("yaml"), v.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			defaultsOf(field, key+".", into)
		case field.Kind() == reflect.Slice || field.Kind() == reflect.Map || field.Kind() == reflect.Pointer || field.IsZero():
		default:
			into[key] = "`" + plain(field.Interface()) + "`"
		}
	}
}

func plain(v any) string {
	if d, ok := v.(time.Duration); ok {
		return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
	}
	return fmt.Sprint(v)
}

// TestTourVisitsEveryRoom: shared/doc.go names every package below shared.
func TestTourVisitsEveryRoom(t *testing.T) {
	none(t, unvisited(packages(t), file(t, "shared/doc.go").body))
}

func unvisited(all house, tour string) []string {
	var out []string
	rooms := map[string]bool{}
	for _, p := range sorted(all) {
		if room, ok := strings.CutPrefix(p.ImportPath, "shared/"); ok {
			rooms[strings.Split(room, "/")[0]] = true
		}
	}
	for _, room := range slices.Sorted(maps.Keys(rooms)) {
		if !regexp.MustCompile(`(?m)^//\s+` + room + `\b`).MatchString(tour) {
			out = append(out, fmt.Sprintf("the tour in shared/doc.go does not visit %s", room))
		}
	}
	return out
}

// pages are the Markdown files that people read first.
func pages(t *testing.T) []text {
	var out []text
	for _, f := range repository(t) {
		if strings.HasSuffix(f.path, ".md") && (under(f.path, "docs") || !strings.Contains(f.path, "/")) {
			out = append(out, f)
		}
	}
	return out
}

// TestPagesNameWhatExists: make targets, files and tests that the documentation names are there.
func TestPagesNameWhatExists(t *testing.T) {
	targets := names(regexp.MustCompile(`(?m)^([a-z-]+):`), file(t, "Makefile").body)
	tests := map[string]bool{}
	for _, f := range repository(t) {
		if f.isTest() {
			maps.Copy(tests, names(regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`), f.body))
		}
	}
	exists := func(pattern string) bool {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		return err == nil && len(found) > 0
	}
	none(t, dangling(pages(t), targets, tests, exists))
}

func names(pattern *regexp.Regexp, body string) map[string]bool {
	out := map[string]bool{}
	for _, m := range pattern.FindAllStringSubmatch(body, -1) {
		out[m[1]] = true
	}
	return out
}

var (
	makeCommand = regexp.MustCompile("(?m)(?:`|^ +)make ([a-z][a-z-]*)")
	testName    = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	ourFile     = regexp.MustCompile("`((?:cmd|docs|events|functions|infra|shared|skills|test)/[\\w./*-]+)`")
	pageLink    = regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)
)

// made is what commands write: the documentation may name it before it is there.
var made = []string{"bin", "dist", "cdk.out", "firefinder-demo"}

func dangling(pages []text, targets, tests map[string]bool, exists func(string) bool) []string {
	var out []string
	for _, p := range pages {
		for _, m := range makeCommand.FindAllStringSubmatch(p.body, -1) {
			if !targets[m[1]] {
				out = append(out, fmt.Sprintf("%s says make %s, which the Makefile does not have", p.path, m[1]))
			}
		}
		for _, name := range testName.FindAllString(p.body, -1) {
			if !tests[name] {
				out = append(out, fmt.Sprintf("%s names %s, which is not a test of this repository", p.path, name))
			}
		}
		for _, m := range ourFile.FindAllStringSubmatch(p.body, -1) {
			if !exists(m[1]) {
				out = append(out, fmt.Sprintf("%s names %s, which does not exist", p.path, m[1]))
			}
		}
		for _, m := range pageLink.FindAllStringSubmatch(p.body, -1) {
			if target := path.Join(path.Dir(p.path), m[1]); !slices.Contains(made, strings.Split(target, "/")[0]) && !exists(target) {
				out = append(out, fmt.Sprintf("%s links to %s, which does not exist", p.path, m[1]))
			}
		}
	}
	return out
}

// TestCodeNamesPagesThatExist: a message or comment that sends people to docs/x.md sends them somewhere.
func TestCodeNamesPagesThatExist(t *testing.T) {
	none(t, lostPages(repository(t), func(page string) bool {
		_, err := fs.Stat(os.DirFS(root), page)
		return err == nil
	}))
}

func lostPages(all []text, exists func(string) bool) []string {
	var out []string
	page := regexp.MustCompile(`\bdocs/[\w/-]+\.md\b`)
	for _, f := range all {
		if under(f.path, "test/arch") || strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		for _, name := range page.FindAllString(f.body, -1) {
			if !exists(name) {
				out = append(out, fmt.Sprintf("%s sends people to %s, which does not exist", f.path, name))
			}
		}
	}
	return out
}
