package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	maxFile     = 500 // lines
	maxFunction = 70  // lines
	maxMain     = 40  // lines
)

// longFiles may be longer than maxFile, each for the reason given.
var longFiles = map[string]string{}

// longFunctions may be longer than maxFunction ("file name"), each for the reason given.
var longFunctions = map[string]string{}

// source is a Go file of ours with its syntax tree.
type source struct {
	text
	fset *token.FileSet
	tree *ast.File
}

// sources parses Go files; what does not parse is the compiler's business.
func sources(all []text) []source {
	var out []source
	for _, f := range all {
		if !f.isGo() {
			continue
		}
		fset := token.NewFileSet()
		if tree, err := parser.ParseFile(fset, f.path, f.body, parser.ParseComments); err == nil {
			out = append(out, source{f, fset, tree})
		}
	}
	return out
}

func (s source) at(p token.Pos) string { return fmt.Sprintf("%s:%d", s.path, s.fset.Position(p).Line) }

// aside reports whether a file is outside every package: a generator with `//go:build ignore`.
func (s source) aside() bool { return strings.HasPrefix(s.body, "//go:build ignore") }

func lines(body string) int { return strings.Count(strings.TrimSuffix(body, "\n"), "\n") + 1 }

// tooLong lists files and functions past their limits. Tests, generated code and generators are exempt.
func tooLong(all []source) []string {
	var out []string
	for _, s := range all {
		if s.isTest() || s.generated() || s.aside() {
			continue
		}
		if n := lines(s.body); n > maxFile && longFiles[s.path] == "" {
			out = append(out, fmt.Sprintf("%s has %d lines: stop at %d, a file is read in one go; split it by noun or by step", s.path, n, maxFile))
		}
		for _, d := range s.tree.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := s.fset.Position(fn.End()).Line - s.fset.Position(fn.Pos()).Line + 1
			if n > maxFunction && longFunctions[s.path+" "+fn.Name.Name] == "" {
				out = append(out, fmt.Sprintf("%s: %s has %d lines: stop at %d, name its steps", s.at(fn.Pos()), fn.Name.Name, n, maxFunction))
			}
		}
	}
	return out
}

// mains lists mains that do more than wire.
func mains(all []source) []string {
	var out []string
	for _, s := range all {
		inFunctions, isCommand := under(s.path, "functions"), under(s.path, "cmd")
		if !inFunctions && !isCommand || s.isTest() {
			continue
		}
		if n := lines(s.body); n > maxMain {
			out = append(out, fmt.Sprintf("%s has %d lines: a main wires and starts in %d, what it would do beyond belongs in a package that tests reach", s.path, n, maxMain))
		}
		if s.tree.Name.Name != "main" {
			out = append(out, fmt.Sprintf("%s is package %s: one folder of functions is one program", s.path, s.tree.Name.Name))
		}
		if inFunctions && (strings.Count(s.path, "/") != 2 || path.Base(s.path) != "main.go") {
			out = append(out, fmt.Sprintf("%s: a function is functions/<name>/main.go and nothing else", s.path))
		}
	}
	return out
}

// hidden lists what runs without being called: init functions.
func hidden(all []source) []string {
	var out []string
	for _, s := range all {
		for _, d := range s.tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				out = append(out, fmt.Sprintf("%s: func init: nothing happens by being imported; make it a value or a call from main", s.at(fn.Pos())))
			}
		}
	}
	return out
}

// calls that tests must not make, and why.
var notInTests = map[string]string{
	"t.Skip":     "a test that is left out proves nothing; fail and say what is missing",
	"t.Skipf":    "a test that is left out proves nothing; fail and say what is missing",
	"t.SkipNow":  "a test that is left out proves nothing; fail and say what is missing",
	"b.Skip":     "a test that is left out proves nothing; fail and say what is missing",
	"time.Sleep": "a test that sleeps is slow and still wrong at times; use testing/synctest, or poll with a deadline",
}

// imports reports whether a file imports a package.
func (s source) imports(path string) bool {
	return slices.ContainsFunc(s.tree.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == strconv.Quote(path) })
}

// idle lists tests that skip or sleep. Under testing/synctest sleeping takes no time.
func idle(all []source) []string {
	var out []string
	for _, s := range all {
		if !s.isTest() {
			continue
		}
		bubble := s.imports("testing/synctest")
		ast.Inspect(s.tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok {
					name := x.Name + "." + sel.Sel.Name
					if why := notInTests[name]; why != "" && !(bubble && name == "time.Sleep") {
						out = append(out, fmt.Sprintf("%s: %s: %s", s.at(call.Pos()), name, why))
					}
				}
			}
			return true
		})
	}
	return out
}

// vague lists packages whose name says nothing.
func vague(all []source) []string {
	var out []string
	for _, s := range all {
		switch name := s.tree.Name.Name; name {
		case "util", "utils", "common", "helper", "helpers", "base", "manager", "types", "models", "misc", "core", "internal":
			out = append(out, fmt.Sprintf("%s: package %s: a package is one noun of the trade, said at the call site", s.path, name))
		}
	}
	return out
}

// undocumented lists packages without a doc comment and exported names without one.
func undocumented(all []source) []string {
	var out []string
	described, seen := map[string]bool{}, map[string]string{}
	for _, s := range all {
		if s.aside() {
			continue
		}
		dir := path.Dir(s.path)
		seen[dir] = s.tree.Name.Name
		if s.tree.Doc != nil && !s.generated() {
			described[dir] = true
		}
		if !s.isTest() && !s.generated() && s.tree.Name.Name != "main" {
			out = append(out, s.undocumented()...)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(seen)) {
		if !described[dir] {
			out = append(out, fmt.Sprintf("%s: package %s has no doc comment: say in one sentence what it is", dir, seen[dir]))
		}
	}
	return out
}

// speaksForItself names methods whose contract the standard library states.
var speaksForItself = map[string]bool{
	"Error": true, "Unwrap": true, "Is": true, "As": true, "String": true, "GoString": true, "LogValue": true, "Len": true, "Less": true, "Swap": true,
	"MarshalJSON": true, "UnmarshalJSON": true, "MarshalText": true, "UnmarshalText": true, "MarshalYAML": true, "UnmarshalYAML": true,
	"ServeHTTP": true, "Read": true, "Write": true, "Close": true, "RoundTrip": true,
}

func (s source) undocumented() []string {
	var out []string
	missing := func(at token.Pos, name string) {
		out = append(out, fmt.Sprintf("%s: %s has no doc comment: state its contract (units, what errors mean, whether repeats are safe)", s.at(at), name))
	}
	for _, d := range s.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			receiver := receiver(d)
			if d.Doc != nil || !d.Name.IsExported() || d.Recv != nil && (!ast.IsExported(receiver) || speaksForItself[d.Name.Name]) {
				continue
			}
			missing(d.Pos(), strings.TrimPrefix(receiver+"."+d.Name.Name, "."))
		case *ast.GenDecl:
			for _, name := range silent(d) {
				missing(name.Pos(), name.Name)
			}
		}
	}
	return out
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return "?"
		}
	}
}

// silent lists exported names of a declaration that neither it nor their own line explains.
func silent(d *ast.GenDecl) []*ast.Ident {
	var out []*ast.Ident
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				out = append(out, spec.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					out = append(out, name)
				}
			}
		}
	}
	return out
}
