package browser

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// hostile wraps a text in what would do harm if it were taken for markup, script or order.
func hostile(s string) string {
	return s + `"'><img src=x onerror="window.harmed=1"><script>window.harmed=1</script><a href="javascript:window.harmed=1">x</a>` + "\u202e\u200b\x1b[31m" + strings.Repeat("w", 90)
}

// TestPages opens every page in both colour schemes on a desk and on a phone: nothing in the browser's log, nothing wider
// than the screen, no rule of accessibility broken, no hostile text at work.
func TestPages(t *testing.T) {
	axe := axeSource(t)
	empty, full, bad := serve(t), serve(t), serve(t)
	full.Many(7)
	inv := full.Checkout(nil)
	worst := bad.Checkout(hostile)
	full.Skip("reporting: nightly batch is late", 0)
	bad.Skip(hostile("nightly batch"), 0)
	full.Alarm("search 5xx above 5 %", time.Minute)
	doubted := full.Alarm("search p99 above 2 s", 2*time.Minute)
	bad.Alarm(hostile("search 5xx"), time.Minute)
	worse := bad.Alarm(hostile("search p99"), 2*time.Minute)
	b := open(t)
	for _, page := range []struct{ name, url string }{
		{"list-empty", empty.URL + "/"},
		{"list", full.URL + "/"},
		{"investigation", full.URL + "/investigations/" + inv.ID},
		{"investigation-new", full.URL + "/investigations/" + full.Many(2)[1]},
		{"approve-without-secret", full.URL + "/approve/" + inv.ApprovalID},
		{"approve", full.URL + "/approve/" + inv.ApprovalID + "#" + full.Notice().Secret},
		{"skipped-empty", empty.URL + "/skipped"},
		{"skipped", full.URL + "/skipped"},
		{"undo-without-secret", full.URL + "/undo/" + doubted.ID},
		{"undo", full.UndoLink(doubted.ID)},
		{"skipped-hostile", bad.URL + "/skipped"},
		{"undo-hostile", bad.UndoLink(worse.ID)},
		{"list-hostile", bad.URL + "/"},
		{"investigation-hostile", bad.URL + "/investigations/" + worst.ID},
		{"approve-hostile", bad.URL + "/approve/" + worst.ApprovalID + "#" + bad.Notice().Secret},
	} {
		for _, look := range []struct {
			name   string
			width  int64
			scheme string
		}{{"desk-light", 1200, "light"}, {"phone-dark", 360, "dark"}, {"phone-light", 360, "light"}, {"desk-dark", 1200, "dark"}} {
			where := page.name + "-" + look.name
			b.look(look.width, look.scheme)
			b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(page.url), chromedp.WaitVisible(chromedp.CSS("main h1")))
			b.picture(where)
			if wide := eval[int](b, "document.documentElement.scrollWidth"); int64(wide) > look.width {
				t.Errorf("%s: the page is %d pixels wide", where, wide)
			}
			if eval[bool](b, "'harmed' in window") {
				t.Errorf("%s: text from outside ran as script", where)
			}
			if n := b.count("main img, main script, main [onerror], a[href^='javascript']"); n != 0 {
				t.Errorf("%s: %d elements made of text from outside", where, n)
			}
			b.quiet(where)
			b.accessible(where, axe)
		}
	}
}
