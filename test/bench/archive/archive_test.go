package archive

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpenGoesOnWithoutWhatIsBroken(t *testing.T) {
	dir := t.TempDir()
	err := Write(filepath.Join(dir, "a.zip"), map[string]string{"x/one.csv": "\ufeffa,b\r\n1,2\r\n", "x/._one.csv": "?"})
	if err == nil {
		err = Write(filepath.Join(dir, "b.zip"), map[string]string{"x/one.csv": "other", "x/two.csv": "c\n3\n"})
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "c.zip"), []byte("no archive"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	zips, err := Open(dir)
	if err == nil || len(zips) != 2 {
		t.Fatalf("%d archives, %v", len(zips), err)
	}
	a := zips[0]
	defer a.Close()
	defer zips[1].Close()
	if diff := cmp.Diff([]string{"x/one.csv"}, a.Names(nil)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"x/one.csv", "x/two.csv"}, a.In("x")); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"x/one.csv": "a,b\r\n1,2\r\n", "x/two.csv": "c\n3\n"} {
		if raw, err := a.Read(name); err != nil || string(raw) != want {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
	if _, err := a.Read("x/three.csv"); err == nil || a.Has("x/three.csv") {
		t.Error("a file that nobody has was read")
	}
}

func TestReadTable(t *testing.T) {
	table, err := ReadTable([]byte("b, a\n1,2,3\n4\nx \"torn\n5,6\n"))
	if err == nil {
		t.Error("a torn row is no error")
	}
	cell, missing := table.Columns("a", "c")
	if missing == nil {
		t.Error("a missing column is no error")
	}
	var got []string
	for _, r := range table.Rows {
		got = append(got, cell(r, "b")+cell(r, "a")+cell(r, "c"))
	}
	if diff := cmp.Diff([]string{"12", "4", "56"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := ReadTable(nil); err == nil {
		t.Error("an empty file is no error")
	}
}
