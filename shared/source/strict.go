package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/firefinder/firefinder/shared/incident"
)

// Strict checks that body is one JSON document which every parser reads alike: valid UTF-8, no name twice in an object,
// no NUL or broken surrogate in a name, nested no deeper than depth, and at the top no name that differs from one of
// fields by case only (encoding/json would take it for that field). Errors are Invalid and name the place.
func Strict(body []byte, depth int, fields []string) error {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return incident.Errorf(incident.Invalid, "the body is empty; send one JSON document")
	case !utf8.Valid(body):
		return incident.Errorf(incident.Invalid, "the body is not valid UTF-8")
	case !json.Valid(body):
		return incident.Errorf(incident.Invalid, "the body is not one well-formed JSON document")
	}
	w := strictWalk{body: body, depth: depth, fields: fields}
	return w.run()
}

// object is a container that is being read. names is nil for an array.
type object struct {
	names map[string]bool
	key   bool // the next token is a name
}

// strictWalk goes through a document that is known to be well-formed, so it looks at nothing but strings, brackets and
// commas.
type strictWalk struct {
	body   []byte
	depth  int
	fields []string
	stack  []object
}

func (w *strictWalk) run() error {
	for i := 0; i < len(w.body); i++ {
		var err error
		switch w.body[i] {
		case '{':
			err = w.push(object{names: map[string]bool{}, key: true})
		case '[':
			err = w.push(object{})
		case '}', ']':
			w.stack = w.stack[:len(w.stack)-1]
		case ',':
			top := &w.stack[len(w.stack)-1]
			top.key = top.names != nil
		case '"':
			last := w.quoted(i)
			if n := len(w.stack); n > 0 && w.stack[n-1].key {
				w.stack[n-1].key = false
				err = w.name(unquote(w.body[i : last+1]))
			}
			i = last
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// quoted is where the string that begins at i ends.
func (w *strictWalk) quoted(i int) int {
	for i++; w.body[i] != '"'; i++ {
		if w.body[i] == '\\' {
			i++
		}
	}
	return i
}

// unquote is what a string means; an escape that stands for no character becomes the replacement character.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it is well-formed
	return s
}

func (w *strictWalk) push(o object) error {
	if len(w.stack) >= w.depth {
		return incident.Errorf(incident.Invalid, "the body nests deeper than %d levels", w.depth)
	}
	w.stack = append(w.stack, o)
	return nil
}

func (w *strictWalk) name(name string) error {
	top := w.stack[len(w.stack)-1]
	shown := func() string { return fmt.Sprintf("%.64q", name) }
	switch {
	case top.names[name]:
		return incident.Errorf(incident.Invalid, "the name %s comes twice in one object", shown())
	case strings.ContainsRune(name, 0):
		return incident.Errorf(incident.Invalid, "the name %s holds a NUL character", shown())
	case strings.ContainsRune(name, utf8.RuneError):
		return incident.Errorf(incident.Invalid, "the name %s holds a broken character", shown())
	}
	top.names[name] = true
	if len(w.stack) > 1 {
		return nil
	}
	for _, field := range w.fields {
		if name != field && strings.EqualFold(name, field) {
			return incident.Errorf(incident.Invalid, "the name %s imitates the field %q; write it exactly so", shown(), field)
		}
	}
	return nil
}
