package servicenow

import (
	"slices"
	"strings"
)

// fieldsOf are the columns of the tables. A condition on a column that does not exist is ignored, as the real instance
// does by default (a trap worth keeping: a misspelt query finds everything).
var fieldsOf = map[string][]string{
	"incident": {"sys_id", "number", "state", "active", "urgency", "impact", "priority", "short_description", "description", "correlation_id",
		"correlation_display", "assignment_group", "category", "caller_id", "cmdb_ci", "opened_at", "work_notes", "comments",
		"sys_class_name", "sys_created_on", "sys_created_by", "sys_updated_on", "sys_mod_count"},
	"sys_journal_field": {"sys_id", "name", "element_id", "element", "value", "sys_created_on", "sys_created_by"},
}

// condition is one comparison of an encoded query.
type condition struct{ field, op, value string }

// operators, longest first where one is the beginning of another.
var operators = []string{"STARTSWITH", "ENDSWITH", "NOT LIKE", "ISNOTEMPTY", "ISEMPTY", "LIKE", "!=", ">=", "<=", "=", ">", "<", "IN"}

// search applies an encoded query: a^b is both, a^ORb either (binding closer), ^NQ starts an alternative, ORDERBY and
// ORDERBYDESC sort, ^^ stands for ^ in a value.
func search(rows []record, query string, known []string) []record {
	var alternatives [][][]condition // of all of any
	all := [][]condition{}
	type order struct {
		field string
		desc  bool
	}
	var orders []order
	for _, term := range terms(query) {
		if rest, ok := strings.CutPrefix(term, "NQ"); ok && len(rest) > 0 && rest[0] >= 'a' {
			alternatives = append(alternatives, all)
			all, term = nil, rest
		}
		switch {
		case strings.HasPrefix(term, "ORDERBYDESC"):
			orders = append(orders, order{term[len("ORDERBYDESC"):], true})
		case strings.HasPrefix(term, "ORDERBY"):
			orders = append(orders, order{term[len("ORDERBY"):], false})
		case strings.HasPrefix(term, "OR") && len(all) > 0:
			if c, ok := parse(term[2:], known); ok {
				all[len(all)-1] = append(all[len(all)-1], c)
			}
		default:
			if c, ok := parse(term, known); ok {
				all = append(all, []condition{c})
			}
		}
	}
	alternatives = append(alternatives, all)
	var out []record
	for _, row := range rows {
		if slices.ContainsFunc(alternatives, func(all [][]condition) bool { return holds(row, all) }) {
			out = append(out, row)
		}
	}
	for _, o := range slices.Backward(orders) {
		slices.SortStableFunc(out, func(a, b record) int {
			if o.desc {
				a, b = b, a
			}
			return strings.Compare(a[o.field], b[o.field])
		})
	}
	return out
}

// terms splits at single carets and undoubles doubled ones.
func terms(query string) []string {
	var out []string
	var b strings.Builder
	for i := 0; i < len(query); i++ {
		switch {
		case query[i] != '^':
			b.WriteByte(query[i])
		case i+1 < len(query) && query[i+1] == '^':
			b.WriteByte('^')
			i++
		default:
			out = append(out, b.String())
			b.Reset()
		}
	}
	return slices.DeleteFunc(append(out, b.String()), func(s string) bool { return s == "" || s == "EQ" })
}

// parse reads field, operator, value; not ok for a field that the table lacks.
func parse(term string, known []string) (condition, bool) {
	n := 0
	for n < len(term) && (term[n] >= 'a' && term[n] <= 'z' || term[n] == '_' || term[n] >= '0' && term[n] <= '9' || term[n] == '.') {
		n++
	}
	for _, op := range operators {
		if strings.HasPrefix(term[n:], op) {
			return condition{term[:n], op, term[n+len(op):]}, slices.Contains(known, term[:n])
		}
	}
	return condition{}, false
}

func holds(row record, all [][]condition) bool {
	for _, anyOf := range all {
		if !slices.ContainsFunc(anyOf, func(c condition) bool { return c.holds(row[c.field]) }) {
			return false
		}
	}
	return true
}

// holds compares as the instance's database does: without regard to case.
func (c condition) holds(have string) bool {
	a, b := strings.ToLower(have), strings.ToLower(c.value)
	switch c.op {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "LIKE":
		return strings.Contains(a, b)
	case "NOT LIKE":
		return !strings.Contains(a, b)
	case "STARTSWITH":
		return strings.HasPrefix(a, b)
	case "ENDSWITH":
		return strings.HasSuffix(a, b)
	case "ISEMPTY":
		return a == ""
	case "ISNOTEMPTY":
		return a != ""
	case "IN":
		return slices.Contains(strings.Split(b, ","), a)
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	case "<=":
		return a <= b
	}
	return false
}
