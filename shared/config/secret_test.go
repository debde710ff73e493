package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

func TestSecretIsNeverShown(t *testing.T) {
	const value = "hunter2-hunter2"
	s := config.NewSecret([]byte(value))
	type holder struct {
		Name   string
		Secret config.Secret
		Others []config.Secret
	}
	h := holder{"slack", s, []config.Secret{s}}
	doc, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "holder", h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "holder", h)
	for name, shown := range map[string]string{
		"json": string(doc), "log": log.String(), "error": fmt.Errorf("with %v", s).Error(),
		"v": fmt.Sprintf("%v", h), "+v": fmt.Sprintf("%+v", h), "#v": fmt.Sprintf("%#v", h), "s": fmt.Sprintf("%s", s),
		"x": fmt.Sprintf("%x", s), "q": fmt.Sprintf("%q", s), "pointer": fmt.Sprintf("%+v", &h),
	} {
		if strings.Contains(shown, "hunter") || strings.Contains(shown, fmt.Sprintf("%x", "hunter")) || strings.Contains(shown, "104 117") {
			t.Errorf("%s shows the secret: %s", name, shown)
		}
		if !strings.Contains(shown, "[secret]") {
			t.Errorf("%s does not say that there is a secret: %s", name, shown)
		}
	}
	if got := string(s.Reveal()); got != value {
		t.Errorf("reveal: %q", got)
	}
}

func TestSecretCheck(t *testing.T) {
	long := strings.Repeat("k", config.HMACKey)
	for value, fault := range map[string]string{
		long:        "",
		long + " ":  "",
		long + "\n": "line break", long + "\r": "line break", long + "\r\n": "line break",
		long + "\x00":      "NUL",
		"":                 "empty",
		long[:len(long)-1]: "31 bytes",
	} {
		err := config.NewSecret([]byte(value)).Check(config.HMACKey)
		if fault == "" && err == nil {
			continue
		}
		if !incident.Is(err, incident.Invalid) || fault == "" || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q: got %v, want %q", value, err, fault)
		}
	}
	if err := config.NewSecret([]byte("short")).Check(0); err != nil {
		t.Errorf("a short value is fine where it is not a key: %v", err)
	}
}
