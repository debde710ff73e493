package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/cli"
)

// Wrong use is exit code 2 and one line that says where help is; what a command could not do keeps the code of its class.
// Nothing but data goes to stdout.
func TestExitCodes(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("nam: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"version", 0, ""},
		{"space", 0, ""},
		{"frobnicate", 2, "see `firefinder --help`"},
		{"space chek", 2, "see `firefinder space --help`"},
		{"demo --yess", 2, "see `firefinder demo --help`"},
		{"show", 2, "see `firefinder show --help`"},
		{"doctor", 2, "see `firefinder doctor --help`"},
		{"show inv-1 --dir " + t.TempDir(), 3, "firefinder local --space FILE"},
		{"space check nowhere.yaml", 3, "space init"},
		{"space check " + bad + " nowhere.yaml", 3, `line 1: unknown key "nam"`},
	} {
		var out, talk bytes.Buffer
		if code := cli.Main(strings.Fields(c.args), &out, &talk); code != c.code || !strings.Contains(talk.String(), c.says) {
			t.Errorf("%s: exit code %d, want %d; said %s", c.args, code, c.code, talk.String())
		}
		if c.code != 0 && out.Len() > 0 {
			t.Errorf("%s: prints %s", c.args, out.String())
		}
	}
}
