package azuredevops

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// delivery is the body of a service hook: https://learn.microsoft.com/azure/devops/service-hooks/events
type delivery struct {
	EventType string `json:"eventType"`
	Message   struct {
		Text source.Text `json:"text"`
	} `json:"message"`
	CreatedDate source.Text `json:"createdDate"`
	Resource    struct {
		Commits      []commit     `json:"commits"`
		RefUpdates   []refUpdate  `json:"refUpdates"`
		Repository   repository   `json:"repository"`
		PushedBy     person       `json:"pushedBy"`
		PushID       source.Text  `json:"pushId"`
		Date         source.Text  `json:"date"`
		Environment  environment  `json:"environment"`
		Deployment   deployment   `json:"deployment"`
		Project      named        `json:"project"`
		Stage        stage        `json:"stage"`
		Run          run          `json:"run"`
		Pipeline     named        `json:"pipeline"`
		Repositories []repository `json:"repositories"`
	} `json:"resource"`
}

type person struct {
	DisplayName string `json:"displayName"`
	Name        string `json:"name"`
}

type named struct {
	ID   source.Text `json:"id"`
	Name string      `json:"name"`
}

type commit struct {
	ID      string `json:"commitId"`
	Author  person `json:"author"`
	Comment string `json:"comment"`
	URL     string `json:"url"`
}

type refUpdate struct {
	Name string `json:"name"`
	Old  string `json:"oldObjectId"`
	New  string `json:"newObjectId"`
}

type repository struct {
	Name          string `json:"name"`
	Project       named  `json:"project"`
	DefaultBranch string `json:"defaultBranch"`
	RemoteURL     string `json:"remoteUrl"`
	URL           string `json:"url"`
	Change        struct {
		Author  person `json:"author"`
		Message string `json:"message"`
		Version string `json:"version"`
	} `json:"change"`
}

// names are all by which a space may know a repository.
func (r repository) names(project string) []string {
	return []string{r.RemoteURL, r.URL, cmp.Or(r.Project.Name, project) + "/" + r.Name, r.Name}
}

type environment struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Release named  `json:"release"`
}

type deployment struct {
	ID           source.Text `json:"id"`
	Status       string      `json:"deploymentStatus"`
	StartedOn    source.Text `json:"startedOn"`
	CompletedOn  source.Text `json:"completedOn"`
	RequestedFor person      `json:"requestedFor"`
	Definition   named       `json:"releaseDefinition"`
	Release      struct {
		named
		Artifacts []struct {
			Alias     string           `json:"alias"`
			Reference map[string]named `json:"definitionReference"`
		} `json:"artifacts"`
	} `json:"release"`
}

type stage struct {
	ID          source.Text `json:"id"`
	Name        string      `json:"name"`
	DisplayName string      `json:"displayName"`
	State       string      `json:"state"`
	Result      string      `json:"result"`
	StartTime   source.Text `json:"startTime"`
	FinishTime  source.Text `json:"finishTime"`
}

type run struct {
	named
	CreatedDate source.Text `json:"createdDate"`
	Links       struct {
		Web struct {
			HREF string `json:"href"`
		} `json:"web"`
	} `json:"_links"`
}

// found is a change, the names of its repository, and the times that may be its own, best first.
type found struct {
	change evidence.Change
	names  []string
	times  []source.Named
}

// Parse implements source.Source.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	var in delivery
	if err := source.Decode(body, &in); err != nil {
		return source.Parsed{}, err
	}
	if in.EventType == "" {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "eventType: required")
	}
	var f found
	var note string
	switch in.EventType {
	case "git.push":
		f, note = in.pushed()
	case "ms.vss-release.deployment-started-event", "ms.vss-release.deployment-completed-event":
		f, note = in.deployed()
	case "ms.vss-pipelines.stage-state-changed-event":
		f, note = in.staged()
	default:
		note = fmt.Sprintf("%.80q changes nothing that runs", in.EventType)
	}
	if note != "" {
		return source.Nothing("%s", note), nil
	}
	if f.change.ID == "" {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "resource: the id of what %.60q is about is missing", in.EventType)
	}
	var timed source.Parsed
	f.change.Time = timed.At(append(f.times, source.Named{Path: "$.createdDate", Text: in.CreatedDate})...)
	if f.change.Time.IsZero() {
		f.change.Time = received
	}
	p := source.Changed(s.space, body, f.change, f.names...)
	p.Dropped = append(p.Dropped, timed.Dropped...)
	return p, nil
}

