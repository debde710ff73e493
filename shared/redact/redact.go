// Package redact takes secrets out of text and JSON at run time: before the model, before the journal, before tickets.
//
// It looks for published credential formats, for values of sensitive names (key/value pairs in any usual syntax,
// headers, command flags), for passwords in URLs, for private keys, for random-looking strings next to key words, and
// once more inside what base64, percent-encoding or JSON escapes hide, invisible characters interrupt or line breaks fold. Each secret becomes a placeholder
// <secret:xxxxxxxxxxxx> derived from the value and a key, so that the same secret keeps the same placeholder within a
// run and nobody can guess the value from it. Ordinary ids (UUIDs, request and trace ids, ARNs, commit hashes, image
// digests) stay as they are: an investigation lives on them.
//
// Every detector is one linear pass; there are no backtracking patterns.
package redact

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync/atomic"
)

// Redactor replaces secrets. It is safe for concurrent use. Running it on its own output changes nothing.
type Redactor struct {
	key     []byte
	allowed map[string]bool
	count   atomic.Int64
}

// New makes a Redactor whose placeholders depend on key: the same key gives the same placeholders. The key itself is a
// secret, since short passwords could be guessed from a placeholder with it.
func New(key []byte) *Redactor {
	return &Redactor{key: slices.Clone(key), allowed: map[string]bool{}}
}

// Allow adds names of settings whose values Value shows. It returns r, and must be called before r is shared.
func (r *Redactor) Allow(names ...string) *Redactor {
	for _, n := range names {
		r.allowed[strings.ToLower(n)] = true
	}
	return r
}

// Text returns s with every secret replaced by its placeholder.
func (r *Redactor) Text(s string) string {
	spans := find(s)
	if len(spans) == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	at := 0
	for _, sp := range spans {
		b.WriteString(s[at:sp.start])
		b.WriteString(r.placeholder(s[sp.start:sp.end]))
		at = sp.end
	}
	b.WriteString(s[at:])
	return b.String()
}

// Count is how many secrets have been replaced so far, repeats included.
func (r *Redactor) Count() int { return int(r.count.Load()) }

const placeholderPrefix = "<secret:"

func (r *Redactor) placeholder(secret string) string {
	r.count.Add(1)
	return placeholderPrefix + r.hash(secret) + ">"
}

func (r *Redactor) hash(value string) string {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil)[:6])
}

// span is a stretch of bytes to replace.
type span struct{ start, end int }

// marks collects the spans that detectors find in one text.
type marks struct {
	text  string
	spans []span
}

// add marks text[start:end]. Placeholders of an earlier run inside it stay; what stands around one goes if it is long
// enough to matter.
func (m *marks) add(start, end int) {
	for start < end {
		for start < end && m.text[start] == gone {
			start++
		}
		stop := start
		for stop < end && m.text[stop] != gone {
			stop++
		}
		if whole := stop == end && (start == 0 || m.text[start-1] != gone); stop > start && (whole || stop-start >= 16) {
			m.spans = append(m.spans, span{start, stop})
		}
		start = stop
	}
}

// detectors are the single passes over a plain text.
var detectors = []func(*marks){formats, blocks, urls, schemes, pairs, commands, nearby}

// find returns the spans of all secrets in s, in order and without overlap.
func find(s string) []span {
	m := &marks{text: blank(s)}
	plain(m)
	encoded(m)
	interrupted(m)
	folded(m)
	return merge(m.spans)
}

func plain(m *marks) {
	for _, detect := range detectors {
		detect(m)
	}
}

func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// gone stands for the bytes of a placeholder while detectors look at the text. It never occurs in valid UTF-8.
const gone = 0xff

// blank returns s with every placeholder of ours overwritten, so that a second run finds nothing in them.
func blank(s string) string {
	var out []byte
	for i := 0; ; {
		k := strings.IndexByte(s[i:], '<')
		if k < 0 {
			break
		}
		i += k
		if n := placeholderAt(s[i:]); n > 0 {
			if out == nil {
				out = []byte(s)
			}
			for j := range n {
				out[i+j] = gone
			}
			i += n
			continue
		}
		i++
	}
	if out == nil {
		return s
	}
	return string(out)
}

// placeholderAt is the length of the placeholder that s starts with, or 0.
func placeholderAt(s string) int {
	const sum = 12 // hex digits
	i := 0
	switch {
	case strings.HasPrefix(s, placeholderPrefix):
		i = len(placeholderPrefix)
	case strings.HasPrefix(s, hiddenPrefix):
		i = nameSet.run(s, len(hiddenPrefix)) + 1
	default:
		return 0
	}
	if end := i + sum; end < len(s) && s[end] == '>' && hexLower.all(s[i:end]) {
		return end + 1
	}
	return 0
}

func isPlaceholder(s string) bool { return s != "" && (s[0] == gone || placeholderAt(s) == len(s)) }
