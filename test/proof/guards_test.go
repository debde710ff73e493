package proof

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root of the repository, from this folder.
const root = "../.."

// patched is a file without its guard.
func (m mutant) patched() ([]byte, error) {
	src, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(src), m.old); n != 1 {
		return nil, fmt.Errorf("%s: %q stands in it %d times, not once: the guard was changed; say here how to take it away now", m.file, m.old, n)
	}
	return []byte(strings.Replace(string(src), m.old, m.new, 1)), nil
}

func (m mutant) folder() string {
	if m.pkg != "" {
		return m.pkg
	}
	return path.Dir(m.file)
}

// run runs the test against the source without the guard; the go command reads the patched file in the other's place.
func (m mutant) run(t *testing.T) (failed bool, output string) {
	t.Helper()
	src, err := m.patched()
	if err != nil {
		t.Fatal(err)
	}
	original, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	file, overlay := filepath.Join(t.TempDir(), "patched.go"), filepath.Join(t.TempDir(), "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: file}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{file: src, overlay: replace} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-vet=off", "-count=1", "-timeout", "5m", "-run", "^"+m.test+"$", "./"+m.folder())
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PROOF=")
	out, err := cmd.CombinedOutput()
	return err != nil, string(out)
}

// T28: taking any one guard away makes the named test fail. PROOF=full takes away every one, PROOF=short a few; without
// either it is checked only that every guard still stands where the list says, and that the named tests exist.
func TestMutants(t *testing.T) {
	size := os.Getenv("PROOF")
	caught, ran := 0, 0
	for _, m := range mutants {
		t.Run(m.guard, func(t *testing.T) {
			if _, err := m.patched(); err != nil {
				t.Fatal(err)
			}
			if !exists(t, m.folder(), m.test) {
				t.Fatalf("%s has no test %s", m.folder(), m.test)
			}
			if size != "full" && (size != "short" || !m.short) {
				return
			}
			ran++
			failed, out := m.run(t)
			switch {
			case !failed:
				t.Errorf("%s passes although %s no longer has it", m.test, m.file)
			case !strings.Contains(out, "--- FAIL: "+m.test) && !strings.Contains(out, "panic: "):
				t.Errorf("the test did not run:\n%s", out)
			default:
				caught++
			}
		})
	}
	t.Logf("%d guards listed, %d taken away, %d of them noticed by the named test", len(mutants), ran, caught)
}

// exists reports whether a folder has the test.
func exists(t *testing.T, folder, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^func ` + test + `\(`)
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if want.Match(src) {
			return true
		}
	}
	return false
}
