package archive

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Table is a CSV file with a header row. Columns are found by name, in whatever order they stand.
type Table struct {
	Head []string
	Rows [][]string
}

// ReadTable reads a table. Rows may be shorter or longer than the header. Rows that are no CSV are left out and named in the
// error; the others are returned with it.
func ReadTable(raw []byte) (Table, error) {
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord = -1
	var t Table
	var failed []error
	for {
		row, err := r.Read()
		var bad *csv.ParseError
		switch {
		case err == io.EOF:
			if t.Head == nil {
				failed = append(failed, errors.New("no header row"))
			}
			return t, errors.Join(failed...)
		case errors.As(err, &bad):
			if len(failed) == 0 {
				failed = append(failed, err)
			}
		case err != nil:
			return t, errors.Join(append(failed, err)...)
		case t.Head == nil:
			for i := range row {
				row[i] = strings.TrimSpace(row[i])
			}
			t.Head = row
		default:
			t.Rows = append(t.Rows, row)
		}
	}
}

// Table reads a file of the archive as a table.
func (z Zip) Table(name string) (Table, error) {
	raw, err := z.Read(name)
	if err != nil {
		return Table{}, err
	}
	t, err := ReadTable(raw)
	if err != nil {
		err = fmt.Errorf("%s: %s: %w", z.Name, name, err)
	}
	return t, err
}

// Columns returns how to find the cell of a row by the name of its column, empty where the row ends before it. Names that the
// header lacks are an error.
func (t Table) Columns(names ...string) (func(row []string, name string) string, error) {
	index := make(map[string]int, len(t.Head))
	for i, h := range t.Head {
		if _, twice := index[h]; !twice {
			index[h] = i
		}
	}
	cell := func(row []string, name string) string {
		if i, ok := index[name]; ok && i < len(row) {
			return row[i]
		}
		return ""
	}
	missing := slices.DeleteFunc(slices.Clone(names), func(n string) bool { _, ok := index[n]; return ok })
	if len(missing) > 0 {
		return cell, fmt.Errorf("no column %s in %q", strings.Join(missing, ", "), t.Head)
	}
	return cell, nil
}
