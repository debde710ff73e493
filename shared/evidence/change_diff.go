package evidence

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// edit is what a change really did, read from its diff, files and parameters: lines that only moved are gone.
type edit struct {
	files    []string
	removed  []string // trimmed lines, without those that were only moved, re-indented or rewritten as comments
	added    []string
	context  []string
	settings []setting
	unknown  bool // nothing is known about the content
	rewrites bool // it keeps the words of what it replaces: an extraction, a renaming, a reordering
}

// setting is a value that a change replaced.
type setting struct {
	name     string
	old, new quantity
	text     string // "MaxConns 50 -> 10"
}

// quantity is a literal: a plain number, a duration in seconds, a size in bytes, a truth value or a word.
type quantity struct {
	kind  string // number, duration, size, bool, text
	value float64
	text  string
}

// What is read of one diff: larger ones are generated code, and reading must stay linear.
const (
	maxDiff     = 1 << 20 // bytes
	maxLines    = 2000    // lines on either side
	maxLiterals = 400     // literals of a hunk on either side
)

// editOf reads a change. It accepts unified diffs and loose ones ("@@ path @@" headers).
func editOf(c Change) edit {
	e := edit{files: slices.Clone(c.Files)}
	var hunks []hunk
	if c.Diff != "" {
		hunks = hunksOf(c.Diff[:min(len(c.Diff), maxDiff)])
	}
	for _, h := range hunks {
		if h.file != "" && !slices.Contains(e.files, h.file) {
			e.files = append(e.files, h.file)
		}
		if h.header != "" {
			e.context = append(e.context, h.header)
		}
		e.context = append(e.context, h.context...)
		e.settings = append(e.settings, settingsOf(h.removed, h.added)...)
		e.removed = append(e.removed, h.removed...)
		e.added = append(e.added, h.added...)
	}
	e.removed, e.added = withoutMoved(e.removed, e.added)
	e.removed, e.added = e.removed[:min(len(e.removed), maxLines)], e.added[:min(len(e.added), maxLines)]
	for _, p := range c.Parameters {
		e.parameter(p)
	}
	e.rewrites = len(e.settings) == 0 && keepsWords(e.removed, e.added)
	e.unknown = c.Diff == "" && len(c.Files) == 0 && len(c.Parameters) == 0
	return e
}

// keptShare is how many of the replaced words an extraction keeps: all but a name or two.
const keptShare = 0.85

// keepsWords says whether nearly every word and number of the removed lines stands in the added ones too.
func keepsWords(removed, added []string) bool {
	have := map[string]bool{}
	for _, l := range added {
		for _, id := range identifiers(l) {
			have[strings.ToLower(id)] = true
		}
	}
	all, kept := 0, 0
	for _, l := range removed {
		for _, id := range identifiers(l) {
			all++
			if have[strings.ToLower(id)] {
				kept++
			}
		}
	}
	return all >= 6 && float64(kept) >= keptShare*float64(all)
}

func (e *edit) parameter(p Parameter) {
	if p.Old == p.New {
		return
	}
	switch {
	case p.New == "":
		e.removed = append(e.removed, p.Name+"="+p.Old)
	case p.Old == "":
		e.added = append(e.added, p.Name+"="+p.New)
	default:
		old, okOld := quantityOf(p.Old)
		now, okNew := quantityOf(p.New)
		if !okOld {
			old = quantity{kind: "text", text: p.Old}
		}
		if !okNew {
			now = quantity{kind: "text", text: p.New}
		}
		e.settings = append(e.settings, newSetting(p.Name, old, now))
		e.removed = append(e.removed, p.Name+"="+p.Old)
		e.added = append(e.added, p.Name+"="+p.New)
	}
}

func newSetting(name string, old, now quantity) setting {
	old, now = sameUnit(name, old, now), sameUnit(name, now, old)
	return setting{name: name, old: old, new: now, text: name + " " + old.text + " -> " + now.text}
}

// direction is -1 for lowered, 1 for raised, 0 when the values cannot be compared.
func (s setting) direction() int {
	if s.old.kind != s.new.kind || s.old.kind == "text" {
		return 0
	}
	switch {
	case s.new.value < s.old.value:
		return -1
	case s.new.value > s.old.value:
		return 1
	}
	return 0
}

