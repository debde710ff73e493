package cloudtrail

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// What is read of one request: a hostile or huge one costs no more than this.
const (
	maxDepth  = 12
	maxLeaves = 2000
)

// leaf is a scalar of a request.
type leaf struct {
	path  string // where it stands, for people: environment.DB_POOL_MAX
	shape string // the fields on the way, lower-case, without indexes and names of elements: containerdefinitions.image
	text  string
	named bool // its name is data too: an environment variable, a parameter of a stack
}

// pairs are the fields by which APIs spell a name and its value.
var pairs = [][2]string{{"name", "value"}, {"parameterName", "parameterValue"}, {"parameterKey", "parameterValue"}, {"optionName", "value"}, {"key", "value"}}

// free are fields below which the names are data and not the API's.
var free = set(`environment variables tags tagset secrets labels dockerlabels options overrides attributes parameters metadata`)

// leavesOf lists the scalars of a request in a fixed order.
func leavesOf(request map[string]any) []leaf {
	w := walk{seen: map[string]bool{}}
	if all, ok := request["containerDefinitions"].([]any); ok {
		w.containers = len(all)
	}
	w.value(request, nil, nil, false)
	return w.out
}

type walk struct {
	containers int
	seen       map[string]bool
	out        []leaf
}

func (w *walk) value(v any, path, shape []string, named bool) {
	if len(path) > maxDepth || len(w.out) >= maxLeaves {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		w.object(v, path, shape, named)
	case []any:
		w.list(v, path, shape, named)
	case string:
		w.leaf(v, path, shape, named)
	case json.Number:
		w.leaf(v.String(), path, shape, named)
	case bool:
		w.leaf(strconv.FormatBool(v), path, shape, named)
	}
}

func (w *walk) list(v []any, path, shape []string, named bool) {
	for i, e := range v {
		o, _ := e.(map[string]any)
		if name, value, ok := pairOf(o); ok { // the pair's name stands for its place
			w.value(value, append(slices.Clip(path), key(name)), shape, true)
			continue
		}
		w.value(e, append(slices.Clip(path), element(i, o)), shape, named)
	}
}

func (w *walk) object(v map[string]any, path, shape []string, named bool) {
	if name, value, ok := pairOf(v); ok {
		w.value(value, append(slices.Clip(path), key(name)), shape, true)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(v)) {
		lower := strings.ToLower(k)
		if lower == "items" { // how EC2 wraps its lists
			w.value(v[k], path, shape, named)
			continue
		}
		w.value(v[k], append(slices.Clip(path), key(k)), append(slices.Clip(shape), lower), named || free[lower])
	}
}

func pairOf(v map[string]any) (name string, value any, ok bool) {
	for _, p := range pairs {
		name, isText := v[p[0]].(string)
		if value, has := v[p[1]]; isText && has {
			return name, value, true
		}
	}
	return "", nil, false
}

// element is what a list's element is called: by its name, else by its place.
func element(i int, o map[string]any) string {
	if name := at(o, "name"); name != "" {
		return key(name)
	}
	return strconv.Itoa(i)
}

func (w *walk) leaf(text string, path, shape []string, named bool) {
	if len(path) == 0 || len(w.out) >= maxLeaves {
		return
	}
	name := strings.Join(w.shorter(path), ".")
	if w.seen[name] {
		return
	}
	w.seen[name] = true
	w.out = append(w.out, leaf{path: name, shape: strings.Join(shape, "."), text: text, named: named})
}

// shorter leaves out what goes without saying: the container where a task has one, and how Lambda nests its environment.
func (w *walk) shorter(path []string) []string {
	switch {
	case len(path) > 2 && path[0] == "containerDefinitions" && (path[2] == "environment" || path[2] == "image"):
		if w.containers == 1 {
			return path[2:]
		}
		return path[1:]
	case len(path) > 2 && path[0] == "environment" && path[1] == "variables":
		return append([]string{"environment"}, path[2:]...)
	}
	return path
}
