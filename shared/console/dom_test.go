package console_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// node is an element of a page.
type node struct {
	tag      string
	attrs    map[string]string
	children []*node
	own      strings.Builder
}

// parse reads a page; markup that does not close is a failure, since browsers would guess.
func parse(t *testing.T, page string) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &node{tag: "root"}
	stack := []*node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("page is not well-formed: %v\n%s", err, page)
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{tag: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			top.children = append(top.children, n)
			gap(stack, n.tag)
			stack = append(stack, n)
		case xml.EndElement:
			gap(stack, token.Name.Local)
			if top.tag != token.Name.Local {
				t.Fatalf("</%s> closes <%s>", token.Name.Local, top.tag)
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			for _, n := range stack {
				n.own.Write(token)
			}
		}
	}
	return root
}

// gap separates what stands in blocks of their own.
func gap(stack []*node, tag string) {
	if tag == "a" || tag == "span" || tag == "strong" || tag == "code" || tag == "time" {
		return
	}
	for _, n := range stack {
		n.own.WriteByte(' ')
	}
}

// text is what the element and everything in it says, with blanks folded.
func (n *node) text() string { return strings.Join(strings.Fields(n.own.String()), " ") }

// all finds elements by a selector of tags, #ids, .classes and [name=value], with blanks for "somewhere inside".
func (n *node) all(selector string) []*node {
	found := []*node{n}
	for part := range strings.FieldsSeq(selector) {
		var next []*node
		for _, f := range found {
			f.walk(func(c *node) {
				if c.is(part) && !slices.Contains(next, c) {
					next = append(next, c)
				}
			})
		}
		found = next
	}
	return found
}

func (n *node) walk(fn func(*node)) {
	for _, c := range n.children {
		fn(c)
		c.walk(fn)
	}
}

func (n *node) is(simple string) bool {
	end := strings.IndexAny(simple, "#.[")
	if end < 0 {
		return n.tag == simple
	}
	if end > 0 && n.tag != simple[:end] {
		return false
	}
	rest := simple[end:]
	switch rest[0] {
	case '#':
		return n.attrs["id"] == rest[1:]
	case '.':
		return slices.Contains(strings.Fields(n.attrs["class"]), rest[1:])
	}
	name, value, _ := strings.Cut(strings.Trim(rest, "[]"), "=")
	return n.attrs[name] == value
}

// one is the text of the only element that matches.
func (n *node) one(t *testing.T, selector string) *node {
	t.Helper()
	found := n.all(selector)
	if len(found) != 1 {
		t.Fatalf("%d elements match %q, want one", len(found), selector)
	}
	return found[0]
}

// visit asks a handler for a page.
func visit(t *testing.T, h http.Handler, path string) (*httptest.ResponseRecorder, *node) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Header().Get("Location") == "" {
		page := parse(t, w.Body.String())
		checkPage(t, path, w, page)
		return w, page
	}
	return w, nil
}

// checkPage holds for every page: landmarks, one h1, headings without gaps, labels, no inline script or style, no
// content from elsewhere, strict headers.
func checkPage(t *testing.T, path string, w *httptest.ResponseRecorder, page *node) {
	t.Helper()
	for _, selector := range []string{"html[lang=en]", "head title", "header", "main#main", "footer", "main h1", "a.skip"} {
		page.one(t, selector)
	}
	level := 1
	ids := map[string]bool{}
	page.walk(func(n *node) {
		if len(n.tag) == 2 && n.tag[0] == 'h' && n.tag[1] >= '1' && n.tag[1] <= '6' {
			if next := int(n.tag[1] - '0'); next > level+1 {
				t.Errorf("%s: heading %q jumps from level %d to %d", path, n.text(), level, next)
			} else {
				level = next
			}
		}
		if id := n.attrs["id"]; id != "" {
			if ids[id] {
				t.Errorf("%s: id %q appears twice", path, id)
			}
			ids[id] = true
		}
		if n.tag == "style" || n.tag == "script" && (n.attrs["src"] == "" || n.text() != "") || n.attrs["style"] != "" {
			t.Errorf("%s: inline script or style in <%s>", path, n.tag)
		}
		for name, value := range n.attrs {
			if strings.HasPrefix(name, "on") {
				t.Errorf("%s: handler %s=%q", path, name, value)
			}
			if name == "src" || name == "href" || name == "action" {
				if u, err := url.Parse(value); err != nil || u.Host != "" || u.Scheme != "" {
					t.Errorf("%s: %s=%q leads elsewhere", path, name, value)
				}
			}
		}
	})
	for _, n := range page.all("input") {
		if n.attrs["type"] != "hidden" && len(page.all("label[for="+n.attrs["id"]+"]")) != 1 {
			t.Errorf("%s: field %q has no label", path, n.attrs["name"])
		}
	}
	if text := page.text(); strings.Contains(text, "@moment") || strings.Contains(text, "@cites") || strings.Contains(text, "%!") {
		t.Errorf("%s: template source in the page: %s", path, text)
	}
	csp := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "style-src 'self'", "script-src 'self'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("%s: CSP %q lacks %s", path, csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: headers %v", path, w.Header())
	}
}
