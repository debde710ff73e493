package lambda

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Ceilings of the deployed archive in bytes. The investigator links the connectors, so it may be larger.
const ceiling, investigatorCeiling = 6 << 20, 9 << 20

// functions are the folders under functions/.
func functions(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob(filepath.Join(root, "functions", "*", "main.go"))
	if err != nil || len(mains) == 0 {
		t.Fatalf("no functions found: %v", err)
	}
	var names []string
	for _, m := range mains {
		names = append(names, filepath.Base(filepath.Dir(m)))
	}
	for _, known := range []string{"signer", "webhook", "triage", "investigate", "rootcause", "mitigate", "propose", "approve", "deliver", "sweep"} {
		if !slices.Contains(names, known) {
			t.Errorf("function %s is missing", known)
		}
	}
	return names
}

// TestFunctionsAreSmall builds every function as it is deployed and looks at what the linker kept. One call that looks
// methods up by a computed name keeps every operation of every AWS client: 25 MB become 87.
func TestFunctionsAreSmall(t *testing.T) {
	names := functions(t)
	var packages []string
	for _, name := range names {
		packages = append(packages, "./functions/"+name)
	}
	built, err := Build(t.Context(), root, t.TempDir(), "arm64", true, packages...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if lines := built.Tainted[name]; len(lines) > 0 {
			t.Errorf("%s: the linker keeps every method of every type because of:\n%s", name, lines[0])
		}
		path := filepath.Join(built.Dir, name)
		size, err := ZipSize(path)
		if err != nil {
			t.Fatal(err)
		}
		most := ceiling
		if name == "investigate" {
			most = investigatorCeiling
		}
		if size > most {
			t.Errorf("%s: archive of %d bytes, at most %d", name, size, most)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-12s %6.2f MB, archive %5.2f MB of %d", name, float64(info.Size())/(1<<20), float64(size)/(1<<20), most>>20)
	}
}
