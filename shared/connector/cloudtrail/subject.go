package cloudtrail

import (
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
)

// subjects are the fields of requests that say what a call is about, lower-case. The first that a request has names it;
// those that a request has tell it from others of the same operation.
var subjects = strings.Fields(`service servicename functionname tablename dbinstanceidentifier dbclusteridentifier family resourceid
	autoscalinggroupname queueurl queuename topicarn streamname cacheclusterid replicationgroupid targetgrouparn rulearn listenerarn loadbalancerarn
	stackname applicationname deploymentgroupname statemachinearn nodegroupname environmentname applicationid environmentid configurationprofileid
	dbparametergroupname dbclusterparametergroupname cacheparametergroupname endpointname domainname bucketname secretid instanceid groupid
	scalabledimension policyname name id cluster clustername`)

// within are those that only say where: a call about something in a cluster is not about the cluster.
var within = set("cluster clustername")

// subject is what a call is about: the values of the fields that say so, in the order of subjects. Where the request
// has none, as when something new gets its name, the answer is asked.
func (r record) subject() (fields, values []string) {
	fields, values = subjectOf(r.request)
	if len(fields) > 0 {
		return fields, values
	}
	if fields, values = subjectOf(r.response); len(fields) > 0 {
		return fields, values
	}
	for _, v := range r.response {
		if nested, ok := v.(map[string]any); ok && len(r.response) == 1 {
			return subjectOf(nested)
		}
	}
	return nil, nil
}

func subjectOf(doc map[string]any) (fields, values []string) {
	have := map[string]string{}
	for k := range doc {
		if text := at(doc, k); text != "" && len(text) <= maxName {
			have[strings.ToLower(k)] = text
		}
	}
	for _, f := range subjects {
		if v, ok := have[f]; ok {
			fields, values = append(fields, f), append(values, v)
		}
	}
	return fields, values
}

// index knows the names of the space.
type index struct{ connector.Names }

func indexOf(space config.Space) index { return index{connector.NamesOf(space)} }

// component is the service of the space that a call is about, or "". What says so comes first; then whatever else names a
// resource of a service, if all of it names the same one.
func (x index) component(r record) string {
	fields, values := r.subject()
	for i, f := range fields {
		if within[f] && i > 0 {
			continue
		}
		for _, c := range candidates(values[i]) {
			if name := x.Service(c); name != "" {
				return name
			}
		}
	}
	var found []string
	see := func(text string) {
		for _, c := range candidates(text) {
			if name := x.OfResource(c); name != "" && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	for _, l := range r.leaves {
		if head, _, _ := strings.Cut(l.shape, "."); !l.named && !within[l.shape] && head != "containerdefinitions" {
			see(l.text)
		}
	}
	for _, name := range r.resources {
		see(name)
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}
