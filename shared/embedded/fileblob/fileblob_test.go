package fileblob_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/blob/blobtest"
	"github.com/firefinder/firefinder/shared/embedded/fileblob"
	"github.com/firefinder/firefinder/shared/incident"
)

func open(t *testing.T, dir string, opts fileblob.Options) *fileblob.Store {
	t.Helper()
	s, err := fileblob.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	for _, opts := range []fileblob.Options{{}, {NoSync: true}} {
		blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, filepath.Join(t.TempDir(), "docs"), opts) })
	}
}

func TestNothingIsLeftBeside(t *testing.T) {
	dir := t.TempDir()
	hash, err := open(t, dir, fileblob.Options{}).Put(t.Context(), []byte("plan"), "")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, hash[:2]))
	if err != nil || len(entries) != 1 || entries[0].Name() != hash {
		t.Errorf("directory: %v, %v", entries, err)
	}
	got, err := open(t, dir, fileblob.Options{}).Get(t.Context(), hash)
	if err != nil || string(got) != "plan" {
		t.Errorf("after reopening: %q, %v", got, err)
	}
}

func TestDamageIsFoundAndMended(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, fileblob.Options{})
	hash, err := s.Put(t.Context(), []byte("plan"), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, hash[:2], hash), []byte("Plan"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), hash); !incident.Is(err, incident.Internal) || !strings.Contains(err.Error(), "was changed") {
		t.Fatalf("get of a changed file: %v", err)
	}
	if _, err := s.Put(t.Context(), []byte("plan"), ""); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), hash); err != nil || string(got) != "plan" {
		t.Errorf("after the document was put again: %q, %v", got, err)
	}
}

func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fileblob.Open(filepath.Join(file, "docs"), fileblob.Options{}); !incident.Is(err, incident.Unavailable) {
		t.Errorf("open below a file: %v", err)
	}
}
