package cloudtrail

import (
	"strings"

	"github.com/firefinder/firefinder/shared/evidence"
)

// details are the fields that a title tells, in plain words.
var details = []struct{ shape, words string }{
	{"desiredcount", "desired count"}, {"desiredcapacity", "desired capacity"}, {"minsize", "least"}, {"maxsize", "most"}, {"mincapacity", "least"}, {"maxcapacity", "most"},
	{"provisionedthroughput.readcapacityunits", "read capacity"}, {"provisionedthroughput.writecapacityunits", "write capacity"}, {"billingmode", "billing mode"},
	{"dbinstanceclass", "class"}, {"engineversion", "engine version"}, {"allocatedstorage", "storage"}, {"cachenodetype", "node type"},
	{"memorysize", "memory"}, {"timeout", "timeout"}, {"reservedconcurrentexecutions", "reserved concurrency"},
	{"ippermissions.fromport", "port"}, {"ippermissions.ipranges.cidrip", "from"},
}

// versionWords say what the revision of an API's changes is.
var versionWords = map[string]string{"ecs": "task definition", "lambda": "version", "cloudformation": "change set"}

// title is the operation, what it is about, and what it sets: "UpdateService checkout (task definition checkout:42)".
func (r record) title(c evidence.Change) string {
	out := r.action
	if _, values := r.subject(); len(values) > 0 {
		if name := label(values[0]); name != "" {
			out += " " + name
		}
	}
	var told []string
	if c.Revision != "" {
		words := versionWords[r.api]
		if words == "" {
			words = "revision"
		}
		told = append(told, words+" "+c.Revision)
	}
	if r.rollsOut() && !r.asks("taskDefinition") {
		told = append(told, "started anew")
	}
	for _, d := range details {
		for _, l := range r.leaves {
			if l.shape == d.shape && !l.named && len(told) < 3 {
				told = append(told, d.words+" "+l.shown()+was(c, l.path))
				break
			}
		}
	}
	if len(told) > 0 {
		out += " (" + strings.Join(told, ", ") + ")"
	}
	return out
}

func was(c evidence.Change, path string) string {
	for _, p := range c.Parameters {
		if p.Name == path && p.Old != "" {
			return ", was " + p.Old
		}
	}
	return ""
}
