package browser

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

const axeVersion = "4.14.1"

// axeSource is the accessibility checker's script, fetched once into the user's cache.
func axeSource(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "firefinder-test")
	archive := filepath.Join(dir, "axe-core-"+axeVersion+".tgz")
	if _, err := os.Stat(archive); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, "axe-core@"+axeVersion)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("axe-core %s, which checks accessibility, cannot be fetched: %v\n%s\ninstall npm (Debian: apt-get install npm), or place the archive at %s", axeVersion, err, out, archive)
		}
	}
	source, err := unpack(archive, "package/axe.min.js")
	if err != nil {
		t.Fatalf("read %s: %v; remove it to fetch it again", archive, err)
	}
	return source
}

func unpack(archive, name string) (string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err != nil {
			return "", fmt.Errorf("find %s: %w", name, err)
		}
		if h.Name == name {
			text, err := io.ReadAll(r)
			return string(text), err
		}
	}
}

type findings struct {
	Passes     int         `json:"passes"` // rules that found something to check and nothing wrong
	Violations []violation `json:"violations"`
}

type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// accessible runs every rule of axe, the recommended ones included, on the open page.
func (b *tab) accessible(where, source string) {
	b.t.Helper()
	eval[bool](b, source+";true")
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[findings]("axe.run(document).then(r => ({passes: r.passes.length, violations: r.violations}))", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: axe: %v", where, err)
	}
	if found.Passes < 15 {
		b.t.Errorf("%s: axe found only %d rules to check", where, found.Passes)
	}
	for _, v := range found.Violations {
		for i, n := range v.Nodes {
			if i < 3 {
				b.t.Errorf("%s: %s (%s)\n%s\n%s", where, v.Help, v.ID, n.HTML, n.Summary)
			}
		}
	}
}
