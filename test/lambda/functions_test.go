package lambda

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Ceilings of an archive for this machine in bytes; x86 needs a sixth more than arm64, for which `make build` holds the ceilings
// of what is deployed, 6 and 9 MiB. The investigator will link the connectors, so it may be larger.
const ceiling, investigatorCeiling = 7 << 20, 10 << 20

// functions are the folders under functions/.
func functions(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob(filepath.Join(root, "functions", "*", "main.go"))
	if err != nil || len(mains) == 0 {
		t.Fatalf("no functions found: %v", err)
	}
	var names []string
	for _, m := range mains {
		names = append(names, filepath.Base(filepath.Dir(m)))
	}
	for _, known := range []string{"signer", "webhook", "triage", "investigate", "rootcause", "mitigate", "propose", "approve", "deliver", "sweep"} {
		if !slices.Contains(names, known) {
			t.Errorf("function %s is missing", known)
		}
	}
	return names
}

// deployed builds every function once for all tests, as it is deployed but for this machine's architecture: what the linker keeps
// is the same, and make build holds the ceilings against the archives that are deployed.
var deployed = sync.OnceValues(func() (Built, error) {
	return Build(context.Background(), root, folder, true, "./functions/...")
})

var folder string // of the executables

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "functions"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// TestFunctionsAreSmall looks at what the linker kept of every function. One call that looks methods up by a computed name
// keeps every operation of every AWS client: 25 MB become 87.
func TestFunctionsAreSmall(t *testing.T) {
	names := functions(t)
	var packages []string
	for _, name := range names {
		packages = append(packages, "./functions/"+name)
	}
	deps, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-C", root, "-deps"}, packages...)...).Output()
	if err != nil || strings.Contains(string(deps), "aws-sdk-go-v2/config\n") {
		t.Errorf("functions read their environment alone; shared/aws/profile is for people's machines (%v)", err)
	}
	built, err := deployed()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if lines := built.Tainted[name]; len(lines) > 0 {
			t.Errorf("%s: the linker keeps every method of every type because of:\n%s", name, lines[0])
		}
		path := filepath.Join(built.Dir, name)
		size, err := ZipSize(path)
		if err != nil {
			t.Fatal(err)
		}
		most := ceiling
		if name == "investigate" {
			most = investigatorCeiling
		}
		if size > most {
			t.Errorf("%s: archive of %d bytes, at most %d", name, size, most)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-12s %6.2f MB, archive %5.2f MB of %d", name, float64(info.Size())/(1<<20), float64(size)/(1<<20), most>>20)
	}
}

// TestOnlyTriageLinksRules keeps the compiler of skip rules, which is megabytes, out of functions that match none.
func TestOnlyTriageLinksRules(t *testing.T) {
	for _, name := range functions(t) {
		deps, err := exec.CommandContext(t.Context(), "go", "list", "-C", root, "-deps", "./functions/"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		if links := strings.Contains(string(deps), "/shared/skill/rule\n") || strings.Contains(string(deps), "cel-go"); links != (name == "triage") {
			t.Errorf("%s links the compiler of rules: %v", name, links)
		}
	}
}

// space is the smallest file that every function starts with.
const space = `
name: shop
services: [{name: checkout}]
sources: [{kind: generic}]
notify:
  email: {from: ff@example.com, to: [oncall@example.com]}
models:
  investigate: eu.anthropic.claude-sonnet-4-5-20250929-v1:0
  prices: {eu.anthropic.claude-sonnet-4-5-20250929-v1:0: {in: 3, out: 15}}
`

// away answers every AWS call with a refusal, so that what a function does next shows without waiting for retries.
func away(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","message":"not allowed"}`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestFunctionsStart runs every function as the program that is deployed, without anything behind it that it may use: it
// starts, says under a class name what went wrong, and lets no event go that it could not handle.
func TestFunctionsStart(t *testing.T) {
	built, err := deployed()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "space.yaml")
	if err := os.WriteFile(file, []byte(space), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + away(t),
		"FIREFINDER_SPACE_FILE=" + file, "FIREFINDER_TABLE=t", "FIREFINDER_BUCKET=b", "FIREFINDER_QUEUE_TRIAGE=http://q/1/triage", "FIREFINDER_DLQ_TRIAGE=http://q/1/dead",
		"FIREFINDER_MACHINE=arn:aws:states:eu-central-1:123456789012:stateMachine:m", "FIREFINDER_PUBLIC_URL=https://fire.example.com",
		"FIREFINDER_WEBHOOK_URL=http://127.0.0.1:1/hooks/generic", "FIREFINDER_TOKEN_KEY=key", "FIREFINDER_READER_ROLE=",
	}
	for _, name := range functions(t) {
		t.Run(name, func(t *testing.T) {
			binary := filepath.Join(built.Dir, name)
			for missing, without := range map[string][]string{
				"FIREFINDER_SPACE_FILE": slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "FIREFINDER_SPACE_FILE=") }),
				"AWS_REGION":            slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "AWS_REGION=") }),
			} {
				if _, err := Start(t.Context(), binary, without); err == nil || !strings.Contains(err.Error(), missing) {
					t.Errorf("a cold start without %s: %v", missing, err)
				}
			}
			p := start(t, binary, env...)
			t.Logf("%-12s init %5.1f ms", name, float64(p.Init.Microseconds())/1000)
			check := byTrigger[name]
			if check == nil {
				check = taskFails
			}
			check(t, p)
		})
	}
}

