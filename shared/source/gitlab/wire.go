package gitlab

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// delivery is what is read of all kinds: https://docs.gitlab.com/user/project/integrations/webhook_events/
type delivery struct {
	Kind    string `json:"object_kind"`
	Event   string `json:"event_name"` // all that system hooks have
	Project struct {
		Path          string `json:"path_with_namespace"`
		WebURL        string `json:"web_url"`
		DefaultBranch string `json:"default_branch"`
	} `json:"project"`
	User     person      `json:"user"`
	UserName source.Text `json:"user_name"`

	Ref     string      `json:"ref"`
	Before  string      `json:"before"`
	After   string      `json:"after"`
	Commits []commit    `json:"commits"`
	Total   source.Text `json:"total_commits_count"`

	DeploymentID    source.Text `json:"deployment_id"`
	Status          string      `json:"status"`
	StatusChangedAt source.Text `json:"status_changed_at"`
	Environment     source.Text `json:"environment"`
	ShortSHA        string      `json:"short_sha"`
	CommitURL       string      `json:"commit_url"`
	CommitTitle     string      `json:"commit_title"`
	DeployableURL   string      `json:"deployable_url"`

	Action     string      `json:"action"`
	Name       string      `json:"name"`
	Tag        source.Text `json:"tag"`
	URL        string      `json:"url"`
	ReleasedAt source.Text `json:"released_at"`
	CreatedAt  source.Text `json:"created_at"`

	Commit   commit   `json:"commit"`
	Pipeline pipeline `json:"object_attributes"`
	Builds   []build  `json:"builds"`
}

type person struct {
	Name     string `json:"name"`
	Username string `json:"username"`
}

type commit struct {
	ID        string      `json:"id"`
	Message   string      `json:"message"`
	Title     string      `json:"title"`
	Timestamp source.Text `json:"timestamp"`
	Author    person      `json:"author"`
	Added     []string    `json:"added"`
	Modified  []string    `json:"modified"`
	Removed   []string    `json:"removed"`
}

type pipeline struct {
	ID         source.Text `json:"id"`
	Name       source.Text `json:"name"`
	Ref        string      `json:"ref"`
	SHA        string      `json:"sha"`
	BeforeSHA  string      `json:"before_sha"`
	Status     string      `json:"status"`
	URL        string      `json:"url"`
	CreatedAt  source.Text `json:"created_at"`
	FinishedAt source.Text `json:"finished_at"`
}

type build struct {
	Name        string      `json:"name"`
	Status      string      `json:"status"`
	StartedAt   source.Text `json:"started_at"`
	FinishedAt  source.Text `json:"finished_at"`
	Environment *struct {
		Name   string `json:"name"`
		Action string `json:"action"`
	} `json:"environment"`
}

// Parse implements source.Source.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	var in delivery
	if err := source.Decode(body, &in); err != nil {
		return source.Parsed{}, err
	}
	if in.Kind == "" && in.Event != "" {
		return source.Nothing("the system hook %.80q changes nothing that runs", in.Event), nil
	}
	if in.Kind == "" {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "object_kind: required")
	}
	var c evidence.Change
	var note string
	var times []source.Named
	switch in.Kind {
	case "push":
		c, note, times = in.pushed()
	case "deployment":
		c, note, times = in.deployed()
	case "release":
		c, note, times = in.released()
	case "pipeline":
		c, note, times = in.ran()
	default:
		note = fmt.Sprintf("%.80q changes nothing that runs", in.Kind)
	}
	if note != "" {
		return source.Nothing("%s", note), nil
	}
	if err := source.Require(map[string]bool{"project.path_with_namespace": in.Project.Path == "", "id of the " + in.Kind: c.ID == ""}); err != nil {
		return source.Parsed{}, err
	}
	var timed source.Parsed
	c.Time = timed.At(times...)
	if c.Time.IsZero() {
		c.Time = received
	}
	c.Repository = in.Project.Path
	p := source.Changed(s.space, body, c, in.Project.Path, in.Project.WebURL)
	p.Dropped = append(p.Dropped, timed.Dropped...)
	return p, nil
}

const (
	zeroes = "0000000000000000000000000000000000000000"
	files  = 300
)

