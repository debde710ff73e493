package main

import (
	"archive/zip"
	"encoding/csv"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// benchData is the folder with the datasets: BENCH_DATA, or ../shared/bench beside the repository. Empty: not here.
func benchData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BENCH_DATA")
	if dir == "" {
		dir = filepath.Join(repository, "..", "shared", "bench")
	}
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

const repository = "../.."

// labelFiles hold ground truth. Product code must not know them.
var labelFiles = []string{"label.csv", "labels.json", "answer.yml", "target.json", "annotations.json", "windows.json", "failure_mode",
	"root_cause_commit", "inject_pod", "inject_type", "fault_entity", "root_cause_category", "-labels.json", "log_structured.csv"}

// trade are words that any engine for incidents must be able to say. The rule: a name from a dataset is distinctive, and so
// forbidden, unless all the words that it consists of (split at punctuation, digits and capitals) are words of the trade.
var trade = words(`
	a an and app application at auth base be by can case client code components container count date default end error event for from
	front get group healthy id in info inner input instance is issue item job key kind label left level list live log main map match memory message metric missing
	name new no node none normal not null of off on operation order orders origin out output page pod policy port post process product queue rate read
	region release remote report request requests response result role root row run s scenario schedule schema score search secure server service services set
	severity site source spec stage start state status step stop store stream string system table tag target task test text the time timestamp to token
	trace traces traffic train type unit unknown update up user value version view wait web window windows with worker write
	abnormal access alarm alert anomalous api asg average aws amazon com backend bank basic batch block blocked broken build bus business cache capacity cart
	cascade cert certificate change check checkout child children config configuration connection connections construction consumer contention control controller core cpu crash
	critical currency dashboard data database db deadlock dead deploy deployment delay dependency detail disk dns down drift dual duplicate dynamo ec eks ecs elb email
	empty exception exhausted exhaustion expired expiry failed failover failure false feature flag flood full function gateway global health heap high host
	hot http https identity image index ingest instances internal invalid inventory invoice io kubernetes lag lambda large latency leak library limit limits linux load lock login
	loop low lookup migration mode monitor mysql network notification notifications notify one only oom killed outage pagination parameter password path payment payments pending
	performance period permission pgsql policy pool postgres pressure pricing prod production profile proxy pull query quota race rds ready
	recommendation redis regression replica replication resource retry return review rollout rolling rollback sampler saturation scaling schedules secret secrets security session shared
	shipping sim simple slow sns sqs ssl ssm stack stale static station step storage storm stuck sub subtle success sum support sts swap sync synthetic temporal timeout throttle throttling
	unhealthy upstream downstream usage utilization vacuum vip warm workload xray
	context space metadata destination cause packet edge
	apache hadoop spark zookeeper ssh open android mac health proxifier thunderbird hpc bgl hdfs quality run unemployment gdp usd
`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

var wordBreaks = regexp.MustCompile(`[^A-Za-z]+`)

// distinctive says whether a name is worth forbidding.
func distinctive(name string) bool {
	if len(name) < 5 || len(name) > 80 || !strings.ContainsFunc(name, unicode.IsLetter) {
		return false
	}
	for _, part := range wordBreaks.Split(camel(name), -1) {
		if p := strings.ToLower(part); len(p) > 2 && !trade[p] && !trade[strings.TrimSuffix(p, "s")] {
			return true
		}
	}
	return false
}

// camel puts a space before every capital that follows a small letter.
func camel(s string) string {
	var b strings.Builder
	last := ' '
	for _, r := range s {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

func TestDistinctive(t *testing.T) {
	cases := map[string]bool{"checkout": false, "payment-service": false, "cpu_saturation": false, "front_service": false, "orders": false, "abc": false,
		"PetSite": true, "adservice": true, "ts-travel-plan-service": true, "carts-db": false}
	for name, want := range cases {
		if got := distinctive(name); got != want {
			t.Errorf("distinctive(%q) = %v", name, got)
		}
	}
}

// TestNoBenchmarkNameInProductCode reads the names of components, faults, cases and datasets from the data and looks for
// them in every string and identifier of product code.
func TestNoBenchmarkNameInProductCode(t *testing.T) {
	forbidden := map[string]string{} // name in small letters → where it comes from
	add := func(from string, names ...string) {
		for _, n := range names {
			for _, c := range candidates(n) {
				if distinctive(c) {
					forbidden[strings.ToLower(c)] = from
				}
			}
		}
	}
	for _, n := range []string{"petshop", "nezha", "sockshop", "rootcausebench", "opensre", "loghub", "trainticket", "onlineboutique", "numenta", "tcpd", "rcaeval"} {
		forbidden[n] = "datasets"
	}
	if data := benchData(t); data != "" {
		if err := harvest(data, add); err != nil {
			t.Fatal(err)
		}
		if len(forbidden) < 100 {
			t.Errorf("only %d names found in %s: the layout is not what this test reads", len(forbidden), data)
		}
	} else {
		t.Log("no benchmark data here: only the names of the datasets are checked")
	}
	t.Logf("%d names are forbidden", len(forbidden))
	for _, root := range []string{"shared", "functions", "cmd"} {
		eachLiteral(t, filepath.Join(repository, root), func(where, text string) {
			small := strings.ToLower(text)
			for _, l := range labelFiles {
				if strings.Contains(small, l) {
					t.Errorf("%s: %q names a label of a benchmark (%s)", where, text, l)
				}
			}
			for _, piece := range candidates(small) {
				if from, ok := forbidden[piece]; ok {
					t.Errorf("%s: %q holds %q, a name from %s", where, text, piece, from)
				}
			}
		})
	}
}

var pieces = regexp.MustCompile(`[\s/:"'=,;()\[\]{}<>|!?*&#@]+`)

// candidates are a text, its pieces between punctuation, and pieces without what instances add (hashes, numbers, extensions).
func candidates(text string) []string {
	out := []string{text}
	for _, p := range pieces.Split(text, -1) {
		p = strings.Trim(p, ".-_")
		out = append(out, p)
		if head, _, ok := strings.Cut(p, "_"); ok {
			out = append(out, head)
		}
	}
	return out
}

// eachLiteral visits the string literals and the declared names of the Go files below root that are no tests.
func eachLiteral(t *testing.T, root string, visit func(where, text string)) {
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					visit(files.Position(n.Pos()).String(), text)
				}
			case *ast.Ident:
				visit(files.Position(n.Pos()).String(), n.Name)
			}
			return true
		})
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// harvest collects names: folders and files inside archives, nodes of call graphs, values and keys of label files.
func harvest(data string, add func(from string, names ...string)) error {
	sets, err := os.ReadDir(data)
	if err != nil {
		return err
	}
	for _, set := range sets {
		dir := filepath.Join(data, set.Name())
		files, err := os.ReadDir(dir)
		if err != nil || !set.IsDir() {
			continue
		}
		for _, f := range files {
			file := filepath.Join(dir, f.Name())
			switch path.Ext(f.Name()) {
			case ".json":
				raw, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				add(set.Name(), labelNames(raw)...)
			case ".zip":
				if err := harvestZip(set.Name(), file, add); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func harvestZip(set, file string, add func(from string, names ...string)) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		add(set, folders(f.Name)...)
		base := path.Base(f.Name)
		switch {
		case base == "target.json", base == "knowledge-graph.json", base == "label.csv", base == "graph.csv":
		default:
			continue
		}
		in, err := f.Open()
		if err != nil {
			return err
		}
		raw, err := io.ReadAll(in)
		in.Close()
		if err != nil {
			return err
		}
		if strings.HasSuffix(base, ".json") {
			add(set, labelNames(raw)...)
			continue
		}
		rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err != nil {
			return err
		}
		for i, r := range rows {
			if base == "graph.csv" && i > 0 {
				r = r[:1]
			}
			if base == "label.csv" && i == 0 {
				continue // column names
			}
			add(set, r...)
		}
	}
	return nil
}

// Files whose names are kinds of telemetry rather than names of anything.
var kindOfFile = regexp.MustCompile(`^(aws_|eks_|datadog_|cloudwatch|metrics|traces|logs|patterns|alert|answer|scenario|commits|deploys|flags|graph|target|normal|anomalous|label|drain-templates|knowledge-graph|README|LICENSE)`)

// folders are the names that the path of an archived file is made of.
func folders(name string) []string {
	var out []string
	for segment := range strings.SplitSeq(name, "/") {
		segment = strings.TrimSuffix(segment, path.Ext(segment))
		if !kindOfFile.MatchString(segment) && !strings.HasPrefix(segment, "realAWS") {
			out = append(out, segment, strings.TrimSuffix(segment, "_metric"), strings.TrimSuffix(segment, "_2k"))
		}
	}
	return out
}

// Keys whose values are names; notes and commands are prose.
var nameKeys = words(`id node root_cause_commit first_failing_service blast_radius decoy_deploy_commits inject_pod inject_type scenario inject_service service`)

// labelNames are the names in a label file: top-level keys, and the values of nameKeys at any depth.
func labelNames(raw []byte) []string {
	var doc any
	if json.Unmarshal(raw, &doc) != nil {
		return nil
	}
	var out []string
	if top, ok := doc.(map[string]any); ok {
		for k := range top {
			out = append(out, k)
		}
	}
	var walk func(key string, v any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(k, x)
			}
		case []any:
			for _, x := range v {
				walk(key, x)
			}
		case string:
			if nameKeys[key] && !strings.Contains(v, " ") {
				out = append(out, v, withoutHash(v))
			}
		}
	}
	walk("", doc)
	slices.Sort(out)
	return slices.Compact(out)
}

var instanceHash = regexp.MustCompile(`-[0-9a-f]{6,10}-[a-z0-9]{5}$`)

// withoutHash is the service that a pod name begins with.
func withoutHash(name string) string { return instanceHash.ReplaceAllString(name, "") }
