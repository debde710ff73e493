package deliver_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/delivertest"
)

func TestText(t *testing.T) {
	notices := delivertest.Notices()
	for _, name := range slices.Sorted(maps.Keys(notices)) {
		t.Run(name, func(t *testing.T) {
			d := deliver.Compose(notices[name])
			text := d.Subject + "\n\n" + d.Text()
			delivertest.Golden(t, name+".txt", text)
			if strings.Contains(text, delivertest.Secret) {
				t.Error("the fragment secret is in the shared text")
			}
			if strings.ContainsAny(text, "\x1b\r\u202e\u200b") || strings.ContainsAny(d.Subject, "\n") {
				t.Error("control characters are not made visible")
			}
		})
	}
}