// pushed makes one change of a push. GitLab does not say when it was pushed, so that is when it is heard of.
func (in delivery) pushed() (evidence.Change, string, []source.Named) {
	branch, isBranch := strings.CutPrefix(in.Ref, "refs/heads/")
	switch {
	case in.After == zeroes:
		return evidence.Change{}, fmt.Sprintf("%.120q was deleted", in.Ref), nil
	case !isBranch:
		return evidence.Change{}, fmt.Sprintf("%.120q is no branch", in.Ref), nil
	case in.Project.DefaultBranch != "" && branch != in.Project.DefaultBranch:
		return evidence.Change{}, fmt.Sprintf("%.120q is not the default branch", branch), nil
	}
	var head commit
	var touched [][]string
	for _, c := range in.Commits {
		touched = append(touched, c.Added, c.Modified, c.Removed)
		if c.ID == in.After || head.ID == "" {
			head = c
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(cmp.Or(head.Message, head.Title)), "\n")
	if n := len(in.Commits); n > 1 {
		line = fmt.Sprintf("%s (and %d more commits)", line, n-1)
	}
	return evidence.Change{
		ID: in.After, Kind: "commit", Title: cmp.Or(line, "push"), Author: cmp.Or(head.Author.Name, string(in.UserName)), Previous: in.Before,
		Files: source.Union(files, touched...), Tags: map[string]string{"branch": branch, "pushed_by": string(in.UserName)},
	}, "", nil
}

// deployed keeps the start of a deployment, and its end as well, for one that was made by hand is told of only then.
func (in delivery) deployed() (evidence.Change, string, []source.Named) {
	switch in.Status {
	case "running", "success", "failed":
	default:
		return evidence.Change{}, fmt.Sprintf("a deployment that is %.40q changes nothing", in.Status), nil
	}
	return evidence.Change{
		ID: string(in.DeploymentID), Kind: "deployment", Title: cmp.Or(in.CommitTitle, "deployment to "+string(in.Environment)), Author: cmp.Or(in.User.Name, in.User.Username),
		Revision: cmp.Or(last(in.CommitURL), in.ShortSHA),
		Tags:     map[string]string{"branch": in.Ref, "environment": string(in.Environment), "state": in.Status, "url": in.DeployableURL, "commit": in.CommitURL, "sha": in.ShortSHA},
	}, "", []source.Named{{Path: "$.status_changed_at", Text: in.StatusChangedAt}}
}

// released counts a release as a deployment of its tag, for where a release is what rolls out nothing else tells of it.
func (in delivery) released() (evidence.Change, string, []source.Named) {
	if in.Action != "create" {
		return evidence.Change{}, fmt.Sprintf("a release of which the action is %.40q changes nothing", in.Action), nil
	}
	tag := string(in.Tag)
	return evidence.Change{
		ID: tag, Kind: "deployment", Title: cmp.Or(in.Name, tag), Author: in.Commit.Author.Name, Revision: cmp.Or(in.Commit.ID, tag),
		Tags: map[string]string{"release": tag, "url": in.URL},
	}, "", []source.Named{{Path: "$.released_at", Text: in.ReleasedAt}, {Path: "$.created_at", Text: in.CreatedAt}}
}

// ran is a pipeline that deployed: one of its jobs brought something to an environment. It counts from that job's start.
func (in delivery) ran() (evidence.Change, string, []source.Named) {
	p := in.Pipeline
	if p.Status != "success" && p.Status != "failed" {
		return evidence.Change{}, fmt.Sprintf("a pipeline that is %.40q is not over", p.Status), nil
	}
	for _, b := range in.Builds {
		if b.Environment == nil || b.Environment.Action != "" && b.Environment.Action != "start" || b.Status != "success" && b.Status != "failed" {
			continue
		}
		return evidence.Change{
			ID: "pipeline-" + string(p.ID), Kind: "deployment", Title: cmp.Or(in.Commit.Title, string(p.Name), "pipeline "+string(p.ID)), Author: cmp.Or(in.User.Name, in.Commit.Author.Name), Revision: p.SHA, Previous: p.BeforeSHA,
			Tags: map[string]string{"branch": p.Ref, "environment": b.Environment.Name, "state": b.Status, "url": p.URL, "job": b.Name, "pipeline": string(p.ID), "finished": string(b.FinishedAt)},
		}, "", []source.Named{{Path: "$.builds[].started_at", Text: b.StartedAt}, {Path: "$.object_attributes.finished_at", Text: p.FinishedAt}}
	}
	return evidence.Change{}, "the pipeline deployed to no environment", nil
}

// last is the last part of an address: the whole commit id that a commit's address ends in.
func last(address string) string { return address[strings.LastIndexByte(address, '/')+1:] }
