package profile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/profile"
	"github.com/firefinder/firefinder/shared/incident"
)

func TestProfile(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	file := filepath.Join(t.TempDir(), "config")
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file+"-none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if _, err := profile.Load(t.Context(), aws.Options{}); !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), "region") {
		t.Errorf("nothing configured: %v", err)
	}
	content := "[default]\nregion = eu-west-1\naws_access_key_id = one\naws_secret_access_key = s\n[profile prod]\nregion = eu-north-1\naws_access_key_id = two\naws_secret_access_key = s\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		profile, region     string
		wantRegion, wantKey string
	}{{"", "", "eu-west-1", "one"}, {"prod", "", "eu-north-1", "two"}, {"prod", "us-east-1", "us-east-1", "two"}} {
		t.Setenv("AWS_PROFILE", c.profile)
		cfg, err := profile.Load(t.Context(), aws.Options{Region: c.region})
		if err != nil {
			t.Fatal(err)
		}
		key, err := cfg.Credentials.Retrieve(t.Context())
		if err != nil || cfg.Region != c.wantRegion || key.AccessKeyID != c.wantKey {
			t.Errorf("%+v: region %s, key %s, %v", c, cfg.Region, key.AccessKeyID, err)
		}
	}
	t.Setenv("AWS_PROFILE", "no-such")
	if _, err := profile.Load(t.Context(), aws.Options{}); !incident.Is(err, incident.Invalid) {
		t.Errorf("a profile that does not exist: %v", err)
	}
}
