// Package archive opens the zip archives of a dataset folder. Names are discovered, never assumed.
package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Zip is one open archive.
type Zip struct {
	Name   string // file name without the extension
	files  map[string]*zip.File
	close  func() error
	folder *[]Zip // all archives of the folder
}

// Open opens every *.zip below dir, in order of name. The caller closes each. Archives that cannot be opened are named in
// the error; the others are returned with it.
func Open(dir string) ([]Zip, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.zip"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no *.zip in %s", dir)
	}
	slices.Sort(paths)
	var failed []error
	folder := &[]Zip{}
	for _, p := range paths {
		r, err := zip.OpenReader(p)
		if err != nil {
			failed = append(failed, fmt.Errorf("open %s: %w", p, err))
			continue
		}
		z := Zip{Name: strings.TrimSuffix(filepath.Base(p), ".zip"), files: map[string]*zip.File{}, close: r.Close, folder: folder}
		for _, f := range r.File {
			if !f.FileInfo().IsDir() && !strings.HasPrefix(path.Base(f.Name), ".") {
				z.files[path.Clean(f.Name)] = f
			}
		}
		*folder = append(*folder, z)
	}
	return *folder, errors.Join(failed...)
}

// Close releases the file.
func (z Zip) Close() error { return z.close() }

// Names lists the files of this archive that keep wants (nil: all), sorted.
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

// In lists the files that stand directly in a directory, of this archive or another of the folder, sorted.
func (z Zip) In(dir string) []string {
	var out []string
	for _, other := range *z.folder {
		out = append(out, other.Names(func(n string) bool { return path.Dir(n) == dir })...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// find looks in this archive, then in the others of the folder: one set of files may be spread over several.
func (z Zip) find(name string) *zip.File {
	if f := z.files[name]; f != nil {
		return f
	}
	for _, other := range *z.folder {
		if f := other.files[name]; f != nil {
			return f
		}
	}
	return nil
}

// Has says whether the archive, or another of the folder, holds the file.
func (z Zip) Has(name string) bool { return z.find(name) != nil }

// Read returns a file's content without a byte order mark. A file that this archive lacks may come from another of the folder.
func (z Zip) Read(name string) ([]byte, error) {
	f := z.find(name)
	if f == nil {
		return nil, fmt.Errorf("%s: no file %s", z.Name, name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", z.Name, name, err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", z.Name, name, err)
	}
	return bytes.TrimPrefix(raw, []byte("\ufeff")), nil
}

// Write makes an archive of texts by name, for tests with made-up data.
func Write(file string, files map[string]string) error {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write([]byte(text))
		}
		if err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}
