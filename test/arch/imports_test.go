package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// rule forbids imports. from and to are patterns as in floors; to may also be "not std", everything outside the standard
// library. A rule that is deep looks at all a package links, not only at what it imports itself.
type rule struct {
	from   string
	to     string
	why    string
	except []string // packages that may
	deep   bool
}

const (
	noSDK      = "the AWS SDK stays under shared/aws, the AWS connectors and the mains, so that everything else runs on a laptop without it"
	noInfra    = "the CDK is 480 MB of modules and a Node process: nothing that runs may know it"
	noTemplate = "one Execute of text/template or html/template makes the linker keep every operation of every AWS client (25 MB become 87); use templ or strings.Replacer"
	noTests    = "libraries for tests stay out of what runs"
)

var awsConnectors = []string{"shared/connector/cloudwatch", "shared/connector/logs", "shared/connector/cloudtrail", "shared/connector/xray"}

// theSDK is where the AWS SDK may be imported.
var theSDK = append([]string{"shared/aws/...", "functions/...", "test/aws/..."}, awsConnectors...)

// theAdapters is who may import our AWS adapters.
var theAdapters = append([]string{"shared/aws/...", "shared/connector/catalogue", "shared/cli", "shared/embedded", "functions/...", "test/..."}, awsConnectors...)

// never is who may not import whom, and why.
var never = []rule{
	{from: "shared/incident", to: "not std", why: "the domain stands on the standard library alone"},
	{from: "shared/evidence", to: "net/...", why: "the engine is pure: the same telemetry always gives the same brief"},
	{from: "shared/evidence", to: "os/...", why: "the engine is pure: the same telemetry always gives the same brief"},
	{from: "shared/evidence", to: "math/rand/...", why: "the engine is pure: the same telemetry always gives the same brief"},
	{from: "shared/llm", to: "not std", why: "the model port knows no model"},

	{from: "shared/investigate", to: "shared/connector/...", why: "the loop knows tools, not vendors"},
	{from: "shared/investigate", to: "shared/source/...", why: "an investigation starts from an incident, wherever it came from"},
	{from: "shared/triage/...", to: "shared/llm/...", why: "triage is deterministic code and spends no tokens"},
	{from: "shared/approval", to: "shared/llm/...", why: "people decide, no model has a say"},
	{from: "shared/report", to: "shared/kv/...", why: "a report is rendered from what it is given"},
	{from: "shared/console/...", to: "shared/source/...", why: "the console shows and decides; it takes no events"},

	{from: "...", to: "github.com/aws/aws-sdk-go-v2/...", why: noSDK, except: theSDK},
	{from: "...", to: "github.com/aws/smithy-go/...", why: noSDK, except: theSDK},
	{from: "...", to: "shared/aws/...", why: "adapters are chosen by mains, the command line and embedded; everybody else sees ports", except: theAdapters},
	{from: "...", to: "github.com/aws/aws-lambda-go/...", why: "only mains and their seam know that they run in Lambda", except: []string{"functions/...", "shared/boot", "test/..."}},
	{from: "...", to: "go.etcd.io/bbolt/...", why: "the database file of a laptop has one adapter", except: []string{"shared/embedded/boltkv"}},
	{from: "...", to: "github.com/spf13/cobra/...", why: "only the command line reads flags", except: []string{"shared/cli"}},
	{from: "...", to: "github.com/blues/jsonata-go/...", why: "JSONata is walked in one place, which tests compare with the reference engine", except: []string{"shared/workflow/walk"}},
	{from: "...", to: "cel.dev/...", why: "expressions of rules are typed and cost-limited in one place", except: []string{"shared/skill/..."}},
	{from: "shared/...", to: "text/template/...", why: noTemplate, except: []string{"shared/cli"}},
	{from: "shared/...", to: "html/template/...", why: noTemplate, except: []string{"shared/cli"}},

	{from: "functions/...", to: "shared/embedded/...", why: "a laptop's parts have no business in Lambda", deep: true},
	{from: "functions/...", to: "shared/connector/scenario", why: "recorded telemetry has no business in Lambda", deep: true},
	{from: "functions/webhook", to: "shared/aws/bedrock", why: "the public door holds no model", deep: true},
	{from: "functions/webhook", to: "shared/investigate", why: "the public door only takes events in", deep: true},
	{from: "functions/signer", to: "shared/aws/dynamo", why: "the signer translates and signs; it stores nothing", deep: true},
	{from: "functions/triage", to: "shared/aws/bedrock", why: "triage spends no tokens: it has no permission to", deep: true},
	{from: "functions/approve", to: "shared/aws/bedrock", why: "people decide, no model has a say", deep: true},
	{from: "functions/deliver", to: "shared/aws/bedrock", why: "what is told is rendered by us from fields", deep: true},
	{from: "functions/sweep", to: "shared/aws/bedrock", why: "sweep finishes what others began", deep: true},

	{from: "functions/...", to: "github.com/aws/aws-cdk-go/...", why: noInfra, deep: true},
	{from: "functions/...", to: "github.com/aws/jsii-runtime-go/...", why: noInfra, deep: true},
	{from: "functions/...", to: "github.com/aws/constructs-go/...", why: noInfra, deep: true},
	{from: "shared/...", to: "github.com/aws/aws-cdk-go/...", why: noInfra, deep: true},
	{from: "shared/...", to: "github.com/aws/jsii-runtime-go/...", why: noInfra, deep: true},
	{from: "shared/...", to: "github.com/aws/constructs-go/...", why: noInfra, deep: true},
	{from: "cmd/...", to: "github.com/aws/aws-cdk-go/...", why: noInfra, deep: true},
	{from: "cmd/...", to: "github.com/aws/jsii-runtime-go/...", why: noInfra, deep: true},
	{from: "cmd/...", to: "github.com/aws/constructs-go/...", why: noInfra, deep: true},

	{from: "shared/...", to: "functions/...", why: "mains stand on top; nothing imports them"},
	{from: "shared/...", to: "infra/...", why: "what runs does not know how it is deployed"},
	{from: "shared/...", to: "test/...", why: noTests},
	{from: "shared/...", to: "cmd/...", why: "mains stand on top; nothing imports them"},
	{from: "functions/...", to: "functions/...", why: "one folder, one function, one role: what two share belongs in shared"},
	{from: "functions/...", to: "infra/...", why: "what runs does not know how it is deployed"},
	{from: "functions/...", to: "test/...", why: noTests},
	{from: "test/...", to: "functions/...", why: "tests run the mains as programs"},
	{from: "test/...", to: "infra/...", why: "the CDK's tests stand beside it: everything else is tested without Node"},
	{from: "infra/...", to: "shared/...", why: "deployment needs the machine's definition and the space file, nothing else", except: []string{"to shared/workflow", "to shared/config"}},
	{from: "cmd/...", to: "shared/...", why: "the main of the command line is ten lines: everything is in shared/cli", except: []string{"to shared/cli"}},

	{from: "functions/...", to: "github.com/chromedp/...", why: noTests, deep: true},
	{from: "functions/...", to: "pgregory.net/rapid/...", why: noTests, deep: true},
	{from: "functions/...", to: "github.com/anishathalye/porcupine/...", why: noTests, deep: true},
	{from: "functions/...", to: "github.com/google/go-cmp/...", why: noTests, deep: true},
	{from: "functions/...", to: "testing/...", why: noTests, deep: true},
	{from: "cmd/...", to: "testing/...", why: noTests, deep: true},
}

