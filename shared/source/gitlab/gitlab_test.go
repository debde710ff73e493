package gitlab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/gitlab"
	"github.com/firefinder/firefinder/shared/source/sign"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = gitlab.New(sourcetest.Space("gitlab", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "after", "before", "project.path_with_namespace", "commits[].message", "commits[].modified[]", "user_name",
		"deployment_id", "status", "status_changed_at", "environment", "short_sha", "commit_title", "commit_url", "deployable_url", "user.name",
		"tag", "name", "released_at", "url", "object_attributes.id", "object_attributes.sha", "object_attributes.before_sha", "object_attributes.url")
}

const project = `"project":{"path_with_namespace":"acme/orders","web_url":"https://gitlab.example.com/acme/orders","default_branch":"main"}`

func push(ref, after string) string {
	return `{"object_kind":"push","ref":"` + ref + `","before":"b","after":"` + after + `","commits":[{"id":"z","message":"old"},{"id":"` + after + `","message":"new\n\nmore"}],` + project + `}`
}

func TestParse(t *testing.T) {
	if c := sourcetest.Parse(t, s, push("refs/heads/main", "a")).Changes; len(c) != 2 || c[0].Title != "new (and 1 more commits)" || c[0].Component != "orders-db" || !c[0].Time.Equal(sourcetest.Received) {
		t.Errorf("push = %+v", c)
	}
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "object_kind", `{"object_kind":"push","ref":"refs/heads/main","after":"a"}`: "project.path_with_namespace", `{"object_kind":"deployment","status":"running",` + project + `}`: "id of the deployment",
		`{"object_kind":"push","commits":{}}`: "commits",
	})
	sourcetest.Nothing(t, s, map[string]string{
		push("refs/heads/feature", "a"): "not the default branch", push("refs/tags/v1", "a"): "no branch", push("refs/heads/main", strings.Repeat("0", 40)): "deleted",
		`{"object_kind":"merge_request"}`: "merge_request", `{"object_kind":"tag_push"}`: "tag_push", `{"object_kind":"deployment","status":"canceled"}`: "canceled", `{"object_kind":"release","action":"delete"}`: "delete",
		`{"object_kind":"pipeline","object_attributes":{"status":"running"}}`: "not over", `{"object_kind":"pipeline","object_attributes":{"id":1,"status":"success"},"builds":[{"status":"success","environment":null}]}`: "no environment",
		strings.ReplaceAll(push("refs/heads/main", "a"), "acme/orders", "acme/unknown"): "no service of this space",
	})
}

func TestDoor(t *testing.T) {
	current := string(sourcetest.Current.Reveal())
	sourcetest.Door(t, s, sourcetest.Plain, nil, map[string]sourcetest.Change{
		"two tokens": sourcetest.Twice(gitlab.HeaderToken, current), "longer": sourcetest.Set(gitlab.HeaderToken, current+"x"), "shorter": sourcetest.Set(gitlab.HeaderToken, current[1:]),
		"other letter case": sourcetest.Each(gitlab.HeaderToken, strings.ToUpper), "as a bearer token": sourcetest.Set(gitlab.HeaderToken, "Bearer "+current),
	})
}

func TestDoorSigned(t *testing.T) {
	signed := gitlab.New(sourcetest.Space("gitlab", "standard"))
	sourcetest.Door(t, signed, sourcetest.Whsec, nil, map[string]sourcetest.Change{
		"301 s later": sourcetest.Later(301 * time.Second), "body changed": sourcetest.Body(`{"a":1}`), "other id": sourcetest.Set(sign.StandardID, "other"), "no signature": sourcetest.Drop(sign.StandardSignature),
		"only the secret token": func(r *source.Request) {
			r.Header.Del(sign.StandardSignature)
			r.Header.Set(gitlab.HeaderToken, string(sourcetest.CurrentWhsec.Reveal()))
		},
	})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, push("refs/heads/main", "a")) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }

func FuzzVerifySigned(f *testing.F) {
	sourcetest.FuzzVerify(f, gitlab.New(sourcetest.Space("gitlab", "standard")), sourcetest.Whsec, true)
}