// byTrigger says how a function that no state of the machine calls is tried.
var byTrigger = map[string]func(*testing.T, *Process){
	"signer": keepsBatch, "triage": keepsBatch,
	"webhook": func(t *testing.T, p *Process) { httpFails(t, p, "POST", "/hooks/generic") },
	"approve": func(t *testing.T, p *Process) {
		httpFails(t, p, "GET", "/approve/a-1")
		httpFails(t, p, "GET", "/undo/evt-1")
		httpFails(t, p, "POST", "/undo/evt-1") // JSON: the secret cannot be checked
	},
	"console": func(t *testing.T, p *Process) { httpFails(t, p, "GET", "/investigations/inv-1") },
}

func taskFails(t *testing.T, p *Process) {
	a := invoke(t, p, map[string]string{"id": "inv-1", "kind": "findings", "token": "secret-token"})
	if a.ErrorType != "Internal" || a.Payload != nil {
		t.Errorf("answer: %+v; want an error of type Internal", a)
	}
	wrote(t, p, `"class":"Internal"`)
	if strings.Contains(a.Message+p.Output(), "secret-token") {
		t.Error("the task token was logged or returned")
	}
}

func wrote(t *testing.T, p *Process, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if !p.Wrote(ctx, text) {
		t.Errorf("the log lacks %s: %s", text, p.Output())
	}
}

func keepsBatch(t *testing.T, p *Process) {
	batch := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m-1", Body: "not JSON", Attributes: map[string]string{"ApproximateReceiveCount": "2"}}}}
	var out events.SQSEventResponse
	a := invoke(t, p, batch)
	if json.Unmarshal(a.Payload, &out) != nil || len(out.BatchItemFailures) != 1 || out.BatchItemFailures[0].ItemIdentifier != "m-1" {
		t.Errorf("a message that could neither be handled nor buried is not given back: %+v", a)
	}
	wrote(t, p, "message failed")
	if strings.Contains(p.Output(), "not JSON") {
		t.Errorf("the payload was logged: %s", p.Output())
	}
}

func httpFails(t *testing.T, p *Process, method, path string) {
	in := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, Body: "{}", Headers: map[string]string{"content-type": "application/json"}}
	in.RequestContext.HTTP.Method, in.RequestContext.Stage, in.RequestContext.DomainName = method, "$default", "fire.example.com"
	var out events.APIGatewayV2HTTPResponse
	a := invoke(t, p, in)
	if json.Unmarshal(a.Payload, &out) != nil || out.StatusCode < 400 {
		t.Errorf("answer: %+v", a)
	}
	if strings.Contains(out.Body, "AccessDenied") || strings.Contains(out.Body, "127.0.0.1") {
		t.Errorf("the answer shows what is behind: %s", out.Body)
	}
	in.RawPath = "/no/such/page"
	if a := invoke(t, p, in); json.Unmarshal(a.Payload, &out) != nil || out.StatusCode < 400 || out.StatusCode >= 500 {
		t.Errorf("an unknown path: %+v", a)
	}
}
