package arch

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// planted says what a checker must find in a breach, one part of each finding, in order. None: it must stay quiet.
type planted struct {
	name  string
	found []string
	want  []string
}

func (p planted) check(t *testing.T) {
	t.Helper()
	t.Run(p.name, func(t *testing.T) {
		if len(p.found) != len(p.want) {
			t.Fatalf("found %d breaches, want %d:\n%s", len(p.found), len(p.want), strings.Join(p.found, "\n"))
		}
		for i, want := range p.want {
			if !strings.Contains(p.found[i], want) {
				t.Errorf("finding %q does not say %q", p.found[i], want)
			}
		}
	})
}

// imports makes a house of packages that import others: "a: b c".
func imports(rows ...string) house {
	all := house{}
	for _, row := range rows {
		from, to, _ := strings.Cut(row, ":")
		all[from] = pkg{ImportPath: from, Imports: strings.Fields(to)}
	}
	return all
}

func TestPlantedImports(t *testing.T) {
	for _, p := range []planted{
		{"down", upward(imports("shared/triage: shared/kv context", "shared/kv: shared/incident", "functions/triage: shared/triage")), nil},
		{"up", upward(imports("shared/kv: shared/triage")), []string{"shared/kv (ground floor) imports shared/triage (first floor)"}},
		{"port below its vendors", upward(imports("shared/approval: shared/deliver", "shared/deliver: shared/deliver/slack")), []string{"shared/deliver (first floor) imports shared/deliver/slack"}},
		{"nobody imports a main", upward(imports("shared/cli: functions/triage")), []string{"roof"}},
		{"homeless", upward(imports("shared/weather:")), []string{"shared/weather stands on no floor"}},

		{"domain", broken(imports("shared/incident: time gonum.org/v1/gonum/stat"), never), []string{"standard library alone"}},
		{"domain, own package", broken(imports("shared/incident: shared/kv"), never), []string{"standard library alone"}},
		{"SDK in the core", broken(imports("shared/triage: github.com/aws/aws-sdk-go-v2/service/sqs"), never), []string{"AWS SDK stays"}},
		{"SDK in adapters, AWS connectors and mains", broken(imports("shared/aws/sqs: github.com/aws/aws-sdk-go-v2/aws",
			"shared/connector/logs: github.com/aws/aws-sdk-go-v2/aws shared/aws", "functions/signer: github.com/aws/aws-sdk-go-v2/aws"), never), nil},
		{"SDK in another connector", broken(imports("shared/connector/splunk: github.com/aws/aws-sdk-go-v2/aws"), never), []string{"AWS SDK stays"}},
		{"command line with adapters, not with the SDK", broken(imports("shared/cli: shared/aws github.com/aws/smithy-go"), never), []string{"smithy-go: the AWS SDK stays"}},
		{"loop and vendor", broken(imports("shared/investigate: shared/connector/logs"), never), []string{"tools, not vendors"}},
		{"template", broken(imports("shared/report: text/template"), never), []string{"templ or strings.Replacer"}},
		{"infra", broken(imports("infra: infra/stack", "infra/stack: shared/config shared/workflow shared/kv"), never), []string{"infra/stack imports shared/kv"}},
		{"main of the command line", broken(imports("cmd/firefinder: os shared/cli shared/embedded"), never), []string{"everything is in shared/cli"}},
		{"functions share nothing", broken(imports("functions/a: functions/b"), never), []string{"one role"}},
		{"model behind the public door, two steps away", broken(imports("functions/webhook: shared/source", "shared/source: shared/tell", "shared/tell: shared/aws/bedrock"), never),
			[]string{"functions/webhook links shared/aws/bedrock (functions/webhook → shared/source → shared/tell → shared/aws/bedrock)", "adapters are chosen"}},
		{"CDK in what runs, two steps away", broken(imports("shared/boot: example.org/x", "example.org/x: github.com/aws/jsii-runtime-go/kernel"), never),
			[]string{"shared/boot links github.com/aws/jsii-runtime-go/kernel"}},
		{"test library in a function", broken(imports("functions/triage: pgregory.net/rapid"), never), []string{noTests}},

		{"vendors apart", vendors(imports("shared/source/grafana: shared/source shared/source/sign", "shared/source/catalogue: shared/source/grafana")), nil},
		{"vendors together", vendors(imports("shared/source/grafana: shared/source/datadog")), []string{"never import each other"}},
		{"vendor and part of another", vendors(imports("shared/connector/loki: shared/connector/grafana/rest")), []string{"never import each other"}},
		{"suite in a test", suites(imports("shared/kv/kvtest: shared/kv", "test/aws: shared/kv/kvtest")), nil},
		{"suite in what runs", suites(imports("shared/cli: shared/kv/kvtest")), []string{"stay out of what runs"}},
	} {
		p.check(t)
	}
}

