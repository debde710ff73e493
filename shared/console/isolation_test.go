package console_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/console/consoletest"
)

// T24: fifty spaces with the same alarms, ids and plans, each with words of its own. Whatever is read in one of them, by
// page or API, with ids that exist in all of them, holds no word of another.
func TestSpacesShowTheirOwn(t *testing.T) {
	const spaces = 50
	mark := func(i int) string { return fmt.Sprintf("lantern-%02d-", i) }
	reads, bytes := 0, 0
	for i := range spaces {
		w := consoletest.New(t, "https://firefinder.example.com")
		w.Space.Name = fmt.Sprintf("space-%02d", i)
		inv := w.Checkout(func(s string) string { return s + " " + mark(i) })
		pages := w.All()
		for _, path := range []string{
			"/", "/investigations/" + inv.ID, "/approve/" + inv.ApprovalID, "/api/investigations", "/api/investigations/" + inv.ID, "/api/investigations/" + inv.ID + "/journal.jsonl",
		} {
			r := httptest.NewRequest("GET", "https://firefinder.example.com"+path, nil)
			res := httptest.NewRecorder()
			pages.ServeHTTP(res, r)
			body := res.Body.String()
			reads, bytes = reads+1, bytes+len(body)
			if res.Code != 200 || !strings.Contains(body, mark(i)) {
				t.Fatalf("space %d, %s: %d, its own words are missing", i, path, res.Code)
			}
			if strings.Count(body, "lantern-") != strings.Count(body, mark(i)) {
				t.Errorf("space %d, %s holds words of another space", i, path)
			}
		}
	}
	t.Logf("%d spaces, %d reads, %d bytes: 0 foreign items", spaces, reads, bytes)
}
