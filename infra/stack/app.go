package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/firefinder/firefinder/shared/config"
)

// Settings say where things are. Everything else comes from the space files and from cdk.json.
type Settings struct {
	Root   string // repository: cdk.json and infra/spaces
	Dist   string // compiled functions, <name>/bootstrap each; default Root/dist
	Out    string // the cloud assembly; default what the CDK says, else cdk.out
	Spaces string // space files, <name>.yaml; default Root/infra/spaces
	Only   string // one space by name; default the context key "space", else every file
}

func (s Settings) withDefaults() Settings {
	def := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	def(&s.Dist, filepath.Join(s.Root, "dist"))
	def(&s.Spaces, filepath.Join(s.Root, "infra", "spaces"))
	if os.Getenv("CDK_OUTDIR") == "" {
		def(&s.Out, "cdk.out")
	}
	return s
}

// App is the CDK app with one stack per space, named Firefinder-<space>, each checked by cdk-nag's AwsSolutions rules.
// Errors name the file at fault and what to do; faults that only the CDK library sees panic, as the CDK does.
func App(s Settings) (awscdk.App, map[string]awscdk.Stack, error) {
	s = s.withDefaults()
	context, err := contextOf(filepath.Join(s.Root, "cdk.json"))
	if err != nil {
		return nil, nil, err
	}
	props := &awscdk.AppProps{Context: &context, AnalyticsReporting: jsii.Bool(false)}
	if s.Out != "" {
		props.Outdir = jsii.String(s.Out)
	}
	app := awscdk.NewApp(props)
	if only, ok := app.Node().TryGetContext(jsii.String("space")).(string); ok && s.Only == "" {
		s.Only = only
	}
	files, err := s.files()
	if err != nil {
		return nil, nil, err
	}
	stacks := map[string]awscdk.Stack{}
	for _, file := range files {
		space, err := load(file)
		if err != nil {
			return nil, nil, err
		}
		if stacks[space.Name], err = newStack(app, space, file, s.Dist); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(nil), nil)
	return app, stacks, nil
}

// contextOf reads the feature flags of cdk.json, which the library itself never reads: without them the templates of
// `go run ./infra` and of the tests would differ from those of `cdk deploy`.
func contextOf(file string) (map[string]any, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read feature flags (run from the repository's root): %w", err)
	}
	var settings struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return settings.Context, nil
}

func (s Settings) files() ([]string, error) {
	if s.Only != "" {
		return []string{filepath.Join(s.Spaces, s.Only+".yaml")}, nil
	}
	files, err := filepath.Glob(filepath.Join(s.Spaces, "*.yaml"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no space file in %s; `firefinder space init NAME` writes one", s.Spaces)
	}
	return files, err
}

// load reads a space file and refuses what a laptop may do and a deployment may not.
func load(file string) (config.Space, error) {
	space, err := config.LoadSpace(file)
	if err != nil {
		return space, err
	}
	var faults []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	check(filepath.Base(file) == space.Name+".yaml", "name: %q must be the name of the file", space.Name)
	check(space.Connectors.Scenario == "", "connectors.scenario: recorded telemetry is for a laptop; remove it to deploy")
	check(hears(space, signerSource), "sources: add `- kind: %s`; the signer sends the alarms of this account through it", signerSource)
	longest, err := longestApproval()
	if err != nil {
		return space, err
	}
	check(space.Approvals.Timeout <= longest, "approvals.timeout: %s is longer than the state machine waits (%s)", space.Approvals.Timeout, longest)
	faults = append(faults, modelFaults(space.Models)...)
	if len(faults) > 0 {
		return space, errors.New(file + ": " + strings.Join(faults, "; "))
	}
	return space, nil
}

func hears(space config.Space, kind string) bool {
	for _, source := range space.Sources {
		if source.Kind == kind {
			return true
		}
	}
	return false
}
