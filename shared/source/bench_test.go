package source_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/generic"
)

// BenchmarkWebhook takes a signed delivery from bytes to the answer.
func BenchmarkWebhook(b *testing.B) {
	space := config.Space{Name: "shop", Sources: []config.Source{{Kind: "generic", Secret: "s"}}}
	h := source.Handler(source.Deps{
		Space: space, Sources: []source.Source{generic.New(space)}, Secrets: &ring{active: map[string][]config.Secret{"s": {secret}}},
		Queue: &counter{}, Dead: &counter{}, Blob: &blob.Memory{}, Store: kv.NewMemory(), Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(fmt.Sprintf(`{"eventType":"incident","incidentId":"%d","action":"created","priority":"LOW","title":"x","timestamp":"2026-03-10T03:02:00Z"}`, n)))
		if w.Code != http.StatusAccepted {
			b.Fatal(w.Code, w.Body)
		}
	}
}
