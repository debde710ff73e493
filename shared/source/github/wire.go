package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// delivery is what tells the kinds of deliveries apart, for their name stands in a header that no signature covers, and
// what is read of them: https://docs.github.com/webhooks/webhook-events-and-payloads
type delivery struct {
	Action     string          `json:"action"`
	Zen        source.Text     `json:"zen"`
	Ref        string          `json:"ref"`
	Before     string          `json:"before"`
	After      string          `json:"after"`
	Compare    string          `json:"compare"`
	Deleted    bool            `json:"deleted"`
	Commits    []commit        `json:"commits"`
	Head       *commit         `json:"head_commit"`
	Pusher     named           `json:"pusher"`
	Sender     person          `json:"sender"`
	Deployment *deployment     `json:"deployment"`
	Status     *status         `json:"deployment_status"`
	Release    *release        `json:"release"`
	Workflow   json.RawMessage `json:"workflow_run"`
	Repository *struct {
		FullName      string      `json:"full_name"`
		HTMLURL       string      `json:"html_url"`
		DefaultBranch string      `json:"default_branch"`
		PushedAt      source.Text `json:"pushed_at"`
	} `json:"repository"`
}

type person struct {
	Login string `json:"login"`
}

type named struct {
	Name string `json:"name"`
}

type commit struct {
	ID        string      `json:"id"`
	Message   string      `json:"message"`
	Timestamp source.Text `json:"timestamp"`
	Author    named       `json:"author"`
	Added     []string    `json:"added"`
	Removed   []string    `json:"removed"`
	Modified  []string    `json:"modified"`
}

type deployment struct {
	ID          source.Text `json:"id"`
	SHA         string      `json:"sha"`
	Ref         string      `json:"ref"`
	Environment string      `json:"environment"`
	Description string      `json:"description"`
	CreatedAt   source.Text `json:"created_at"`
	Creator     person      `json:"creator"`
}

type status struct {
	State       string      `json:"state"`
	Environment string      `json:"environment"`
	Description string      `json:"description"`
	TargetURL   string      `json:"target_url"`
	CreatedAt   source.Text `json:"created_at"`
}

type release struct {
	TagName     string      `json:"tag_name"`
	Target      string      `json:"target_commitish"`
	Name        string      `json:"name"`
	HTMLURL     string      `json:"html_url"`
	Draft       bool        `json:"draft"`
	Author      person      `json:"author"`
	PublishedAt source.Text `json:"published_at"`
	CreatedAt   source.Text `json:"created_at"`
	Body        string      `json:"body"`
}

// Parse implements source.Source.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	var in delivery
	if err := source.Decode(body, &in); err != nil {
		return source.Parsed{}, err
	}
	if in.Zen != "" {
		return source.Nothing("a ping: the webhook works"), nil
	}
	if in.Repository == nil || in.Repository.FullName == "" {
		if in.Action != "" && in.Repository == nil {
			return source.Nothing("the delivery %.80q is about no repository", in.Action), nil
		}
		return source.Parsed{}, incident.Errorf(incident.Invalid, "repository.full_name: required")
	}
	var c evidence.Change
	var note string
	var bad []string
	switch {
	case in.Deployment != nil:
		c, note, bad = in.deployed()
	case in.Release != nil:
		c, note, bad = in.released()
	case in.After != "" && in.Ref != "":
		c, note, bad = in.pushed()
	case in.Workflow != nil:
		note = "a workflow run is no change of what runs; deployments are"
	default:
		note = fmt.Sprintf("the delivery %.80q changes nothing that runs", in.Action)
	}
	if note != "" {
		return source.Nothing("%s", note), nil
	}
	if c.ID == "" {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "deployment.id or release.tag_name: required")
	}
	if c.Time.IsZero() {
		c.Time = received
	}
	c.Repository = in.Repository.FullName
	p := source.Changed(s.space, body, c, in.Repository.FullName, in.Repository.HTMLURL)
	p.Dropped = append(p.Dropped, bad...)
	return p, nil
}

// moment is the first time that is set, and what is to be said of those that are none.
func moment(times ...source.Named) (time.Time, []string) {
	var p source.Parsed
	return p.At(times...), p.Dropped
}