// pushed makes one change of the update of the default branch. Azure DevOps names no files.
func (in delivery) pushed() (found, string) {
	r := in.Resource
	for _, u := range r.RefUpdates {
		if r.Repository.DefaultBranch != "" && u.Name != r.Repository.DefaultBranch || strings.Trim(u.New, "0") == "" || !strings.HasPrefix(u.Name, "refs/heads/") {
			continue
		}
		head := commit{}
		for _, c := range r.Commits {
			if c.ID == u.New || head.ID == "" {
				head = c
			}
		}
		line, _, _ := strings.Cut(strings.TrimSpace(head.Comment), "\n")
		if n := len(r.Commits); n > 1 {
			line = fmt.Sprintf("%s (and %d more commits)", line, n-1)
		}
		return found{
			evidence.Change{
				ID: u.New, Kind: "commit", Title: cmp.Or(line, string(in.Message.Text), "push"), Author: cmp.Or(head.Author.Name, r.PushedBy.DisplayName), Previous: u.Old,
				Repository: cmp.Or(r.Repository.RemoteURL, r.Repository.Name), Tags: map[string]string{"branch": strings.TrimPrefix(u.Name, "refs/heads/"), "pushed_by": r.PushedBy.DisplayName, "url": head.URL},
			}, r.Repository.names(""), []source.Named{{Path: "$.resource.date", Text: r.Date}},
		}, ""
	}
	return found{}, "the push updated no default branch"
}

// deployed is a stage of a classic release. It counts from its start: start and end are one entry of the change log.
func (in delivery) deployed() (found, string) {
	d, env := in.Resource.Deployment, in.Resource.Environment
	f := found{change: evidence.Change{
		ID: string(d.ID), Kind: "deployment", Title: cmp.Or(d.Release.Name, env.Release.Name) + " to " + env.Name, Author: d.RequestedFor.DisplayName, Revision: cmp.Or(d.Release.Name, env.Release.Name), Repository: d.Definition.Name,
		Tags: map[string]string{"environment": env.Name, "state": cmp.Or(d.Status, env.Status), "finished": string(d.CompletedOn), "definition": d.Definition.Name},
	}, times: []source.Named{{Path: "$.resource.deployment.startedOn", Text: d.StartedOn}}}
	for i, a := range d.Release.Artifacts {
		repo, project := a.Reference["repository"], a.Reference["project"].Name
		f.names = append(f.names, string(repo.ID), repo.Name, project+"/"+repo.Name)
		if i == 0 {
			f.change.Repository, f.change.Tags["branch"] = cmp.Or(repo.Name, a.Alias), a.Reference["branch"].Name
			f.change.Revision = cmp.Or(a.Reference["version"].Name, f.change.Revision)
			f.change.Tags["build"] = a.Reference["definition"].Name
		}
	}
	return f, ""
}

// deploys are names of stages that bring something to where it runs.
var deploys = regexp.MustCompile(`(?i)deploy|release|roll-?out|prod|promot`)

// staged is a stage of a pipeline whose name says that it deploys: pipelines do not say so in any other way.
func (in delivery) staged() (found, string) {
	st, r := in.Resource.Stage, in.Resource
	name := cmp.Or(st.DisplayName, st.Name)
	switch {
	case !deploys.MatchString(st.Name + " " + st.DisplayName):
		return found{}, fmt.Sprintf("the stage %.80q does not deploy by its name", name)
	case st.State != "running" && st.State != "inProgress" && st.State != "completed":
		return found{}, fmt.Sprintf("a stage that is %.40q changes nothing", st.State)
	case st.Result == "skipped" || st.Result == "canceled":
		return found{}, fmt.Sprintf("a stage that was %s changes nothing", st.Result)
	}
	f := found{change: evidence.Change{
		ID: string(r.Run.ID) + "-" + string(st.ID), Kind: "deployment", Title: name + " of " + r.Pipeline.Name + " " + r.Run.Name, Revision: r.Run.Name,
		Tags: map[string]string{"environment": name, "state": cmp.Or(st.Result, st.State), "finished": string(st.FinishTime), "url": r.Run.Links.Web.HREF, "run": string(r.Run.ID), "stage": string(st.ID)},
	}, times: []source.Named{{Path: "$.resource.stage.startTime", Text: st.StartTime}, {Path: "$.resource.run.createdDate", Text: r.Run.CreatedDate}}}
	if r.Run.ID == "" || st.ID == "" {
		f.change.ID = ""
	}
	for i, repo := range r.Repositories {
		f.names = append(f.names, repo.names(r.Project.Name)...)
		if i == 0 {
			f.change.Repository, f.change.Author, f.change.Revision = cmp.Or(repo.URL, repo.Name), repo.Change.Author.Name, cmp.Or(repo.Change.Version, r.Run.Name)
			f.change.Tags["commit"] = repo.Change.Message
		}
	}
	return f, ""
}
