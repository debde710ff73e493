package deliver_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
)

// ring is what Secrets Manager holds: accepted values, the current one first.
type ring struct {
	values []string
	err    error
}

func (r ring) Active(_ context.Context, name string) ([]config.Secret, error) {
	if name != "firefinder/shop/undo" {
		return nil, incident.Errorf(incident.NotFound, "no secret %s", name)
	}
	var out []config.Secret
	for _, v := range r.values {
		out = append(out, config.NewSecret([]byte(v)))
	}
	return out, r.err
}

func links(r ring) deliver.UndoLinks {
	return deliver.UndoLinks{Base: "https://fire.example.com/", Secret: config.Space{Name: "shop"}.UndoSecret(), Secrets: r}
}

func TestUndoLinks(t *testing.T) {
	one, two, three := strings.Repeat("1", 64), strings.Repeat("2", 64), strings.Repeat("3", 64)
	link, err := links(ring{values: []string{one}}).Link(t.Context(), "evt-a")
	path, secret, _ := strings.Cut(link, "#")
	if err != nil || path != "https://fire.example.com/undo/evt-a" || len(secret) != 43 || strings.Contains(link, one) {
		t.Fatalf("%s, %v", link, err)
	}
	for name, c := range map[string]struct {
		values        []string
		event, secret string
		want          bool
	}{
		"itself":                {[]string{one}, "evt-a", secret, true},
		"another alarm":         {[]string{one}, "evt-b", secret, false},
		"after a rotation":      {[]string{two, one}, "evt-a", secret, true},
		"after two":             {[]string{three, two}, "evt-a", secret, false},
		"shortened":             {[]string{one}, "evt-a", secret[:42], false},
		"longer":                {[]string{one}, "evt-a", secret + "A", false},
		"none":                  {[]string{one}, "evt-a", "", false},
		"no key at all":         {nil, "evt-a", secret, false},
		"none under an unfit":   {[]string{"short"}, "evt-a", secret, false},
		"beside an unfit value": {[]string{"short", one}, "evt-a", secret, true},
	} {
		if got, err := links(ring{values: c.values}).Check(t.Context(), c.event, c.secret); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	away := ring{err: errors.New("away")}
	if got, err := links(away).Check(t.Context(), "evt-a", secret); got || err == nil {
		t.Errorf("without keys: %v, %v", got, err)
	}
	for want, r := range map[incident.Class]ring{incident.Internal: away, incident.Denied: {}, incident.Invalid: {values: []string{"short"}}} {
		if link, err := links(r).Link(t.Context(), "evt-a"); !incident.Is(err, want) || link != "" {
			t.Errorf("%s: %q, %v", want, link, err)
		}
	}
}