// sameUnit reads the ambiguous suffix m as the other value suggests: megabytes beside a size, thousandths beside a plain
// number of processors, else minutes.
func sameUnit(name string, q, other quantity) quantity {
	if q.kind != "duration" || !strings.HasSuffix(strings.ToLower(q.text), "m") {
		return q
	}
	switch {
	case other.kind == "size":
		return quantity{"size", q.value / 60 * 1e6, q.text}
	case other.kind == "number" && strings.Contains(strings.ToLower(name), "cpu"):
		return quantity{"number", q.value / 60 / 1000, q.text}
	}
	return q
}

// size weighs how far a value moved: a nudge explains less than a change of several times.
func (s setting) size() float64 {
	low, high := min(s.old.value, s.new.value), max(s.old.value, s.new.value)
	switch {
	case s.direction() == 0 || s.old.kind == "bool":
		return 1
	case low <= 0 || high >= 4*low:
		return 1.2
	case high < 1.4*low:
		return 0.6
	case high < 2*low:
		return 0.8
	}
	return 1
}

// hunk is one part of a diff.
type hunk struct {
	file, header            string
	removed, added, context []string
}

var hunkPath = expr(`[\w.@+-]*[\w-]+(?:/[\w.@+-]+)+|[\w-]+\.[A-Za-z]\w{0,7}\b|Dockerfile|Makefile`)

func hunksOf(diff string) []hunk {
	var out []hunk
	var cur hunk
	file := ""
	flush := func() {
		if len(cur.added)+len(cur.removed)+len(cur.context) > 0 || cur.header != "" {
			out = append(out, cur)
		}
		cur = hunk{file: file}
	}
	for _, l := range strings.Split(diff, "\n") {
		l = strings.TrimRight(l, "\r")
		switch {
		case strings.HasPrefix(l, "diff --git "), strings.HasPrefix(l, "index "), strings.HasPrefix(l, "new file"), strings.HasPrefix(l, "deleted file"):
		case strings.HasPrefix(l, "--- "):
			flush()
		case strings.HasPrefix(l, "+++ "):
			file = strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(l, "+++ ")), "b/")
			cur.file = file
		case strings.HasPrefix(l, "@@"):
			flush()
			cur.header = strings.TrimSpace(strings.Trim(strings.TrimSpace(l), "@"))
			if p := hunkPath.FindString(cur.header); p != "" && strings.Contains(p, ".") {
				file, cur.file = p, p
			}
		case strings.HasPrefix(l, "+"):
			cur.added = append(cur.added, l[1:])
		case strings.HasPrefix(l, "-"):
			cur.removed = append(cur.removed, l[1:])
		case strings.TrimSpace(l) != "":
			cur.context = append(cur.context, strings.TrimSpace(l))
		}
	}
	flush()
	return out
}

// withoutMoved drops lines that stand on both sides, whatever their indentation, and comments.
func withoutMoved(removed, added []string) (gone, come []string) {
	count := map[string]int{}
	for _, l := range added {
		count[squeeze(l)]++
	}
	for _, l := range removed {
		if s := squeeze(l); s == "" || isComment(l) {
			continue
		} else if count[s] > 0 {
			count[s]--
			continue
		}
		gone = append(gone, strings.TrimSpace(l))
	}
	left := map[string]int{}
	for _, l := range removed {
		left[squeeze(l)]++
	}
	for _, l := range added {
		if s := squeeze(l); s == "" || isComment(l) {
			continue
		} else if left[s] > 0 {
			left[s]--
			continue
		}
		come = append(come, strings.TrimSpace(l))
	}
	return gone, come
}

// squeeze is a line without white space and trailing punctuation: what formatting may change.
func squeeze(l string) string {
	l = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, l)
	return strings.TrimRight(l, ",;")
}

func isComment(l string) bool {
	l = strings.TrimSpace(l)
	for _, p := range []string{"//", "/*", "* ", "*/", "# ", "--", `"""`, "<!--", ";"} {
		if strings.HasPrefix(l, p) {
			return true
		}
	}
	return l == "#" || l == "*"
}

