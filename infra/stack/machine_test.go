package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/workflow"
)

type definition struct {
	QueryLanguage  string
	StartAt        string
	TimeoutSeconds float64
	States         map[string]state
}

type state struct {
	Type, Resource, Next, Default string
	End                           bool
	TimeoutSeconds                float64
	Arguments                     struct{ FunctionName string }
	Choices                       []struct{ Next string }
	Catch                         []struct{ Next string }
	Retry                         []struct{ ErrorEquals []string }
}

func (s state) targets() []string {
	var out []string
	for _, name := range []string{s.Next, s.Default} {
		if name != "" {
			out = append(out, name)
		}
	}
	for _, c := range s.Choices {
		out = append(out, c.Next)
	}
	for _, c := range s.Catch {
		out = append(out, c.Next)
	}
	return out
}

func deployed(t *testing.T) (definition, resource) {
	t.Helper()
	machine := of(t, "payments").one(t, "AWS::StepFunctions::StateMachine", "Machine")
	var d definition
	if err := json.Unmarshal([]byte(machine.text("DefinitionString")), &d); err != nil {
		t.Fatalf("definition: %v", err)
	}
	return d, machine
}

func TestMachineIsTheFile(t *testing.T) {
	_, machine := deployed(t)
	if machine.text("DefinitionString") != workflow.Definition {
		t.Error("the deployed definition is not shared/workflow/investigation.asl.json")
	}
	machine.want(t, "StateMachineType", "STANDARD")
	machine.want(t, "TracingConfiguration.Enabled", true)
	machine.want(t, "LoggingConfiguration.Level", "ALL")
	machine.want(t, "LoggingConfiguration.IncludeExecutionData", false)
	machine.want(t, "RoleArn", "${MachineRole.Arn}")
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// TestStatesAndFunctionsAgree: every placeholder of the definition is a function that is triggered by the machine, and every
// such function is named by a state; the machine may call exactly those.
func TestStatesAndFunctionsAgree(t *testing.T) {
	_, machine := deployed(t)
	named := map[string]string{}
	for _, m := range placeholder.FindAllStringSubmatch(workflow.Definition, -1) {
		named[m[1]] = "${" + strings.TrimSuffix(m[1], "Function") + ".Arn}"
	}
	substituted := map[string]string{}
	for name, arn := range machine.at("DefinitionSubstitutions").(map[string]any) {
		substituted[name] = arn.(string)
	}
	if diff := cmp.Diff(named, substituted); diff != "" {
		t.Errorf("definition names (-), stack fills (+):\n%s", diff)
	}
	for _, r := range rolesOf(of(t, "payments")) {
		for _, s := range r.statements {
			if s.sid == "CallFunctions" {
				if diff := cmp.Diff(slices.Sorted(maps.Values(named)), slices.Sorted(slices.Values(s.resources))); diff != "" {
					t.Errorf("the machine may call (-want +got):\n%s", diff)
				}
			}
		}
	}
}

// TestDefinitionHoldsTogether finds what Step Functions would refuse or get stuck on.
func TestDefinitionHoldsTogether(t *testing.T) {
	d, _ := deployed(t)
	reached := map[string]bool{}
	var walk func(from, to string)
	walk = func(from, to string) {
		s, ok := d.States[to]
		if !ok {
			t.Errorf("%s leads to %q, which does not exist", from, to)
		}
		if !ok || reached[to] {
			return
		}
		reached[to] = true
		for _, next := range s.targets() {
			walk(to, next)
		}
	}
	walk("StartAt", d.StartAt)
	for name, s := range d.States {
		if !reached[name] {
			t.Errorf("nothing leads to %s", name)
		}
		switch s.Type {
		case "Task":
			if s.TimeoutSeconds == 0 || len(s.Retry) == 0 {
				t.Errorf("%s: a task needs a timeout and a retry", name)
			}
			if s.Next == "" && !s.End {
				t.Errorf("%s: leads nowhere", name)
			}
		case "Choice":
			if s.Default == "" {
				t.Errorf("%s: a choice without default ends the execution when nothing matches", name)
			}
		case "Succeed", "Fail", "Wait", "Pass":
		default:
			t.Errorf("%s: type %q", name, s.Type)
		}
	}
}

// TestTimeoutCascade: a function ends by itself before its state gives up, and a state before the machine does.
func TestTimeoutCascade(t *testing.T) {
	d, _ := deployed(t)
	tasks := 0
	for name, s := range d.States {
		if s.Type != "Task" {
			continue
		}
		tasks++
		function := strings.ToLower(strings.TrimSuffix(strings.Trim(s.Arguments.FunctionName, "${}"), "Function"))
		if inner := timeoutOf(function); inner >= s.TimeoutSeconds {
			t.Errorf("%s: the function has %.0f s, its state only %.0f s", name, inner, s.TimeoutSeconds)
		}
		if s.TimeoutSeconds >= d.TimeoutSeconds {
			t.Errorf("%s: the state has %.0f s, the machine only %.0f s", name, s.TimeoutSeconds, d.TimeoutSeconds)
		}
	}
	if tasks < 6 {
		t.Errorf("only %d tasks: the test looks at the wrong place", tasks)
	}
}

// TestDefinitionWithTheValidator runs the validator that others use. It comes from npm; where npm cannot be reached the
// checks above stand alone, except in CI.
func TestDefinitionWithTheValidator(t *testing.T) {
	const validator = "asl-validator@4.0.0"
	if out, err := npx(t, validator, "--version"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s did not start: %v\n%s", validator, err, out)
		}
		t.Logf("%s could not be fetched; the checks in Go have run, the validator runs in CI", validator)
		return
	}
	good := filepath.Join(t.TempDir(), "good.json")
	bad := filepath.Join(t.TempDir(), "bad.json")
	broken := strings.Replace(workflow.Definition, `"Next": "RootCause"`, `"Next": "Nowhere"`, 1)
	for file, text := range map[string]string{good: workflow.Definition, bad: broken} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := npx(t, validator, "--json-path", good); err != nil {
		t.Errorf("the definition is not valid: %v\n%s", err, out)
	}
	if out, err := npx(t, validator, "--json-path", bad); err == nil {
		t.Errorf("the validator accepts a state that leads nowhere, so its word means nothing:\n%s", out)
	}
}

func npx(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "npx", append([]string{"--yes"}, args...)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("npx %s: %w", strings.Join(args, " "), err)
	}
	return string(out), err
}
