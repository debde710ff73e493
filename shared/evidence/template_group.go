package evidence

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// word is one column of a shape.
type word struct {
	text   string
	spaced bool // a space stands before it
}

// row is a shape in columns.
type row struct {
	id, count int
	words     []word
}

// columns splits a shape into words, wildcards and marks.
func columns(text string) []word {
	var out []word
	spaced := false
	for i := 0; i < len(text); {
		switch {
		case len(out) == maxColumns:
			return append(out, word{text[i:], spaced})
		case text[i] == ' ':
			spaced = true
			i++
		case classes[text[i]] == mark && !strings.HasPrefix(text[i:], wildcard):
			out = append(out, word{text[i : i+1], spaced})
			spaced = false
			i++
		default:
			j := wordEnd(text, i)
			out = append(out, word{text[i:j], spaced})
			spaced = false
			i = j
		}
	}
	return out
}

// wordEnd is where the word at i ends; the wildcards of a path belong to it.
func wordEnd(text string, i int) int {
	for i < len(text) && text[i] != ' ' {
		switch {
		case strings.HasPrefix(text[i:], wildcard):
			i += len(wildcard)
		case classes[text[i]] == mark:
			return i
		default:
			i++
		}
	}
	return i
}

const (
	fewAlternatives = 4   // a column with more distinct words than this is a value
	maxColumns      = 128 // columns told apart: what follows is one more column
)

// Words that mean something to grouping: after these stands a name, whatever the statistics say; and severities are never
// values, however many there are.
var (
	nameNouns  = vocabulary("user username account host hostname")
	severities = vocabulary("trace debug verbose info notice warn warning error err severe critical crit fatal alert emerg panic")
)

// patterns groups the shapes of one skeleton.
func patterns(rows []row) [][]row {
	frequency := frequencies(rows)
	roots := map[string][]row{}
	var order []string
	for _, r := range rows {
		k := commonPattern(r, frequency)
		if roots[k] == nil {
			order = append(order, k)
		}
		roots[k] = append(roots[k], r)
	}
	var out [][]row
	for _, k := range order {
		out = append(out, splitRows(roots[k])...)
	}
	return out
}

type cell struct {
	column int
	text   string
}

func frequencies(rows []row) map[cell]int {
	f := map[cell]int{}
	for _, r := range rows {
		for c, w := range r.words {
			f[cell{c, w.text}] += r.count
		}
	}
	return f
}

// commonPattern is the largest set of words of a row that occur equally often: Brain's longest common pattern.
func commonPattern(r row, frequency map[cell]int) string {
	size := map[int]int{}
	for c, w := range r.words {
		if isWord(w.text) {
			size[frequency[cell{c, w.text}]]++
		}
	}
	best, most := 0, 0
	for f, n := range size {
		if n > most || n == most && f > best {
			best, most = f, n
		}
	}
	var b strings.Builder
	for c, w := range r.words {
		if isWord(w.text) && frequency[cell{c, w.text}] == best {
			b.WriteString(strconv.Itoa(c))
			b.WriteByte(' ')
			b.WriteString(w.text)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// isWord says whether a column can tell statements apart: it is neither a mark, nor a value, nor a number kept for show.
func isWord(text string) bool {
	return !isMark(text) && !strings.Contains(text, wildcard) && !strings.Contains(text, "/") && classes[text[0]] != digit
}

func isMark(text string) bool { return len(text) == 1 && classes[text[0]] == mark }

// skeleton is the number of columns and the marks among them. Lines of one statement share it.
func skeleton(words []word) string {
	var b strings.Builder
	for _, w := range words {
		if isMark(w.text) {
			b.WriteString(w.text)
		} else {
			b.WriteByte('.')
		}
	}
	return b.String()
}

// splitRows divides rows that share a pattern: the column with the fewest alternatives first, until every column that
// still differs holds values.
func splitRows(rows []row) [][]row {
	if len(rows) < 2 {
		return [][]row{rows}
	}
	column, fewest := -1, 0
	for c := range rows[0].words {
		if n := alternatives(rows, c); n > 1 && (column < 0 || n < fewest) {
			column, fewest = c, n
		}
	}
	if column < 0 {
		return [][]row{rows}
	}
	parts := map[string][]row{}
	for _, r := range rows {
		parts[r.words[column].text] = append(parts[r.words[column].text], r)
	}
	var out [][]row
	for _, part := range parts {
		out = append(out, splitRows(part)...)
	}
	slices.SortFunc(out, func(a, b []row) int { return cmp.Compare(a[0].id, b[0].id) })
	return out
}

// alternatives counts the distinct words of a column as parts of different statements: 1 when the column is constant or
// holds values. The first word of a line, and states in capitals, are allowed twice as many: both are rarely values.
func alternatives(rows []row, column int) int {
	seen := map[string]bool{}
	caps, severe := true, true
	for _, r := range rows {
		w := r.words[column].text
		if !isWord(w) {
			return 1 // where one line has a value, all have
		}
		if seen[w] {
			continue
		}
		seen[w] = true
		caps = caps && strings.ToUpper(w) == w
		severe = severe && severities[strings.ToLower(w)]
		if len(seen) > 2*fewAlternatives && !severe {
			return 1
		}
	}
	limit := fewAlternatives
	if column == 0 || caps {
		limit = 2 * fewAlternatives
	}
	named := column > 0 && nameNouns[rows[0].words[column-1].text]
	if !severe && (len(seen) > limit || named) {
		return 1
	}
	return len(seen)
}