// TestPlantedInAModule asks the go command about a real module with a breach, so that the reading of its answer is tested.
func TestPlantedInAModule(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{
		"go.mod":               "module " + module + "\n\ngo 1.26.0\n",
		"shared/kv/kv.go":      "package kv\n\nimport _ \"" + module + "/shared/cli\"\n",
		"shared/cli/cli.go":    "package cli\n\nimport _ \"text/template\"\n",
		"functions/a/main.go":  "package main\n\nimport _ \"" + module + "/shared/kv\"\n\nfunc main() {}\n",
		"shared/gone/gone.go":  "package gone\n\nimport _ \"" + module + "/shared/nowhere\"\n",
		"shared/tool/other.go": "package\n",
	} {
		write(t, dir, name, body)
	}
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Name,Standard,Imports,TestImports,XTestImports,Error", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseList(strings.NewReader(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	found := strings.Join(append(append(upward(all), broken(all, never)...), unloadable(all)...), "\n")
	for _, want := range []string{
		"shared/kv (ground floor) imports shared/cli (fourth floor)",
		"shared/gone stands on no floor",
		"shared/nowhere",
		"shared/tool: expected",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("nothing says %q in:\n%s", want, found)
		}
	}
	if !all["text/template"].Standard {
		t.Error("text/template is not known as part of the standard library")
	}
}

func TestPlantedCode(t *testing.T) {
	code := func(path, body string) []source { return sources([]text{{path, body}}) }
	long := func(n int) string { return strings.Repeat("// line\n", n) }
	inside := func(n int) string { return "package a\n\nfunc f() {\n" + long(n) + "}\n" }
	for _, p := range []planted{
		{"file at the limit", tooLong(code("shared/a/a.go", long(498)+"\npackage a\n")), nil},
		{"file past it", tooLong(code("shared/a/a.go", long(499)+"\npackage a\n")), []string{"shared/a/a.go has 501 lines"}},
		{"long test", tooLong(code("shared/a/a_test.go", long(900)+"\npackage a\n")), nil},
		{"long suite", tooLong(code("shared/a/atest/a.go", long(900)+"\npackage atest\n")), nil},
		{"long generated file", tooLong(code("shared/a/a_templ.go", "// Code generated by templ - DO NOT EDIT.\n\npackage a\n"+long(900))), nil},
		{"function at the limit", tooLong(code("shared/a/a.go", inside(68))), nil},
		{"function past it", tooLong(code("shared/a/a.go", inside(69))), []string{"shared/a/a.go:3: f has 71 lines"}},

		{"main", mains(code("functions/a/main.go", "package main\n"+long(39))), nil},
		{"long main", mains(code("functions/a/main.go", "package main\n"+long(40))), []string{"41 lines"}},
		{"second file of a function", mains(code("functions/a/more.go", "package main\n")), []string{"nothing else"}},
		{"library among functions", mains(code("functions/a/main.go", "package a\n")), []string{"one folder of functions is one program"}},

		{"init", hidden(code("shared/a/a.go", "package a\n\nfunc init() {}\n")), []string{"func init"}},
		{"method init", hidden(code("shared/a/a.go", "package a\n\ntype t int\n\nfunc (t) init() {}\n")), nil},
		{"skip", idle(code("shared/a/a_test.go", "package a\n\nfunc f(t *testing.T) { t.Skip() }\n")), []string{"left out proves nothing"}},
		{"sleep", idle(code("shared/a/a_test.go", "package a\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n")), []string{"synctest"}},
		{"sleep in a bubble", idle(code("shared/a/a_test.go", "package a\n\nimport \"testing/synctest\"\n\nfunc f() { time.Sleep(1) }\n")), nil},
		{"vague", vague(code("shared/util/a.go", "package util\n")), []string{"one noun of the trade"}},

		{"said", undocumented(code("shared/a/a.go", "// Package a is.\npackage a\n\n// F does.\nfunc F() {}\n\nconst A = 1 // one\n\n// T is.\ntype T int\n\nfunc (T) String() string { return \"\" }\n")), nil},
		{"package unsaid", undocumented(code("shared/a/a.go", "package a\n")), []string{"package a has no doc comment"}},
		{"said by a generator alone", undocumented(code("shared/a/a_templ.go", "// Code generated by templ - DO NOT EDIT.\n\n// templ: version: v0\npackage a\n")), []string{"package a has no doc comment"}},
		{"unsaid", undocumented(code("shared/a/a.go", "// Package a is.\npackage a\n\nfunc F() {}\n\nconst A = 1\n\ntype T int\n\nfunc (t *T) M() {}\n\nvar (\n\tV int\n)\n")),
			[]string{"F has no doc", "A has no doc", "T has no doc", "T.M has no doc", "V has no doc"}},
	} {
		p.check(t)
	}
}

