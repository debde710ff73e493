package redact

import (
	"bytes"
	"encoding/json"
	"strings"
)

// JSON redacts every string of a JSON document and keeps the order of members and the digits of numbers (but a number
// under the name of a password becomes a placeholder too). Names guide: the value of
// "password" goes whole, {"name":"DB_PASSWORD","value":"x"} is understood, and the members of an "environment" object
// pass through Value. What is not valid JSON is redacted as text and returned as a JSON string.
func (r *Redactor) JSON(raw json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(raw)) == 0 {
		return raw
	}
	if !json.Valid(raw) {
		return quote(r.Text(string(raw)))
	}
	p := &parser{raw: raw}
	root := p.node()
	w := &walker{r: r}
	w.write(root, context{})
	return w.out.Bytes()
}

// node is a parsed value: an object with ordered members, an array, a string, or other text kept as it stands.
type node struct {
	kind    byte // { [ " or 0
	text    string
	members []member
	items   []node
}

type member struct {
	name  string
	value node
}

// parser reads JSON that is known to be valid.
type parser struct {
	raw []byte
	at  int
}

func (p *parser) skip() {
	for p.at < len(p.raw) && strings.IndexByte(" \t\r\n,:", p.raw[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) node() node {
	p.skip()
	switch p.raw[p.at] {
	case '{':
		n := node{kind: '{'}
		for p.at++; ; {
			if p.skip(); p.raw[p.at] == '}' {
				p.at++
				return n
			}
			name := p.str()
			n.members = append(n.members, member{name, p.node()})
		}
	case '[':
		n := node{kind: '['}
		for p.at++; ; {
			if p.skip(); p.raw[p.at] == ']' {
				p.at++
				return n
			}
			n.items = append(n.items, p.node())
		}
	case '"':
		return node{kind: '"', text: p.str()}
	}
	start := p.at
	for p.at < len(p.raw) && strings.IndexByte(" \t\r\n,:]}", p.raw[p.at]) < 0 {
		p.at++
	}
	return node{text: string(p.raw[start:p.at])}
}

func (p *parser) str() string {
	start := p.at
	for p.at++; p.raw[p.at] != '"'; p.at++ {
		if p.raw[p.at] == '\\' {
			p.at++
		}
	}
	p.at++
	if inner := p.raw[start+1 : p.at-1]; bytes.IndexByte(inner, '\\') < 0 && printable(inner) {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(p.raw[start:p.at], &s) // cannot fail: the document is valid
	return s
}

// context is what the names around a value say about it.
type context struct {
	class   class
	name    string
	setting bool // a member of an environment: shown by Value
}

type walker struct {
	r   *Redactor
	out bytes.Buffer
}

func (w *walker) write(n node, c context) {
	switch n.kind {
	case '{':
		w.object(n, c)
	case '[':
		w.out.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				w.out.WriteByte(',')
			}
			w.write(item, c)
		}
		w.out.WriteByte(']')
	case '"':
		w.out.Write(quote(w.text(n.text, c)))
	default:
		if c.class == password && n.text != "null" && n.text != "true" && n.text != "false" && len(n.text) >= 3 {
			w.out.Write(quote(w.r.placeholder(n.text)))
			return
		}
		w.out.WriteString(n.text)
	}
}

// environments are names of objects and lists that hold environment variables or parameters.
var environments = toSet(`environment environmentvariables environment_variables env envvars env_vars variables parameteroverrides`)

func (w *walker) object(n node, c context) {
	owner, ownerName := pairName(n)
	w.out.WriteByte('{')
	for i, m := range n.members {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.out.Write(quote(w.r.Text(m.name)))
		w.out.WriteByte(':')
		inner := context{class: classify(m.name), name: m.name}
		switch low := strings.ToLower(m.name); {
		case owner != "" && (low == "value" || low == "parametervalue" || low == "content"):
			inner = context{class: classify(owner), name: owner, setting: c.setting || low == "parametervalue"}
		case m.name == ownerName:
			inner = context{}
		case environments[low] && (m.value.kind == '{' || m.value.kind == '['):
			inner = context{setting: true}
		case c.setting && m.value.kind == '"' && owner == "":
			inner.setting = true
		case m.value.kind == '{':
			inner.class = harmless // an object under a sensitive name: its own names tell
		}
		w.write(m.value, inner)
	}
	w.out.WriteByte('}')
}

// pairName finds the name in {"name": n, "value": v} and its spellings, and the member that holds it.
func pairName(n node) (owner, name string) {
	value := false
	for _, m := range n.members {
		switch strings.ToLower(m.name) {
		case "name", "key", "parameterkey", "parametername":
			if m.value.kind == '"' && owner == "" {
				owner, name = m.value.text, m.name
			}
		case "value", "parametervalue", "content":
			value = true
		}
	}
	if !value {
		return "", ""
	}
	return owner, name
}

func (w *walker) text(s string, c context) string {
	switch {
	case s == "" || isPlaceholder(s):
		return s
	case c.setting:
		return w.r.Value(c.name, s)
	case isAuthorization(c.name):
		return strings.TrimPrefix(w.r.Text("Authorization: "+s), "Authorization: ")
	case c.class.tells(s, true), c.class == weak && hidesPair(s):
		return w.r.placeholder(s)
	}
	return w.r.Text(s)
}

func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return bytes.TrimRight(b.Bytes(), "\n")
}
