package cloudtrail

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/firefinder/firefinder/shared/evidence"
)

// changesOf makes changes of the records of one account, oldest first; before are records from before the span, to compare
// with. A task definition that a service puts into use among them is part of that deployment: by itself it changes nothing
// that runs.
func changesOf(before, records []record, names index) []evidence.Change {
	for _, part := range [][]record{before, records} {
		slices.SortStableFunc(part, func(a, b record) int { return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.id, b.id)) })
	}
	h := newHistory()
	h.register(slices.Concat(before, records))
	for _, r := range before {
		h.follow(r)
	}
	var out []evidence.Change
	used := map[string]bool{}
	for _, r := range records {
		c := r.change()
		c.Component = names.component(r)
		c.Parameters, c.Previous = h.follow(r)
		if r.rollsOut() {
			if d, ok := h.definitions[c.Revision]; ok {
				used[d.id] = true
				c.Tags["registered"] = d.id
				d.images(c.Tags)
				if c.Component == "" {
					c.Component = names.component(d)
				}
			}
		}
		c.Title = r.title(c)
		if n := len(c.Parameters); n > maxParameters {
			c.Parameters = c.Parameters[:maxParameters]
			c.Tags["parameters_left_out"] = strconv.Itoa(n - maxParameters)
		}
		out = append(out, c)
	}
	return slices.DeleteFunc(out, func(c evidence.Change) bool { return used[c.ID] })
}

// change is what a record says by itself.
func (r record) change() evidence.Change {
	c := evidence.Change{ID: r.id, Time: r.time, Kind: r.kind(), Author: r.author, Revision: r.revision(), Tags: map[string]string{}}
	tag := func(name, value string) {
		if value != "" {
			c.Tags[name] = value
		}
	}
	// The API is no tag "service": in plans that word is the component in trouble.
	tag("operation", r.operation)
	tag("api", r.api)
	tag("region", r.region)
	tag("account", r.account)
	tag("cluster", plain(last(cmp.Or(at(r.request, "cluster"), at(r.request, "clusterName"), at(r.response, "service", "clusterArn")))))
	if family, _, ok := strings.Cut(c.Revision, ":"); ok && r.api == "ecs" {
		tag("family", family)
	}
	if r.by != r.author {
		tag("by", r.by)
	}
	r.images(c.Tags)
	return c
}

// images adds the images that a request ships, by name of the container where there are several.
func (r record) images(tags map[string]string) {
	for _, l := range r.leaves {
		if l.shape == "containerdefinitions.image" || l.shape == "imageuri" {
			if image := plain(l.text); image != "" && len(tags) < 16 {
				tags[strings.TrimSuffix(strings.ToLower(l.path), "uri")] = image
			}
		}
	}
}

// revision is the version that a record ships, or "".
func (r record) revision() string {
	ask := func(path ...string) string { return plain(last(at(r.request, path...))) }
	answer := func(path ...string) string { return plain(last(at(r.response, path...))) }
	switch {
	case r.rollsOut():
		return cmp.Or(numbered(answer("service", "taskDefinition")), ask("taskDefinition"))
	case r.is("ecs", "RegisterTaskDefinition"):
		return cmp.Or(numbered(answer("taskDefinition", "taskDefinitionArn")), ask("family"))
	case r.is("lambda", "UpdateFunctionCode"), r.is("lambda", "CreateFunction"), r.is("lambda", "PublishVersion"):
		_, tag, _ := strings.Cut(last(at(r.request, "imageUri")), ":")
		version := answer("version")
		if version == "$LATEST" {
			version = ""
		}
		return cmp.Or(plain(tag), version, plain(at(r.response, "codeSha256")))
	case r.is("lambda", "UpdateAlias"):
		return cmp.Or(ask("functionVersion"), answer("functionVersion"))
	case r.is("cloudformation", "ExecuteChangeSet"):
		return ask("changeSetName")
	case r.is("codedeploy", "CreateDeployment"):
		return cmp.Or(ask("revision", "gitHubLocation", "commitId"), ask("revision", "s3Location", "key"))
	case r.is("appconfig", "StartDeployment"):
		return ask("configurationVersion")
	case r.is("elasticbeanstalk", "UpdateEnvironment"):
		return ask("versionLabel")
	}
	return ""
}

// previous is the revision that runs besides the new one, as the answer tells.
func (r record) previous() string {
	if !r.rollsOut() {
		return ""
	}
	service, _ := r.response["service"].(map[string]any)
	running, _ := service["deployments"].([]any)
	for _, d := range running {
		one, _ := d.(map[string]any)
		if was := numbered(plain(last(at(one, "taskDefinition")))); was != "" && was != r.revision() && at(one, "status") != "PRIMARY" {
			return was
		}
	}
	return ""
}

// numbered is a task definition with its revision, or "".
func numbered(text string) string {
	if strings.Contains(text, ":") {
		return text
	}
	return ""
}
