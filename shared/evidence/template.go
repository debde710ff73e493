package evidence

import (
	"slices"
	"strings"
)

// Miner groups log lines by the statement that wrote them. It streams: Add costs one pass over the line and one lookup,
// whatever came before; memory is bounded by maxShapes distinct masked lines, not by lines. Lines are told apart at two
// levels: the shape, a line with its values masked that keeps the words of paths and status codes (so routes and their
// failures stay apart), and the group, shapes that differ only where statistics over all shapes say that a value stands. Grouping follows Brain (Yu et al., IEEE TSC 2023): the longest common pattern of words
// that occur equally often, then columns with few alternatives split and columns with many are values; masking and
// bounded streaming follow Drain (He et al., ICWS 2017). One setting serves all systems. Not safe for concurrent use.
type Miner struct {
	shapes []shape
	ids    map[string]int // masked line → shape
	groups []int          // shape → group, by the last clustering
	texts  []string       // shape → template of its group
	stale  bool           // shapes were added since
	buffer []byte
}

// shape is a masked line and how often it was seen.
type shape struct {
	text    string
	count   int
	failure int // HTTP status code of 400 and above that it carries, else 0
}

const maxShapes = 10000 // distinct masked lines kept; later ones count under their first words

// NewMiner returns an empty miner.
func NewMiner() *Miner { return &Miner{ids: map[string]int{}} }

// Add counts a line and returns the id of its shape. Ids are small, dense and stable; lines of one shape share one. Lines
// of one statement can have several ids: Group joins them.
func (m *Miner) Add(line string) (id int) { return m.AddN(line, 1) }

// AddN is Add for a line that its source has already counted n times.
func (m *Miner) AddN(line string, n int) (id int) {
	m.buffer = maskLine(m.buffer, line)
	id, ok := m.ids[string(m.buffer)]
	if !ok {
		id = m.admit(string(m.buffer))
	}
	m.shapes[id].count += max(n, 1)
	m.stale = true
	return id
}

// admit makes a new shape, or once there are too many finds the one that shares its first words.
func (m *Miner) admit(text string) int {
	if len(m.shapes) >= maxShapes {
		text = coarse(text)
		if id, ok := m.ids[text]; ok {
			return id
		}
		if len(m.shapes) >= maxShapes+maxShapes/10 {
			text = wildcard
			if id, ok := m.ids[text]; ok {
				return id
			}
		}
	}
	id := len(m.shapes)
	m.shapes = append(m.shapes, shape{text: text, failure: failureOf(text)})
	m.ids[text] = id
	return id
}

// coarse keeps the first words of a shape.
func coarse(text string) string {
	words := strings.SplitN(text, " ", 3)
	return strings.Join(words[:min(2, len(words))], " ") + " " + wildcard
}

// Len is the number of shapes; ids run from 0 to Len-1.
func (m *Miner) Len() int { return len(m.shapes) }

// Count is the number of lines of a shape.
func (m *Miner) Count(id int) int { return m.shapes[id].count }

// Shape is the masked line of an id.
func (m *Miner) Shape(id int) string { return m.shapes[id].text }

// Group is the id of the group that a shape belongs to, given all lines so far: the smallest shape id in it. It can
// change while lines are added. The first call after an Add costs time linear in shapes.
func (m *Miner) Group(id int) int {
	m.cluster()
	return m.groups[id]
}

// Failure is the HTTP status code of 400 and above that the lines of a shape carry, 0 for none. Requests that fail belong to
// the group of those that succeed: this tells them apart.
func (m *Miner) Failure(id int) int { return m.shapes[id].failure }

// Template is what the lines of the id's group that fail alike have in common, with wildcards for values.
func (m *Miner) Template(id int) string {
	m.cluster()
	return m.texts[id]
}

// cluster brings groups up to date.
func (m *Miner) cluster() {
	if !m.stale {
		return
	}
	m.stale = false
	m.groups, m.texts = make([]int, len(m.shapes)), make([]string, len(m.shapes))
	alike := map[string][]row{}
	for id, s := range m.shapes {
		r := row{id: id, count: s.count, words: columns(s.text)}
		k := skeleton(r.words)
		alike[k] = append(alike[k], r)
	}
	for _, rows := range alike {
		for _, group := range patterns(rows) {
			m.join(group)
		}
	}
}

// join notes the group of rows and the template of each part that fails alike.
func (m *Miner) join(group []row) {
	first := slices.MinFunc(group, func(a, b row) int { return a.id - b.id }).id
	parts := map[int][]row{}
	for _, r := range group {
		m.groups[r.id] = first
		parts[m.shapes[r.id].failure] = append(parts[m.shapes[r.id].failure], r)
	}
	for _, part := range parts {
		text := m.commonText(part)
		for _, r := range part {
			m.texts[r.id] = text
		}
	}
}

// commonText is what rows have in common: words that differ become wildcards, paths keep the segments that they share.
func (m *Miner) commonText(rows []row) string {
	if len(rows) == 1 {
		return m.shapes[rows[0].id].text
	}
	var b strings.Builder
	for c, w := range rows[0].words {
		common := w.text
		for _, r := range rows {
			if common = sharedText(common, r.words[c].text); common == wildcard {
				break
			}
		}
		if w.spaced && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(common)
	}
	return b.String()
}

// sharedText is what two words of a column have in common.
func sharedText(a, b string) string {
	if a == b {
		return a
	}
	p, q := strings.Split(a, "/"), strings.Split(b, "/")
	if len(p) < 2 || len(q) < 2 {
		return wildcard
	}
	same := 0
	for same < min(len(p), len(q)) && p[same] == q[same] {
		same++
	}
	if strings.Join(p[:same], "") == "" { // nothing but the leading slash
		return wildcard
	}
	return strings.Join(append(p[:same:same], wildcard), "/")
}