// deployed gives a deployment the time of its creation, whatever its status: the deliveries of one deployment are one
// entry, with the last status.
func (in delivery) deployed() (evidence.Change, string, []string) {
	d := in.Deployment
	state := "created"
	c := evidence.Change{
		ID: string(d.ID), Kind: "deployment", Title: cmp.Or(d.Description, "deployment of "+short(d.SHA)+" to "+d.Environment), Author: cmp.Or(d.Creator.Login, in.Sender.Login),
		Revision: d.SHA, Tags: map[string]string{"environment": d.Environment, "branch": d.Ref},
	}
	if st := in.Status; st != nil {
		state = st.State
		c.Tags["environment"], c.Tags["url"], c.Tags["note"], c.Tags["finished"] = cmp.Or(st.Environment, d.Environment), st.TargetURL, st.Description, string(st.CreatedAt)
	}
	c.Tags["state"] = state
	var bad []string
	c.Time, bad = moment(source.Named{Path: "$.deployment.created_at", Text: d.CreatedAt})
	switch state {
	case "created", "in_progress", "success", "failure", "error":
		return c, "", bad
	}
	return c, fmt.Sprintf("a deployment that is %.40s changes nothing yet", state), nil
}

// released counts a release as a deployment of its tag, for where a release is what rolls out nothing else tells of it.
func (in delivery) released() (evidence.Change, string, []string) {
	r := in.Release
	if in.Action != "published" && in.Action != "released" || r.Draft {
		return evidence.Change{}, fmt.Sprintf("a release that is %.40s changes nothing", in.Action), nil
	}
	at, bad := moment(source.Named{Path: "$.release.published_at", Text: r.PublishedAt}, source.Named{Path: "$.release.created_at", Text: r.CreatedAt})
	revision := r.TagName
	if commitID.MatchString(r.Target) {
		revision = r.Target
	}
	return evidence.Change{
		ID: r.TagName, Time: at, Kind: "deployment", Title: cmp.Or(r.Name, r.TagName), Author: cmp.Or(r.Author.Login, in.Sender.Login), Revision: revision,
		Tags: map[string]string{"release": r.TagName, "target": r.Target, "url": r.HTMLURL},
	}, "", bad
}

// commitID tells a commit from a branch, which a release may name in the same place.
var commitID = regexp.MustCompile(`^[0-9a-f]{40}(?:[0-9a-f]{24})?$`)

// files is how many file names a change carries.
const files = 300

// pushed makes one change of a push, with the time of the push, for that is when others get it.
func (in delivery) pushed() (evidence.Change, string, []string) {
	branch, isBranch := strings.CutPrefix(in.Ref, "refs/heads/")
	switch {
	case in.Deleted:
		return evidence.Change{}, fmt.Sprintf("%.120q was deleted", in.Ref), nil
	case !isBranch:
		return evidence.Change{}, fmt.Sprintf("%.120q is a tag; releases tell of it", in.Ref), nil
	case in.Repository.DefaultBranch != "" && branch != in.Repository.DefaultBranch:
		return evidence.Change{}, fmt.Sprintf("%.120q is not the default branch", branch), nil
	}
	head := commit{ID: in.After}
	if in.Head != nil {
		head = *in.Head
	} else if n := len(in.Commits); n > 0 {
		head = in.Commits[n-1]
	}
	var touched [][]string
	for _, c := range in.Commits {
		touched = append(touched, c.Added, c.Removed, c.Modified)
	}
	at, bad := moment(source.Named{Path: "$.repository.pushed_at", Text: in.Repository.PushedAt}, source.Named{Path: "$.head_commit.timestamp", Text: head.Timestamp})
	return evidence.Change{
		ID: in.After, Time: at, Kind: "commit", Title: title(head.Message, len(in.Commits)), Author: cmp.Or(head.Author.Name, in.Pusher.Name, in.Sender.Login), Previous: in.Before,
		Files: source.Union(files, touched...), Tags: map[string]string{"branch": branch, "url": in.Compare, "pushed_by": cmp.Or(in.Pusher.Name, in.Sender.Login)},
	}, "", bad
}

func title(message string, commits int) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	if commits > 1 {
		return fmt.Sprintf("%s (and %d more commits)", line, commits-1)
	}
	return cmp.Or(line, "push")
}

func short(sha string) string { return sha[:min(len(sha), 7)] }
