// Package archive opens the zip archives of a dataset folder. Names are discovered, never assumed.
package archive

import (
	"archive/zip"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Zip is one open archive.
type Zip struct {
	Name  string // file name without the extension
	files map[string]*zip.File
	close func() error
}

// Open opens every *.zip below dir, in order of name. The caller closes each.
func Open(dir string) ([]Zip, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.zip"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no *.zip in %s", dir)
	}
	slices.Sort(paths)
	var out []Zip
	for _, p := range paths {
		r, err := zip.OpenReader(p)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", p, err)
		}
		z := Zip{Name: strings.TrimSuffix(filepath.Base(p), ".zip"), files: map[string]*zip.File{}, close: r.Close}
		for _, f := range r.File {
			if !f.FileInfo().IsDir() {
				z.files[f.Name] = f
			}
		}
		out = append(out, z)
	}
	return out, nil
}

// Close releases the file.
func (z Zip) Close() error { return z.close() }

// Names lists the files that keep wants (nil: all), sorted.
func (z Zip) Names(keep func(name string) bool) []string {
	var out []string
	for n := range z.files {
		if keep == nil || keep(n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// Has says whether the archive holds the file.
func (z Zip) Has(name string) bool { return z.files[name] != nil }

// Read returns a file's content.
func (z Zip) Read(name string) ([]byte, error) {
	f, ok := z.files[name]
	if !ok {
		return nil, fmt.Errorf("%s: no file %s", z.Name, name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", z.Name, name, err)
	}
	defer r.Close()
	return io.ReadAll(r)
}
