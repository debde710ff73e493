package browser

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/firefinder/firefinder/shared/incident"
)

func (s *site) approval(t *testing.T) incident.Approval {
	t.Helper()
	a, err := s.Approvals.Get(context.Background(), s.Notice().Approval.ID)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// link is the address as the mail carries it.
func (s *site) link() string { return s.Notice().Link + "#" + s.Notice().Secret }

// TestApprove is the way of an approver: open the mailed link, read, type address and code, press the button, see what
// was decided; then open the page again, in another browser too.
func TestApprove(t *testing.T) {
	s := serve(t)
	s.Checkout(nil)
	b := open(t)
	b.look(1200, "light")
	b.do(chromedp.Navigate(s.link()), chromedp.WaitVisible(chromedp.CSS("#decide")))
	if at := eval[string](b, "location.href"); at != s.Notice().Link {
		t.Errorf("the secret stays in the address bar: %s", at)
	}
	if !eval[bool](b, "document.getElementById('no-secret').hidden") || eval[bool](b, "document.querySelector('button.yes').disabled") {
		t.Error("the page does not find the secret in the link")
	}
	b.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#decide")))
	if eval[bool](b, "document.querySelector('button.yes').disabled") {
		t.Error("a reload loses the secret")
	}
	b.do(
		chromedp.SendKeys(chromedp.CSS("#email"), "ada@example.com"),
		chromedp.SendKeys(chromedp.CSS("#code"), "AAAAAA"),
		chromedp.SendKeys(chromedp.CSS("#comment"), "database team agrees"),
	)
	b.press("button.yes", ".banner.bad")
	if text := b.text(".banner"); !strings.Contains(text, "Nothing was decided") || s.approval(t).State != incident.Pending {
		t.Fatalf("wrong code: %s", text)
	}
	b.mu.Lock()
	b.complaints = nil // the browser notes the status 422
	b.mu.Unlock()
	b.picture("approve-wrong-code")
	b.do(chromedp.SendKeys(chromedp.CSS("#code"), strings.ToLower(s.Notice().Code)))
	b.press("button.yes", ".banner.good")
	if text := b.text(".banner"); !strings.Contains(text, "Your decision is recorded") {
		t.Errorf("after the decision: %s", text)
	}
	b.picture("approve-done")
	a := s.approval(t)
	if a.State != incident.Approved || len(a.Votes) != 1 || a.Votes[0].By.Subject != "ada@example.com" || a.Votes[0].Comment != "database team agrees" {
		t.Errorf("%+v", a)
	}
	if got := s.Decisions(); len(got) != 1 || got[0].Decision != "APPROVED" {
		t.Errorf("workflow got %v", got)
	}
	other := open(t)
	other.do(chromedp.Navigate(s.link()), chromedp.WaitVisible(chromedp.CSS(".standing")))
	if text := other.text(".standing"); !strings.Contains(text, "Approved") || !strings.Contains(text, "Ada Byron") || other.count("form") != 0 {
		t.Errorf("later visitor sees %s", text)
	}
	other.quiet("later visitor")
	b.quiet("approver")
	if leaked := s.seen(s.Notice().Secret); len(leaked) != 0 {
		t.Errorf("the secret reached the server in an address: %v", leaked)
	}
}

// press presses a button and waits for what the next page shows.
func (b *tab) press(button, then string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(button)), chromedp.WaitVisible(chromedp.CSS(then)))
}

