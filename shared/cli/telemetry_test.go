package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/cli"
)

// What a space on this machine looks at is asked for in one way, and an account only with credentials. That an account is
// read is shown in test/aws.
func TestWhatIsLookedAt(t *testing.T) {
	dir := t.TempDir()
	space := filepath.Join(dir, "space.yaml")
	if err := os.WriteFile(space, []byte("name: shop\nservices: [{name: checkout}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_REGION", "eu-central-1")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"investigate", "x", "--space", space, "--aws"}, 5, "sign in with the AWS command line, or set AWS_PROFILE"},
		{[]string{"local", "--space", space, "--aws", "--dir", filepath.Join(dir, "state")}, 5, "sign in with the AWS command line, or set AWS_PROFILE"},
		{[]string{"investigate", "x", "--space", space, "--aws", "--telemetry", dir}, 2, "not both"},
		{[]string{"investigate", "x", "--space", space, "--telemetry", dir}, 2, "the folder holds no telemetry"},
		{[]string{"investigate", "x", "--aws"}, 2, "--telemetry and --aws need --space FILE"},
	} {
		var out, talk bytes.Buffer
		if code := cli.Main(c.args, &out, &talk); code != c.code || !strings.Contains(talk.String(), c.says) || out.Len() > 0 {
			t.Errorf("%v: exit code %d, want %d; said %s%s", c.args, code, c.code, talk.String(), out.String())
		}
	}
}
