package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
)

const minimal = "name: small\nsources: [{kind: generic}]\n"

// TestFaultsAreNamed: a space that cannot be deployed fails before anything is synthesized, and says what to do.
func TestFaultsAreNamed(t *testing.T) {
	for _, tc := range []struct{ name, file, text, want string }{
		{"unknown key", "small.yaml", minimal + "bugdet: {turns: 3}\n", "line 3: unknown key \"bugdet\""},
		{"another name", "other.yaml", minimal, `name: "small" must be the name of the file`},
		{"a laptop's setting", "small.yaml", minimal + "connectors: {scenario: events/scenarios/checkout-503}\n", "connectors.scenario: recorded telemetry is for a laptop"},
		{"no alarms", "small.yaml", "name: small\nsources: [{kind: datadog}]\n", "sources: add `- kind: generic`"},
		{"a longer wait", "small.yaml", minimal + "approvals: {timeout: 5h}\n", "approvals.timeout: 5h0m0s is longer than the state machine waits (4h0m0s)"},
		{"hidden models", "small.yaml", minimal + "models: {investigate: 'arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/x'}\n", "models.underlying:"},
		{"an insecure target", "small.yaml", minimal + "deploy: {webhook: 'http://example.com'}\n", "deploy.webhook: must be an https URL"},
		{"a lock in the past", "small.yaml", minimal + "deploy: {journal_lock_days: -1}\n", "deploy.journal_lock_days: must be between"},
		{"no topic", "small.yaml", minimal + "deploy: {operators_topic: operators}\n", "deploy.operators_topic: must be the ARN"},
		{"every alarm by a prefix", "small.yaml", minimal + "deploy: {alarm_prefixes: ['']}\n", "deploy.alarm_prefixes: an empty prefix"},
		{"not built", "small.yaml", minimal, "function investigate is not built, run `make build`"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, _, err := App(Settings{Root: root, Dist: filepath.Join(dir, "dist"), Spaces: dir, Out: filepath.Join(dir, "out")})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), tc.file) {
				t.Errorf("error %v, want %q and the file's name in it", err, tc.want)
			}
		})
	}
}

// TestFreshSpaceDeploys: what `firefinder space init` writes needs no edit to be synthesized.
func TestFreshSpaceDeploys(t *testing.T) {
	data, err := os.ReadFile(root + "/shared/cli/space.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "fresh.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(data), "NAME", "fresh")), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := load(file); err != nil {
		t.Error(err)
	}
}

func TestUnknownSpace(t *testing.T) {
	_, _, err := App(Settings{Root: root, Out: t.TempDir(), Only: "nowhere"})
	if err == nil || !strings.Contains(err.Error(), "nowhere.yaml does not exist") {
		t.Errorf("error %v, want the missing file", err)
	}
}

// TestSpaceByContext: the context key "space" chooses one space; `-c space=search` sets it.
func TestSpaceByContext(t *testing.T) {
	dir := t.TempDir()
	if err := fakeFunctions(filepath.Join(dir, "dist")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(`{"context": {"space": "search"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stacks, err := App(Settings{Root: dir, Spaces: root + "/infra/spaces", Out: filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	if len(stacks) != 1 || stacks["search"] == nil || *stacks["search"].StackName() != "Firefinder-search" {
		t.Errorf("stacks %v, want Firefinder-search alone", stacks)
	}
}

// TestModelKinds: the ways to name a model, and what IAM would need for each.
func TestModelKinds(t *testing.T) {
	app := "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/x"
	if faults := modelFaults(config.Models{Investigate: app}); len(faults) != 1 {
		t.Errorf("a hidden model passes: %v", faults)
	}
	if faults := modelFaults(config.Models{Investigate: app, Underlying: []string{"m"}}); faults != nil {
		t.Errorf("a named one does not: %v", faults)
	}
	for id, profile := range map[string]bool{
		"eu.anthropic.claude-sonnet-4-5-20250929-v1:0": true, "global.amazon.nova-2-lite-v1:0": true, "us-gov.anthropic.claude-x": true,
		"anthropic.claude-sonnet-4-5-20250929-v1:0": false, "deepseek.v3.2": false, "usable.model": false,
	} {
		if geography.MatchString(id) != profile {
			t.Errorf("%s: profile = %v, want %v", id, !profile, profile)
		}
	}
}