// TestRejectByKeyboard: the whole decision without a pointer.
func TestRejectByKeyboard(t *testing.T) {
	s := serve(t)
	s.Checkout(nil)
	b := open(t)
	b.do(chromedp.Navigate(s.link()), chromedp.WaitVisible(chromedp.CSS("#decide")), chromedp.Focus(chromedp.CSS("#email")))
	b.do(chromedp.KeyEvent("ben@example.com\t"+s.Notice().Code+"\t"+"too risky tonight"+"\t\t"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(chromedp.CSS(".banner.good")))
	if a := s.approval(t); a.State != incident.Rejected || a.Votes[0].Comment != "too risky tonight" {
		t.Errorf("%+v", a)
	}
	b.quiet("keyboard")
}

// TestScanners (T15): programs that look at links before people do. None of them decides.
func TestScanners(t *testing.T) {
	s := serve(t)
	s.Checkout(nil)
	n := s.Notice()
	b := open(t)
	fill := `(() => { const f = document.getElementById('decide'); f.elements.email.value = 'ada@example.com'; f.elements.code.value = %CODE%; ` +
		`f.querySelectorAll('button').forEach(b => b.disabled = false); f.querySelector(%BUTTON%).click(); })()`
	script := func(code, button string) string {
		return strings.NewReplacer("%CODE%", "'"+code+"'", "%BUTTON%", "'"+button+"'").Replace(fill)
	}
	whole := n.Link + "#" + n.Secret
	bare := func() { // a tab that never saw the secret
		eval[any](b, "sessionStorage.clear()")
		b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(n.Link))
	}
	b.leave(s.URL + "/")
	for _, c := range []struct {
		name  string
		posts bool // a form reaches the server; what lacks a code is held back by the browser itself
		scan  func()
	}{
		{"opens the link without its fragment", false, bare},
		{"opens the whole link", false, func() { b.do(chromedp.Navigate(whole)) }},
		{"presses approve at once", false, func() {
			b.do(chromedp.Navigate(whole))
			eval[any](b, "document.querySelector('button.yes').click()")
		}},
		{"submits the form past its checks", true, func() {
			b.do(chromedp.Navigate(whole))
			eval[any](b, "HTMLFormElement.prototype.submit.call(document.getElementById('decide'))")
		}},
		{"knows secret and address, guesses the code", true, func() {
			b.do(chromedp.Navigate(whole))
			eval[any](b, script(n.Approval.PlanHash[:6], "button.yes"))
		}},
		{"knows code and address, has no secret", true, func() {
			bare()
			eval[any](b, script(n.Code, "button.yes"))
		}},
		{"rejects instead", true, func() {
			bare()
			eval[any](b, script(n.Code, "button.no"))
		}},
	} {
		t.Log(c.name)
		c.scan()
		if c.posts {
			b.do(chromedp.WaitVisible(chromedp.CSS(".banner.bad strong")))
		}
		b.leave(s.URL + "/")
		s.undecided(t)
	}
	if posts := s.seen("POST /approve/"); len(posts) != 4 {
		t.Errorf("%d forms arrived, want 4: %v", len(posts), posts)
	}
	for range 50 {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			for _, address := range []string{n.Link, n.Link + "?decision=APPROVED", n.Link + "?secret=" + url.QueryEscape(n.Secret) + "&code=" + n.Code, s.URL + "/investigations/" + n.Investigation.ID} {
				s.fetch(t, method, address, map[string]string{"User-Agent": "Slackbot-LinkExpanding 1.0", "Sec-Purpose": "prefetch"})
			}
		}
	}
	s.undecided(t)
}

// leave goes elsewhere, once whatever the page has begun is over.
func (b *tab) leave(address string) {
	b.t.Helper()
	var err error
	for range 20 {
		if err = chromedp.Do(b.ctx, chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("h1"))); err == nil {
			return
		}
	}
	b.t.Fatalf("leave for %s: %v", address, err)
}

func (s *site) fetch(t *testing.T, method, address string, headers map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

func (s *site) undecided(t *testing.T) {
	t.Helper()
	if a := s.approval(t); a.State != incident.Pending || len(a.Votes)+len(a.Late) != 0 || len(s.Decisions()) != 0 {
		t.Fatalf("a scanner decided: %+v", a)
	}
}

// TestForeignPage: a page elsewhere that posts the right form, with everything a thief could know, decides nothing.
func TestForeignPage(t *testing.T) {
	s, evil := serve(t), serve(t)
	s.Checkout(nil)
	n := s.Notice()
	b := open(t)
	b.do(chromedp.Navigate(s.link()), chromedp.WaitVisible(chromedp.CSS("#decide"))) // the victim's browser has the cookie
	b.do(chromedp.Navigate(strings.Replace(evil.URL, "127.0.0.1", "localhost", 1) + "/static/icon.svg"))
	b.do(chromedp.Navigate("about:blank"))
	eval[any](b, `(() => { const f = document.createElement('form'); f.method = 'post'; f.action = '`+n.Link+`';`+
		`for (const [k, v] of Object.entries({plan_hash:'`+n.Approval.PlanHash+`',secret:'`+n.Secret+`',code:'`+n.Code+`',email:'ada@example.com',decision:'APPROVED',csrf:'x'})) {`+
		`const i = document.createElement('input'); i.name = k; i.value = v; f.append(i); } document.documentElement.append(f); f.submit(); })()`)
	b.do(chromedp.WaitVisible(chromedp.CSS("main h1")))
	if text := b.text("main"); !strings.Contains(text, "Nothing was decided") {
		t.Errorf("the foreign form got: %s", text)
	}
	s.undecided(t)
}

// TestLive: a page of a running investigation shows what happened meanwhile, keeps opened details open, and stops asking
// when there is nothing more to come.
func TestLive(t *testing.T) {
	s := serve(t)
	inv := s.Checkout(nil)
	b := open(t)
	b.do(chromedp.Navigate(s.URL+"/investigations/"+inv.ID), chromedp.WaitVisible(chromedp.CSS("#plan .standing")))
	eval[any](b, "document.querySelector('details').open = true")
	if _, _, err := s.Approvals.Decide(context.Background(), inv.ApprovalID, inv.PlanHash, incident.Approved, incident.Person{Subject: "ada@example.com"}, ""); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.WaitVisible(chromedp.CSS("#plan [data-state=APPROVED]")))
	if !eval[bool](b, "document.querySelector('details').open") {
		t.Error("opened details closed")
	}
	b.quiet("live")
}