// broken lists the imports that rules forbid.
func broken(all house, rules []rule) []string {
	var out []string
	for _, p := range sorted(all) {
		if !own(p.ImportPath) {
			continue
		}
		var deep map[string][]string
		for _, r := range rules {
			if !r.applies(p.ImportPath) {
				continue
			}
			if r.deep && deep == nil {
				deep = linked(all, p.ImportPath)
			}
			for _, to := range r.targets(p, deep) {
				if r.forbids(all, p.ImportPath, to) {
					out = append(out, r.say(p.ImportPath, to, deep))
				}
			}
		}
	}
	return out
}

func (r rule) applies(from string) bool {
	return (r.from == "..." || covers(r.from, from)) && !slices.ContainsFunc(r.except, func(e string) bool { return covers(e, from) })
}

func (r rule) targets(p pkg, deep map[string][]string) []string {
	if !r.deep {
		return p.Imports
	}
	var out []string
	for to := range deep {
		out = append(out, to)
	}
	slices.Sort(out)
	return out
}

func (r rule) forbids(all house, from, to string) bool {
	if from == to || sameTree(from, to) || slices.Contains(r.except, "to "+to) {
		return false
	}
	if r.to == "not std" {
		return own(to) || strings.Contains(strings.Split(to, "/")[0], ".") || !all[to].Standard && all[to].ImportPath != ""
	}
	return covers(r.to, to)
}

// sameTree is true within infra, where main and stack belong together.
func sameTree(from, to string) bool { return under(from, "infra") && under(to, "infra") }

func (r rule) say(from, to string, deep map[string][]string) string {
	if r.deep {
		return fmt.Sprintf("%s links %s (%s): %s", from, to, strings.Join(deep[to], " → "), r.why)
	}
	return fmt.Sprintf("%s imports %s: %s", from, to, r.why)
}

// families are the packages whose members look alike and know nothing of each other.
var families = []string{"shared/source", "shared/connector", "shared/deliver", "shared/aws"}

// shared by the members of a family, with the reason.
var familyParts = map[string]string{
	"shared/source/sign":         "signature schemes that several sources use",
	"shared/source/alertmanager": "Grafana documents its unified alerting body as Alertmanager's with fields of its own: one wire shape",
	"shared/source/incidentio":   "generic recognises its body by its shape and reads it no other way",
	"shared/source/opsgenie":     "generic recognises its body by its shape and reads it no other way",
	"shared/source/sentry":       "generic recognises its body by its shape and reads it no other way",
}

// vendors lists members of a family that import each other. A family's catalogue, its one list of what exists, imports all.
func vendors(all house) []string {
	var out []string
	member := func(p, family string) string {
		rest, ok := strings.CutPrefix(p, family+"/")
		if !ok {
			return ""
		}
		return strings.Split(rest, "/")[0]
	}
	for _, p := range sorted(all) {
		for _, family := range families {
			from := member(p.ImportPath, family)
			if from == "" || from == "catalogue" {
				continue
			}
			for _, to := range p.Imports {
				if other := member(to, family); other != "" && other != from && familyParts[to] == "" {
					out = append(out, fmt.Sprintf("%s imports %s: members of %s never import each other, so that one can change or go without the rest; what both need belongs in %s",
						p.ImportPath, to, family, family))
				}
			}
		}
	}
	return out
}

// suites lists packages for tests (kvtest, llmtest, ...) that something else than a test imports.
func suites(all house) []string {
	var out []string
	forTests := func(p string) bool {
		return own(p) && strings.HasSuffix(path.Base(p), "test") && path.Base(p) != "test"
	}
	for _, p := range sorted(all) {
		if !own(p.ImportPath) || forTests(p.ImportPath) || under(p.ImportPath, "test") {
			continue
		}
		for _, to := range p.Imports {
			if forTests(to) {
				out = append(out, fmt.Sprintf("%s imports %s outside its tests: fakes and conformance suites stay out of what runs", p.ImportPath, to))
			}
		}
	}
	return out
}
