package lambda

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Built is the outcome of building functions.
type Built struct {
	Dir     string              // holds one executable per function, named like its folder
	Tainted map[string][]string // by function: where the linker met reflection that keeps every method of every type alive
}

// Flags are those of `make build`: small, reproducible binaries that keep the linker's dead-code elimination working.
var Flags = []string{"-tags", "lambda.norpc,grpcnotrace", "-trimpath", "-buildvcs=false"}

// Build builds main packages of the module at root for this machine's architecture into dir. With dump the linker lists its
// dependency graph, which shows taint; the executables are the same.
func Build(ctx context.Context, root, dir string, dump bool, packages ...string) (Built, error) {
	ldflags := "-s -w"
	if dump {
		ldflags += " -dumpdep"
	}
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, Flags...)
	cmd := exec.CommandContext(ctx, "go", append(append(args, "-ldflags="+ldflags), packages...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	var listing taint
	cmd.Stderr = &listing
	if err := cmd.Run(); err != nil {
		return Built{}, fmt.Errorf("go build: %w: %s", err, listing.rest.String())
	}
	return Built{dir, listing.found}, nil
}

// taint reads go's output line by line and keeps, per package, the lines that mark a function as using reflection to look
// methods up, and whatever is not part of a listing.
type taint struct {
	found map[string][]string
	pkg   string
	part  []byte
	rest  bytes.Buffer
}

func (t *taint) Write(data []byte) (int, error) {
	t.part = append(t.part, data...)
	for {
		line, after, whole := bytes.Cut(t.part, []byte("\n"))
		if !whole {
			return len(data), nil
		}
		t.line(string(line))
		t.part = after
	}
}

func (t *taint) line(line string) {
	switch pkg, header := strings.CutPrefix(line, "# "); {
	case header:
		t.pkg = pkg[strings.LastIndex(pkg, "/")+1:]
	case strings.Contains(line, "<ReflectMethod>"):
		if t.found == nil {
			t.found = map[string][]string{}
		}
		t.found[t.pkg] = append(t.found[t.pkg], line)
	case !strings.Contains(line, " -> "):
		fmt.Fprintln(&t.rest, line)
	}
}

// ZipSize is the size in bytes of the archive that is deployed for an executable.
func ZipSize(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.Copy(w, f)
	}
	if err != nil {
		return 0, err
	}
	return out.Len(), z.Close()
}
