package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	w := strictWalk{dec: json.NewDecoder(bytes.NewReader(body)), depth: depth, fields: fields}
	w.dec.UseNumber()
	return w.run()
}

// object is a container that is being read. names is nil for an array.
type object struct {
	names map[string]bool
	key   bool // the next token is a name
}

type strictWalk struct {
	dec    *json.Decoder
	depth  int
	fields []string
	stack  []object
}

func (w *strictWalk) run() error {
	for {
		token, err := w.dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return incident.Errorf(incident.Invalid, "the body is not well-formed JSON: %w", err)
		}
		if err := w.step(token); err != nil {
			return err
		}
	}
}

func (w *strictWalk) step(token json.Token) error {
	switch delim, _ := token.(json.Delim); delim {
	case '{':
		return w.push(object{names: map[string]bool{}, key: true})
	case '[':
		return w.push(object{})
	case '}', ']':
		w.stack = w.stack[:len(w.stack)-1]
		w.valueRead()
		return nil
	}
	if n := len(w.stack); n > 0 && w.stack[n-1].key {
		w.stack[n-1].key = false
		return w.name(token.(string))
	}
	w.valueRead()
	return nil
}

func (w *strictWalk) push(o object) error {
	if len(w.stack) >= w.depth {
		return incident.Errorf(incident.Invalid, "the body nests deeper than %d levels", w.depth)
	}
	w.stack = append(w.stack, o)
	return nil
}

// valueRead notes that a value ended: in an object, a name comes next.
func (w *strictWalk) valueRead() {
	if n := len(w.stack); n > 0 && w.stack[n-1].names != nil {
		w.stack[n-1].key = true
	}
}

func (w *strictWalk) name(name string) error {
	top := w.stack[len(w.stack)-1]
	shown := fmt.Sprintf("%.64q", name)
	switch {
	case top.names[name]:
		return incident.Errorf(incident.Invalid, "the name %s comes twice in one object", shown)
	case strings.ContainsRune(name, 0):
		return incident.Errorf(incident.Invalid, "the name %s holds a NUL character", shown)
	case strings.ContainsRune(name, utf8.RuneError):
		return incident.Errorf(incident.Invalid, "the name %s holds a broken character", shown)
	}
	top.names[name] = true
	if len(w.stack) > 1 {
		return nil
	}
	for _, field := range w.fields {
		if name != field && strings.EqualFold(name, field) {
			return incident.Errorf(incident.Invalid, "the name %s imitates the field %q; write it exactly so", shown, field)
		}
	}
	return nil
}