func TestPlantedWords(t *testing.T) {
	text := func(path, body string) []text { return []text{{path, body}} }
	key := "AKIA" + "Q3EGRIPLWZ7XKJ5M"
	for _, p := range []planted{
		{"plain", said(text("docs/a.md", "The path /orders/work/ and the home page. https://example.org/home/x\n"), words), nil},
		{"path", said(text("docs/a.md", "one\nsee /wo"+"rk/main\n"), words), []string{`docs/a.md:2: "/wo` + `rk/"`}},
		{"unfinished", said(text("shared/a/a.go", "// TO"+"DO: more\n"), words), []string{"unfinished work is an issue"}},
		{"registry", said(text("Makefile", "GOPROXY=https://proxy.gol"+"ang.org\n"), words), []string{"which registry"}},
		{"excepted file", said(text("shared/redact/redact_test.go", "registry.np"+"mjs.org"), words), nil},

		{"made-up value", secrets(text("events/a/x.json", `{"id":"4f1c-22"}`), nil), nil},
		{"live key", secrets(text("events/a/x.json", `{"key":"`+key+`"}`), nil), []string{"looks like a live secret"}},
		{"explained key", secrets(text("events/a/x.json", `{"key":"`+key+`"}`), map[string]string{key: "of the vendor's manual"}), nil},
		{"not a fixture", secrets(text("shared/a/a.txt", key), nil), nil},
	} {
		p.check(t)
	}
}

func TestPlantedParity(t *testing.T) {
	operations := map[string]string{"GetMetricData": "cloudwatch:GetMetricData", "LookupEvents": "cloudtrail:LookupEvents"}
	connectors := func(bodies ...string) []source {
		var all []text
		for i, body := range bodies {
			all = append(all, text{fmt.Sprintf("%s/a.go", awsConnectors[i]), "package a\n\nvar _ = []any{" + body + "}\n"})
		}
		return sources(all)
	}
	for _, p := range []planted{
		{"agreed", disagreements([]string{"a"}, []string{"a", "b", "c"}, map[string]string{"a": "byMachine", "b": "byHTTP"}, map[string]string{"c": "why"}), nil},
		{"state without folder", disagreements([]string{"a"}, nil, map[string]string{"a": "byMachine"}, nil), []string{"a state invokes a, but there is no", "deploys a, but"}},
		{"state without function", disagreements([]string{"a"}, []string{"a"}, map[string]string{"a": "byHTTP"}, nil), []string{"does not say that the machine triggers"}},
		{"function without state", disagreements(nil, []string{"a"}, map[string]string{"a": "byMachine"}, nil), []string{"no state names it"}},
		{"folder that nobody deploys", disagreements(nil, []string{"a"}, nil, nil), []string{"functions/a is not deployed"}},

		{"same lists", differences([]string{"a:B"}, []string{"a:B"}), nil},
		{"role wider", differences([]string{"a:B", "a:C"}, []string{"a:B"}), []string{"the reader role allows a:C"}},
		{"middleware wider", differences([]string{"a:B"}, []string{"a:B", "a:C"}), []string{"lets a:C through"}},
		{"wildcard", differences([]string{"a:*"}, []string{"a:*"}), []string{"not one action"}},
		{"call outside the list", unlisted(connectors("x.GetMetricDataInput{}, x.PutMetricDataInput{}"), operations), []string{"calls PutMetricData"}},
		{"all connectors, one operation unused", unlisted(connectors("x.GetMetricDataInput{}", "", "", ""), operations), []string{"no connector calls LookupEvents"}},
		{"all connectors, all used", unlisted(connectors("x.GetMetricDataInput{}", "", "x.LookupEventsInput{}", ""), operations), nil},
	} {
		p.check(t)
	}
}

func TestPlantedDocs(t *testing.T) {
	gomod := "module x\n\ngo 1.26\n\nrequire (\n\tcel.dev/cel-go v0.33.2\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d v1.0.0 // indirect\n)\n\nrequire gonum.org/v1/gonum v0.17.0\n"
	none := func(string) bool { return false }
	for _, p := range []planted{
		{"go.mod", direct(gomod), []string{"cel.dev/cel-go", "github.com/a/b", "gonum.org/v1/gonum"}},
		{"table", tableKeys("| key | x |\n|---|---|\n| `a.b` | 1 |\n| `c`, `d` | 2 |\n"), []string{"a.b", "c", "d"}},
		{"missing, foreign, twice", compared("p", "a key", []string{"a"}, []string{"b", "b"}), []string{"does not explain a", "explains b, which is not", "explains b, which is not", "explains b twice"}},
		{"wrong default", wrongDefaults("| `a` | `1` | x |", map[string]string{"a": "`2`"}), []string{"the row of a"}},
		{"source", unnamed("| `sources[].kind` | required | `a`, `b` |\n`c`\n", []string{"a", "c"}), []string{"does not name c"}},
		{"tour", unvisited(imports("shared/kv:", "shared/kv/kvtest:", "shared/boot:"), "// # Ground\n//\n//\tkv  storage\n"), []string{"does not visit boot"}},
		{"dangling", dangling([]text{{"docs/a.md", "`make fly` and TestThatIsGone in `shared/gone/x.go`, [see](b.md)"}}, nil, nil, none),
			[]string{"make fly", "TestThatIsGone", "shared/gone/x.go", "links to b.md"}},
		{"page", lostPages([]text{{"shared/a/a.go", "see docs/gone.md"}}, none), []string{"docs/gone.md"}},
	} {
		p.check(t)
	}
}
