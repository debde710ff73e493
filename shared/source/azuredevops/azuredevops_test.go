package azuredevops_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/source/azuredevops"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = azuredevops.New(sourcetest.Space("azuredevops", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "resource.refUpdates[].newObjectId", "resource.refUpdates[].oldObjectId", "resource.commits[].comment", "resource.commits[].url", "resource.pushedBy.displayName", "resource.repository.remoteUrl", "resource.date",
		"resource.deployment.id", "resource.deployment.startedOn", "resource.deployment.completedOn", "resource.deployment.deploymentStatus", "resource.deployment.requestedFor.displayName", "resource.environment.name", "resource.deployment.release.name",
		"resource.stage.displayName", "resource.stage.result", "resource.stage.startTime", "resource.stage.finishTime", "resource.run.name", "resource.pipeline.name", "resource.repositories[].url", "resource.repositories[].change.version", "resource.repositories[].change.message")
}

func push(ref, repo string) string {
	return `{"eventType":"git.push","resource":{"commits":[{"commitId":"n","comment":"c","author":{"name":"Jo"}}],"refUpdates":[{"name":"` + ref + `","oldObjectId":"o","newObjectId":"n"}],"repository":{"name":"` + repo +
		`","project":{"name":"acme"},"defaultBranch":"refs/heads/main","remoteUrl":"https://dev.azure.com/org/acme/_git/` + repo + `"},"date":"2026-03-10T02:45:00Z"}}`
}

func stage(name, state string) string {
	return `{"eventType":"ms.vss-pipelines.stage-state-changed-event","resource":{"stage":{"id":"s","name":"` + name + `","state":"` + state + `","startTime":"2026-03-10T02:41:00Z"},"run":{"id":3,"name":"r"},"pipeline":{"name":"p"},"repositories":[{"name":"checkout","url":"https://dev.azure.com/org/acme/_git/checkout"}]}}`
}

func TestParse(t *testing.T) {
	if c := sourcetest.Parse(t, s, push("refs/heads/main", "orders")).Changes; len(c) != 2 || c[0].ID != "n" || c[0].Kind != "commit" || c[1].Component != "orders-jobs" {
		t.Errorf("push = %+v", c)
	}
	begun, done := sourcetest.Parse(t, s, stage("deploy", "running")).Changes[0], sourcetest.Parse(t, s, stage("deploy", "completed")).Changes[0]
	if begun.ID != done.ID || !begun.Time.Equal(done.Time) || done.Tags["state"] != "completed" {
		t.Errorf("begun %+v, done %+v", begun, done)
	}
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "eventType", `{"eventType":"git.push","resource":[]}`: "resource", `{"eventType":"ms.vss-release.deployment-completed-event","resource":{}}`: "resource: the id", strings.Replace(stage("deploy", "completed"), `"id":3`, `"id":""`, 1): "resource: the id",
	})
	sourcetest.Nothing(t, s, map[string]string{
		push("refs/heads/feature", "orders"): "no default branch", push("refs/heads/main", "unknown"): "no service of this space", `{"eventType":"build.complete"}`: "build.complete", `{"eventType":"workitem.created"}`: "workitem.created",
		stage("build", "completed"): "does not deploy", stage("deploy", "pending"): "pending", `{"eventType":"ms.vss-pipelines.run-state-changed-event"}`: "run-state-changed",
	})
}

func TestDoor(t *testing.T) {
	current := string(sourcetest.Current.Reveal())
	basic := func(text string) sourcetest.Change {
		return sourcetest.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text)))
	}
	sourcetest.Door(t, s, sourcetest.Plain, map[string]sourcetest.Change{"basic": basic("firefinder:" + current)}, map[string]sourcetest.Change{
		"basic, other password": basic("firefinder:wrong"), "basic, password in front": basic(current + ":firefinder"), "basic with line break": sourcetest.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("a:"+current))+"\n"),
	})
}

func FuzzParse(f *testing.F) {
	sourcetest.FuzzParse(f, s, push("refs/heads/main", "orders"), stage("deploy", "completed"))
}

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }
