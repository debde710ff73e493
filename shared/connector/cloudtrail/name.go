package cloudtrail

import (
	"slices"
	"strings"
)

// maxName is the longest text that is taken for a name, in bytes.
const maxName = 512

// candidates are the names that a text may mean: as it stands, what follows a slash of it, and both without the revision
// or alias after a colon. Nothing is ever matched by a part of a word.
func candidates(text string) []string {
	if text == "" || len(text) > maxName {
		return nil
	}
	out := []string{text}
	if kind, id, ok := resource(text); ok {
		out = append(out, strings.TrimPrefix(kind+"/"+id, "/"), parent(kind, id)) // targetgroup/checkout/943f017f100becff is how metrics name it
		text = id
	} else if _, rest, ok := strings.Cut(text, "://"); ok {
		text = rest
	}
	for range 16 {
		bare, _, _ := strings.Cut(text, ":")
		out = append(out, text, bare)
		_, rest, more := strings.Cut(text, "/")
		if !more {
			break
		}
		text = rest
	}
	if path := strings.Split(out[0], "/"); path[0] == "" { // a hierarchy: /shop/checkout/pool-size is about checkout
		slices.Reverse(path)
		out = append(out, path[:min(len(path), 16)]...)
	}
	return slices.DeleteFunc(out, func(c string) bool { return strings.Trim(c, "0123456789-.") == "" })
}

// resource takes an ARN apart; kind is empty where the ARN says none, as those of queues and topics.
func resource(arn string) (kind, id string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if parts[0] != "arn" || len(parts) < 6 {
		return "", "", false
	}
	if i := strings.IndexAny(parts[5], "/:"); i >= 0 {
		return parts[5][:i], parts[5][i+1:], true
	}
	return "", parts[5], true
}

// parent is the resource that one of these belongs to, as metrics name it.
func parent(kind, id string) string {
	parts := strings.Split(id, "/")
	switch kind {
	case "table", "stack":
		return parts[0]
	case "listener", "listener-rule":
		return strings.Join(parts[:min(len(parts), 3)], "/")
	}
	return ""
}

// label is what a name is called in a title.
func label(text string) string {
	kind, id, isARN := resource(text)
	switch {
	case strings.HasPrefix(text, "/"):
		return plain(text)
	case !isARN:
		return plain(last(text))
	case kind == "targetgroup", kind == "stack", kind == "table":
		name, _, _ := strings.Cut(id, "/")
		return plain(name)
	case kind == "listener", kind == "listener-rule", kind == "loadbalancer":
		return plain(id)
	}
	return plain(last(id))
}
