package approval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
)

// Canonical is the plan's JSON in the form of RFC 8785 (sorted keys, no insignificant space, shortest escapes), with an
// absent list written as an empty one. Equal plans have equal bytes.
func Canonical(plan incident.Plan) []byte {
	raw, err := json.Marshal(plan)
	if err != nil {
		panic(fmt.Sprintf("approval: encode plan: %v", err)) // strings, integers and lists only
	}
	out, err := canonicalJSON(raw)
	if err != nil {
		panic(fmt.Sprintf("approval: canonical plan: %v", err)) // our own encoder's output
	}
	return out
}

// Hash names a plan: the SHA-256, in hex, of its canonical JSON.
func Hash(plan incident.Plan) string { return blob.Hash(Canonical(plan)) }

// Keep stores the plan's canonical bytes, which is what people will be shown and asked about, and returns its hash.
// Repeats are free of effect.
func Keep(ctx context.Context, docs blob.Store, plan incident.Plan) (hash string, err error) {
	hash, err = docs.Put(ctx, Canonical(plan), "application/json")
	if err != nil {
		return "", fmt.Errorf("keep plan of %s: %w", plan.Investigation, err)
	}
	return hash, nil
}

// ReadPlan fetches the bytes with this hash and decodes them. Bytes that do not hash to it, or that hold anything which
// the decoded plan does not show (other fields, repeated keys), are Invalid: nobody may approve what nobody can see.
func ReadPlan(ctx context.Context, docs blob.Store, hash string) (incident.Plan, []byte, error) {
	data, err := docs.Get(ctx, hash)
	if err != nil {
		return incident.Plan{}, nil, fmt.Errorf("read plan %s: %w", Short(hash), err)
	}
	plan, err := decodePlan(hash, data)
	return plan, data, err
}

func decodePlan(hash string, data []byte) (incident.Plan, error) {
	var plan incident.Plan
	if blob.Hash(data) != hash {
		return plan, incident.Errorf(incident.Invalid, "plan %s: the stored bytes were changed; make a new plan", Short(hash))
	}
	if err := json.Unmarshal(data, &plan); err != nil {
		return incident.Plan{}, incident.Errorf(incident.Invalid, "plan %s: %w", Short(hash), err)
	}
	if !bytes.Equal(Canonical(plan), data) {
		return incident.Plan{}, incident.Errorf(incident.Invalid, "plan %s: the stored bytes hold more than a plan shows; make a new plan", Short(hash))
	}
	return plan, nil
}

// Short is the first 12 characters of a plan hash, for people to compare.
func Short(hash string) string { return hash[:min(12, len(hash))] }

// crockford is an alphabet without letters that are read as one another.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Code is the plan code: six characters that stand in the message and are typed by hand on the page, so that a program
// which opens links and submits forms decides nothing. It follows from the hash, but not by reading it.
func Code(hash string) string {
	sum := sha256.Sum256([]byte("firefinder plan code\x00" + hash))
	bits := binary.BigEndian.Uint32(sum[:4])
	var b [6]byte
	for i := range b {
		b[i] = crockford[bits>>(27-5*i)&31]
	}
	return string(b[:])
}

// CodeMatches compares what a person typed with the plan's code, forgiving case, blanks, dashes and the letters that
// look like digits.
func CodeMatches(hash, typed string) bool {
	fold := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1")
	return fold.Replace(strings.ToUpper(strings.TrimSpace(typed))) == Code(hash)
}

func canonicalJSON(raw []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return appendValue(nil, v)
}

func appendValue(out []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(out, "[]"...), nil // the only nulls of a plan are absent lists
	case bool:
		return strconv.AppendBool(out, v), nil
	case string:
		return appendString(out, v), nil
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 54) // what every reader of JSON can hold exactly
		return strconv.AppendInt(out, n, 10), err
	case []any:
		return appendList(out, v)
	case map[string]any:
		return appendObject(out, v)
	}
	return nil, fmt.Errorf("unexpected %T", v)
}

func appendList(out []byte, list []any) (_ []byte, err error) {
	out = append(out, '[')
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendValue(out, v); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

// appendObject sorts keys by their bytes, which for the ASCII keys of a plan is RFC 8785's order of UTF-16 units.
func appendObject(out []byte, object map[string]any) (_ []byte, err error) {
	out = append(out, '{')
	for i, key := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, key), ':')
		if out, err = appendValue(out, object[key]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendString(out []byte, s string) []byte {
	short := map[rune]byte{'"': '"', '\\': '\\', '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}
	out = append(out, '"')
	for _, r := range s {
		if c, ok := short[r]; ok {
			out = append(out, '\\', c)
		} else if r < ' ' {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}