var (
	goDuration = expr(`(\d+(?:\.\d+)?)\s*\*\s*time\.(Nanosecond|Microsecond|Millisecond|Second|Minute|Hour)\b`)
	javaUnit   = expr(`\bDuration\.of(Nanos|Millis|Seconds|Minutes|Hours|Days)\(\s*(\d+)\s*\)`)
	jvmHeap    = expr(`-X(mx|ms|ss)(\d+)([kKmMgG])\b`)
	literal    = expr(`[A-Za-z_][\w.\-]*|\d+(?:\.\d+)?(?:[A-Za-z%]+\b)?`)
	unitWord   = map[string]string{"Nanosecond": "ns", "Microsecond": "us", "Millisecond": "ms", "Second": "s", "Minute": "m", "Hour": "h"}
	javaWord   = map[string]string{"Nanos": "ns", "Millis": "ms", "Seconds": "s", "Minutes": "m", "Hours": "h", "Days": "d"}
	noName     = wordSet("ctx time int int32 int64 uint float float64 double long string const var let val final static public private return new self this the cfg opts o c r w t value export ENV env name default")
)

// settingsOf pairs the literals of removed and added lines by the name that stands before them.
func settingsOf(removed, added []string) []setting {
	type named struct {
		name string
		q    quantity
	}
	read := func(lines []string) (out []named) {
		for _, l := range lines {
			if !isComment(l) && len(out) < maxLiterals {
				literalsOf(l, func(name string, q quantity) { out = append(out, named{name, q}) })
			}
		}
		return out
	}
	old, now := read(removed), read(added)
	used := make([]bool, len(now))
	var out []setting
	for _, o := range old {
		for i, n := range now {
			if used[i] || !strings.EqualFold(o.name, n.name) {
				continue
			}
			used[i] = true
			if o.q.text != n.q.text && (o.q.kind != n.q.kind || o.q.value != n.q.value || o.q.kind == "text") {
				out = append(out, newSetting(o.name, o.q, n.q))
			}
			break
		}
	}
	return out
}

// literalsOf calls found for every literal of a line with the nearest meaningful name before it.
func literalsOf(l string, found func(name string, q quantity)) {
	l = goDuration.ReplaceAllStringFunc(l, func(s string) string {
		m := goDuration.FindStringSubmatch(s)
		return m[1] + unitWord[m[2]]
	})
	l = javaUnit.ReplaceAllStringFunc(l, func(s string) string {
		m := javaUnit.FindStringSubmatch(s)
		return m[2] + javaWord[m[1]]
	})
	l = jvmHeap.ReplaceAllString(l, " X${1}: ${2}${3}")
	name := ""
	for _, tok := range literal.FindAllString(l, 64) {
		if tok[0] >= '0' && tok[0] <= '9' {
			if q, ok := quantityOf(tok); ok && name != "" {
				found(name, q)
			}
			continue
		}
		if q, ok := quantityOf(tok); ok && q.kind == "bool" {
			if name != "" {
				found(name, q)
			}
			continue
		}
		if noName[tok] {
			continue
		}
		name = tok
	}
}

var durationUnits = map[string]float64{"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "msec": 1e-3, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
	"m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400}

var sizeUnits = map[string]float64{"k": 1e3, "kb": 1e3, "ki": 1 << 10, "kib": 1 << 10, "mb": 1e6, "mi": 1 << 20, "mib": 1 << 20, "g": 1e9, "gb": 1e9, "gi": 1 << 30,
	"gib": 1 << 30, "tb": 1e12, "ti": 1 << 40, "b": 1, "bytes": 1}

// quantityOf reads a literal. A bare "m" is minutes for durations and thousandths for Kubernetes processors; both compare alike.
func quantityOf(text string) (quantity, bool) {
	t := strings.Trim(strings.TrimSpace(text), `"'`)
	switch strings.ToLower(t) {
	case "true", "on", "yes", "enabled":
		return quantity{"bool", 1, t}, true
	case "false", "off", "no", "disabled":
		return quantity{"bool", 0, t}, true
	}
	digits := strings.IndexFunc(t, func(r rune) bool { return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') })
	if digits < 0 {
		v, ok := parseNumber(strings.ReplaceAll(t, "_", ""))
		return quantity{"number", v, t}, ok
	}
	v, ok := parseNumber(strings.ReplaceAll(t[:digits], "_", ""))
	unit := strings.ToLower(strings.TrimSpace(t[digits:]))
	if !ok {
		return quantity{}, false
	}
	if f, ok := durationUnits[unit]; ok {
		return quantity{"duration", v * f, t}, true
	}
	if f, ok := sizeUnits[unit]; ok {
		return quantity{"size", v * f, t}, true
	}
	if unit == "%" {
		return quantity{"number", v, t}, true
	}
	return quantity{}, false
}

func parseNumber(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && v > -1e18 && v < 1e18
}
