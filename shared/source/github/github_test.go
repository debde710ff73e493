package github_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/source/github"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = github.New(sourcetest.Space("github", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "after", "before", "compare", "repository.full_name", "repository.pushed_at", "commits[].added[]", "commits[].removed[]", "commits[].modified[]", "pusher.name",
		"deployment.id", "deployment.sha", "deployment.ref", "deployment.environment", "deployment.description", "deployment.created_at", "deployment.creator.login", "deployment_status.state", "deployment_status.target_url",
		"release.tag_name", "release.name", "release.html_url", "release.published_at", "release.author.login")
}

const repository = `"repository":{"full_name":"acme/orders","html_url":"https://github.com/acme/orders","default_branch":"main","pushed_at":1773111300}`

func push(ref string) string {
	return `{"ref":"` + ref + `","before":"b","after":"a","commits":[{"id":"a","message":"m","added":["x"]}],` + repository + `}`
}

// One repository of two services: both changed, each by an entry of its own.
func TestRepositories(t *testing.T) {
	p := sourcetest.Parse(t, s, push("refs/heads/main"))
	if len(p.Changes) != 2 || p.Changes[0].Component != "orders-db" || p.Changes[1].Component != "orders-jobs" || p.Changes[0].ID == p.Changes[1].ID {
		t.Errorf("changes = %+v", p.Changes)
	}
	if len(p.Events) != 0 {
		t.Error("a push became an alarm")
	}
	sourcetest.Nothing(t, s, map[string]string{
		strings.ReplaceAll(push("refs/heads/main"), "acme/orders", "acme/unknown"): "no service of this space",
		strings.ReplaceAll(push("refs/heads/main"), "acme/orders", "evil/orders"):  "no service of this space",
	})
}

// All deliveries of one deployment are one entry of the change log.
func TestDeployment(t *testing.T) {
	deployment := `"deployment":{"id":5,"sha":"0d1a26e67d8f5eaf","ref":"main","environment":"production","created_at":"2026-03-10T02:55:10Z","creator":{"login":"octo"}},` + repository
	begun := sourcetest.Parse(t, s, `{"action":"created",`+deployment+`}`).Changes[0]
	done := sourcetest.Parse(t, s, `{"action":"created","deployment_status":{"state":"success","environment":"production","created_at":"2026-03-10T02:57:30Z"},`+deployment+`}`).Changes[0]
	if !begun.Time.Equal(done.Time) || begun.ID != done.ID || begun.Kind != done.Kind || done.Tags["state"] != "success" || begun.Tags["state"] != "created" || done.Revision != "0d1a26e67d8f5eaf" {
		t.Errorf("begun %+v, done %+v", begun, done)
	}
	sourcetest.Nothing(t, s, map[string]string{`{"deployment_status":{"state":"queued"},` + deployment + `}`: "changes nothing yet"})
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "repository.full_name", `{"commits":{}}`: "commits", `[]`: "must not be a JSON array", `{"deployment":{},` + repository + `}`: "deployment.id", `{"deployment":{"id":[]},` + repository + `}`: "deployment.id",
	})
	sourcetest.Nothing(t, s, map[string]string{
		`{"zen":"x","hook_id":1}`: "ping", push("refs/heads/feature"): "not the default branch", push("refs/tags/v1"): "a tag", `{"action":"opened","issue":{},` + repository + `}`: "opened",
		`{"action":"completed","workflow_run":{},` + repository + `}`: "workflow run", `{"action":"created","release":{"tag_name":"v1","draft":true},` + repository + `}`: "created", `{"action":"member_added"}`: "no repository",
		strings.Replace(push("refs/heads/main"), `"after"`, `"deleted":true,"after"`, 1): "deleted",
	})
	if p := sourcetest.Parse(t, s, strings.Replace(push("refs/heads/main"), "1773111300", `"never"`, 1)); !p.Changes[0].Time.Equal(sourcetest.Received) || !slices.ContainsFunc(p.Dropped, func(d string) bool { return strings.Contains(d, "no time") }) {
		t.Errorf("a bad time: %+v, dropped %v", p.Changes[0], p.Dropped)
	}
}

func TestDoor(t *testing.T) {
	h := github.HeaderSignature
	sourcetest.Door(t, s, sourcetest.Plain, nil, map[string]sourcetest.Change{
		"body changed": sourcetest.Body(`{"a":1}`), "without prefix": sourcetest.Each(h, func(v string) string { return v[7:] }), "SHA-1's prefix": sourcetest.Each(h, func(v string) string { return "sha1=" + v[7:] }),
		"upper case": sourcetest.Each(h, func(v string) string { return "sha256=" + strings.ToUpper(v[7:]) }), "cut short": sourcetest.Each(h, func(v string) string { return v[:40] }), "two headers": sourcetest.Twice(h, "sha256="+strings.Repeat("ab", 32)),
		"in the old header": sourcetest.Each(h, func(string) string { return "" }),
	})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, push("refs/heads/main")) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, true) }
