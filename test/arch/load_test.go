package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

const (
	root   = "../.."
	module = "github.com/firefinder/firefinder"
)

// pkg is one package as the go command sees it.
type pkg struct {
	ImportPath   string
	Name         string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Error        *struct{ Err string }
}

// house is every package that the repository links, by import path without the module ("shared/kv") for our own.
type house map[string]pkg

// short cuts the module from our own import paths.
func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// own reports whether a path is one of ours.
func own(path string) bool {
	for _, top := range []string{"cmd", "events", "functions", "infra", "shared", "skills", "test"} {
		if under(path, top) {
			return true
		}
	}
	return path == "."
}

// under reports whether path is dir or lies below it.
func under(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

// listed asks the go command once for all packages and everything they link.
var listed = sync.OnceValues(func() (house, error) {
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Name,Standard,Imports,TestImports,XTestImports,Error", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	return parseList(bytes.NewReader(out))
})

func parseList(r io.Reader) (house, error) {
	all := house{}
	for dec := json.NewDecoder(r); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for _, list := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for i, path := range list {
				list[i] = short(path)
			}
		}
		p.ImportPath = short(p.ImportPath)
		all[p.ImportPath] = p
	}
}

func packages(t *testing.T) house {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// text is one file of the repository, by its slash path.
type text struct {
	path string
	body string
}

func (f text) isGo() bool { return strings.HasSuffix(f.path, ".go") }

// isTest covers the packages that hold fakes and suites (kvtest, llmtest, ...) as well.
func (f text) isTest() bool {
	return strings.HasSuffix(f.path, "_test.go") || f.isGo() && strings.HasSuffix(path.Dir(f.path), "test") && path.Dir(f.path) != "test"
}

// generated files say so in their first lines (go.dev/s/generatedcode).
func (f text) generated() bool {
	return strings.Contains(f.body[:min(len(f.body), 400)], "// Code generated ")
}

// files reads every text file that git tracks or would track, once.
var files = sync.OnceValues(func() ([]text, error) {
	paths, err := tracked()
	if err != nil {
		return nil, err
	}
	var out []text
	folders := map[string]bool{}
	for _, path := range paths {
		if dir := filepath.Dir(filepath.Join(root, filepath.FromSlash(path))); !folders[dir] {
			folders[dir] = true
			// Looked at so that go test runs again, rather than showing a cached result, when a file comes or goes.
			if _, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		body, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed, and git does not know yet
		}
		if err != nil {
			return nil, err
		}
		if utf8.Valid(body) {
			out = append(out, text{path, string(body)})
		}
	}
	return out, nil
})

// tracked lists the repository's files. Without git, in an unpacked archive, it is every file.
func tracked() ([]string, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil {
		return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
	}
	var out []string
	made := map[string]bool{".git": true, "bin": true, "dist": true, "cdk.out": true, "firefinder-demo": true, "node_modules": true}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && made[path]:
			return fs.SkipDir
		case d.Type().IsRegular():
			out = append(out, path)
		}
		return nil
	})
	return out, err
}

func repository(t *testing.T) []text {
	t.Helper()
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d files found: the test looks at the wrong place", len(all))
	}
	return all
}

// file returns one file of the repository.
func file(t *testing.T, path string) text {
	t.Helper()
	for _, f := range repository(t) {
		if f.path == path {
			return f
		}
	}
	t.Fatalf("%s is not in the repository", path)
	return text{}
}

// none fails the test for each finding.
func none(t *testing.T, found []string) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

// write puts a file into a folder of a test.
func write(t *testing.T, dir, name, body string) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
}
