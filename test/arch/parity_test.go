package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/shared/workflow/walk"
)

// undeployed are functions that the stack leaves out, each for the reason given.
var undeployed = map[string]string{
	"console": "it has no sign-in yet, so nobody could reach it (docs/decisions/012-no-console-on-aws-yet.md)",
}

// TestStatesFunctionsAndStackAgree: the machine's states, the folders of functions and the stack's table name the same.
func TestStatesFunctionsAndStackAgree(t *testing.T) {
	machine, err := walk.Parse(workflow.Definition)
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, f := range repository(t) {
		if name, ok := strings.CutSuffix(strings.TrimPrefix(f.path, "functions/"), "/main.go"); ok && under(f.path, "functions") {
			folders = append(folders, name)
		}
	}
	deployed := stackTable(t)
	none(t, disagreements(machine.Functions(), folders, deployed, undeployed))
}

// disagreements compares the functions that states name, the folders, and the stack's table (name -> trigger).
func disagreements(states, folders []string, deployed, undeployed map[string]string) []string {
	var out []string
	for _, name := range states {
		if !slices.Contains(folders, name) {
			out = append(out, fmt.Sprintf("a state invokes %s, but there is no functions/%s/main.go", name, name))
		}
		if deployed[name] != "byMachine" {
			out = append(out, fmt.Sprintf("a state invokes %s, but infra/stack/functions.go does not say that the machine triggers it", name))
		}
	}
	for name, trigger := range deployed {
		if trigger == "byMachine" && !slices.Contains(states, name) {
			out = append(out, fmt.Sprintf("infra/stack/functions.go says that the machine triggers %s, but no state names it", name))
		}
		if !slices.Contains(folders, name) {
			out = append(out, fmt.Sprintf("infra/stack/functions.go deploys %s, but there is no functions/%s/main.go", name, name))
		}
	}
	for _, name := range folders {
		if deployed[name] == "" && undeployed[name] == "" {
			out = append(out, fmt.Sprintf("functions/%s is not deployed: add it to infra/stack/functions.go, or say why in undeployed", name))
		}
	}
	slices.Sort(out)
	return out
}

// stackTable reads the table in infra/stack/functions.go: name -> trigger. It is read as text because linking the stack
// would need the CDK.
func stackTable(t *testing.T) map[string]string {
	t.Helper()
	table := map[string]string{}
	for _, row := range rows(t, "infra/stack/functions.go", "functions") {
		fields := map[string]string{}
		for _, e := range row.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				fields[literal(kv.Key)] = literal(kv.Value)
			}
		}
		table[fields["name"]] = fields["trigger"]
	}
	if len(table) < 5 {
		t.Fatalf("only %d functions read from infra/stack/functions.go: the test looks at the wrong place", len(table))
	}
	return table
}

// rows returns the elements of a package variable that is a list of composite literals.
func rows(t *testing.T, in, variable string) []*ast.CompositeLit {
	t.Helper()
	var out []*ast.CompositeLit
	for _, e := range list(t, in, variable) {
		if row, ok := e.(*ast.CompositeLit); ok {
			out = append(out, row)
		}
	}
	return out
}

// list returns the elements of a package variable that is a list.
func list(t *testing.T, in, variable string) []ast.Expr {
	t.Helper()
	for _, s := range sources([]text{file(t, in)}) {
		for _, d := range s.tree.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				v := spec.(*ast.ValueSpec)
				if v.Names[0].Name != variable || len(v.Values) != 1 {
					continue
				}
				if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
					return lit.Elts
				}
			}
		}
	}
	t.Fatalf("%s has no list %s", in, variable)
	return nil
}

// literal is the name of an identifier or the value of a string.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return s
		}
	}
	return ""
}

// read is one operation of shared/aws.Reads.
type read struct{ service, operation, action string }

func reads(t *testing.T) []read {
	t.Helper()
	var out []read
	for _, row := range rows(t, "shared/aws/reader.go", "Reads") {
		if len(row.Elts) != 3 {
			t.Fatal("a row of Reads is no longer service, operation, action")
		}
		out = append(out, read{literal(row.Elts[0]), literal(row.Elts[1]), literal(row.Elts[2])})
	}
	return out
}

// TestAllowListsAgree: what the reader role allows (IAM), what the SDK middleware lets through, and what the connectors
// call are the same operations.
func TestAllowListsAgree(t *testing.T) {
	var role, middleware []string
	for _, e := range list(t, "infra/stack/reader.go", "ReaderActions") {
		role = append(role, literal(e))
	}
	operations := map[string]string{}
	for _, r := range reads(t) {
		middleware = append(middleware, r.action)
		operations[r.operation] = r.action
	}
	none(t, differences(role, middleware))
	none(t, unlisted(sources(repository(t)), operations))
}

// differences compares the role's actions with the middleware's.
func differences(role, middleware []string) []string {
	var out []string
	for _, a := range role {
		if !slices.Contains(middleware, a) {
			out = append(out, fmt.Sprintf("the reader role allows %s, which the middleware in shared/aws/reader.go refuses: a permission that nothing uses", a))
		}
	}
	for _, a := range middleware {
		if !slices.Contains(role, a) {
			out = append(out, fmt.Sprintf("the middleware in shared/aws/reader.go lets %s through, which the reader role denies: the tool would fail", a))
		}
		if service, operation, _ := strings.Cut(a, ":"); service == "" || strings.ContainsAny(operation, "*?") || operation == "" {
			out = append(out, fmt.Sprintf("%q is not one action of one service", a))
		}
	}
	return out
}

// unlisted compares the operations that the AWS connectors call with the list. An operation is told by its input type.
// What is listed and not called counts only when all connectors are there.
func unlisted(all []source, operations map[string]string) []string {
	var out []string
	called, present := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		dir := path.Dir(s.path)
		if s.isTest() || !slices.ContainsFunc(awsConnectors, func(c string) bool { return under(dir, c) }) {
			continue
		}
		present[dir] = true
		ast.Inspect(s.tree, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if op, ok := strings.CutSuffix(sel.Sel.Name, "Input"); ok && op != "" {
				called[op] = true
				if operations[op] == "" {
					out = append(out, fmt.Sprintf("%s calls %s, which neither the reader role nor the middleware allows: add it to both, or do without", s.at(sel.Pos()), op))
				}
			}
			return true
		})
	}
	if len(present) < len(awsConnectors) {
		return out
	}
	for op, action := range operations {
		if !called[op] {
			out = append(out, fmt.Sprintf("%s is allowed and no connector calls %s: take it away from the role and from the middleware", action, op))
		}
	}
	slices.Sort(out)
	return out
}
