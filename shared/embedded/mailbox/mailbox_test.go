package mailbox

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/deliver/delivertest"
	"github.com/firefinder/firefinder/shared/deliver/email"
	"github.com/firefinder/firefinder/shared/incident"
)

func now() time.Time { return delivertest.Begin }

func message(t *testing.T) email.Message {
	m, err := email.Compose(t.Context(), delivertest.Notices()["proposal"], false)
	if err != nil {
		t.Fatal(err)
	}
	m.Subject += " — größer"
	m.From, m.To = "Firefinder <fire@example.com>", []string{"kim@example.com"}
	return m
}

func TestMailsCanBeRead(t *testing.T) {
	box, err := Open(filepath.Join(t.TempDir(), "mail"), now)
	if err != nil {
		t.Fatal(err)
	}
	want := message(t)
	name, err := box.Send(t.Context(), want)
	if err != nil || name != "0001-high-checkout-elevated-5xx-plan-waits-for-your-decision-gr.eml" {
		t.Fatalf("%s, %v", name, err)
	}
	data, err := os.ReadFile(filepath.Join(box.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if subject != want.Subject || m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("To") != "<kim@example.com>" {
		t.Errorf("headers %v", m.Header)
	}
	_, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, text := range []string{want.Text, want.HTML} {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(p); strings.ReplaceAll(string(got), "\r\n", "\n") != text {
			t.Errorf("part %s differs", p.Header.Get("Content-Type"))
		}
	}
	if info, _ := os.Stat(filepath.Join(box.dir, name)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: the mail holds a secret", info.Mode())
	}
}

func TestManySenders(t *testing.T) {
	box, _ := Open(t.TempDir(), now)
	m := message(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := box.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if box.count() != 20 {
		t.Errorf("%d mails, want 20", box.count())
	}
}

func TestNoHeaderIsSmuggledIn(t *testing.T) {
	for name, change := range map[string]func(*email.Message){
		"subject":      func(m *email.Message) { m.Subject = "x\r\nBcc: evil@example.com" },
		"recipient":    func(m *email.Message) { m.To = []string{"a@example.com\r\nBcc: evil@example.com"} },
		"sender":       func(m *email.Message) { m.From = "x\nBcc: evil@example.com" },
		"header":       func(m *email.Message) { m.Headers["References"] = "x\r\nBcc: evil@example.com" },
		"header name":  func(m *email.Message) { m.Headers["X: y\r\nBcc"] = "evil@example.com" },
		"no recipient": func(m *email.Message) { m.To = nil },
	} {
		m := message(t)
		change(&m)
		if data, err := Render(m, now()); !incident.Is(err, incident.Invalid) {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
}
