package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/record"
)

// TestUndo is the way of a person who doubts a decision: open the notice's link, read, type an address, press the button,
// see what happens now; then open the page again, in another browser too. A program that opens the link or submits its
// form before that changes nothing.
func TestUndo(t *testing.T) {
	s := serve(t)
	s.Alarm("search 5xx above 5 %", 0)
	a := s.Alarm("search p99 above 2 s", time.Minute)
	link := s.UndoLink(a.ID)
	path, secret, _ := strings.Cut(link, "#")
	reversal := func() record.Alarm {
		got, err := record.GetAlarm(context.Background(), s.Store, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	b := open(t)
	b.look(1200, "light")
	b.do(chromedp.Navigate(path), chromedp.WaitVisible(chromedp.CSS("#no-secret")))
	if !eval[bool](b, "document.querySelector('button.yes').disabled") {
		t.Error("the button works without the link's secret")
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#decide")))
	if at := eval[string](b, "location.href"); at != path {
		t.Errorf("the secret stays in the address bar: %s", at)
	}
	eval[any](b, "HTMLFormElement.prototype.submit.call(document.getElementById('decide'))") // past the browser's checks
	b.do(chromedp.WaitVisible(chromedp.CSS(".banner.bad strong")))
	if text := b.text(".banner.bad"); !strings.Contains(text, "list of approvers") || reversal().Decision.Reversed != nil {
		t.Fatalf("a form without an address: %s", text)
	}
	b.mu.Lock()
	b.complaints = nil // the browser notes the status 403
	b.mu.Unlock()
	b.do(chromedp.SendKeys(chromedp.CSS("#by"), "ada@example.com"), chromedp.SendKeys(chromedp.CSS("#why"), "search is another team's"))
	b.press("button.yes", ".banner.good")
	if text := b.text(".banner"); !strings.Contains(text, "It is investigated") || !strings.Contains(text, "within a minute") {
		t.Errorf("after the reversal: %s", text)
	}
	b.picture("undo-done")
	r := reversal().Decision.Reversed
	if r == nil || r.By != "ada@example.com" || r.Method != console.Notice || r.Why != "search is another team's" {
		t.Fatalf("%+v", r)
	}
	other := open(t)
	other.do(chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS(".standing")))
	if text := other.text(".standing"); !strings.Contains(text, "Reversed") || !strings.Contains(text, "ada@example.com") || other.count("form") != 0 {
		t.Errorf("later visitor sees %s", text)
	}
	other.quiet("later visitor")
	b.quiet("reader")
	if leaked := s.seen(secret); len(leaked) != 0 {
		t.Errorf("the secret reached the server in an address: %v", leaked)
	}
}
