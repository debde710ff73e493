package cloudtrail

import (
	"cmp"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/evidence"
)

// maxParameters is how many parameters a change carries.
const maxParameters = 40

// versions are fields that say which version is shipped. They are the revision of a change, not its content: what a new
// version does is not known from its name.
var versions = set(`taskdefinition containerdefinitions.image image imageuri functionversion s3key s3bucket s3objectversion zipfile
	code.s3key code.s3bucket code.s3objectversion code.imageuri code.zipfile templateurl templatebody changesetname versionlabel configurationversion forcenewdeployment`)

// manner are fields that say how a call is carried out.
var manner = set(`clienttoken clientrequesttoken requesttoken idempotencytoken dryrun publish overwrite description tags tagset capabilities deploymentstrategyid
	ignoreapplicationstopfailures autorollbackconfiguration copytags updateoutdatedinstancesonly`)

// setting reports whether a leaf is something that a change sets.
func (l leaf) setting(subject []string) bool {
	head, _, _ := strings.Cut(l.shape, ".")
	return !versions[l.shape] && !manner[head] && head != "revision" && !(len(subject) > 0 && !l.named && slices.Contains(subject, l.shape))
}

// settings are what a request sets, by path.
func (r record) settings() map[string]leaf {
	fields, _ := r.subject()
	out := map[string]leaf{}
	for _, l := range r.leaves {
		if l.setting(fields) {
			out[l.path] = l
		}
	}
	return out
}

// before is how things stood, as the answer tells: some operations answer with what is being replaced.
func (r record) before() map[string]leaf {
	var doc map[string]any
	switch {
	case r.is("rds", "ModifyDBInstance"):
		pending, _ := r.response["pendingModifiedValues"].(map[string]any)
		doc = map[string]any{}
		for k := range pending {
			doc[k] = r.response[k]
		}
	case r.is("dynamodb", "UpdateTable"):
		if table, _ := r.response["tableDescription"].(map[string]any); at(table, "tableStatus") == "UPDATING" {
			doc = map[string]any{"provisionedThroughput": table["provisionedThroughput"]}
		}
	}
	out := map[string]leaf{}
	for _, l := range leavesOf(doc) {
		out[l.path] = l
	}
	return out
}

// compare lists what differs. Of what has no earlier value, the new one is listed where alone is set: an operation that
// sends everything each time repeats what did not change.
func compare(now, old map[string]leaf, alone bool) []evidence.Parameter {
	var out []evidence.Parameter
	for path, l := range now {
		o, known := old[path]
		known = known && !o.masked() && !l.masked()
		switch {
		case known && o.text != l.text:
			out = append(out, evidence.Parameter{Name: path, Old: o.shown(), New: l.shown()})
		case !known && alone:
			out = append(out, evidence.Parameter{Name: path, New: l.shown()})
		}
	}
	slices.SortFunc(out, byWeight)
	return out
}

// removed lists what is gone. It means something only between two whole documents.
func removed(now, old map[string]leaf) []evidence.Parameter {
	var out []evidence.Parameter
	for path, o := range old {
		if _, stays := now[path]; !stays {
			out = append(out, evidence.Parameter{Name: path, Old: o.shown()})
		}
	}
	slices.SortFunc(out, byWeight)
	return out
}

// byWeight puts what has an earlier value first, for it tells more, then the environment.
func byWeight(a, b evidence.Parameter) int {
	weight := func(p evidence.Parameter) int {
		w := 0
		if p.Old == "" {
			w = 2
		}
		if !strings.Contains(p.Name, "environment.") {
			w++
		}
		return w
	}
	return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a.Name, b.Name))
}
