// Package mailbox sends mail into a directory: one .eml file a mail, which any mail program opens. It is the sender of
// demo and laptop.
package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/deliver/email"
	"github.com/firefinder/firefinder/shared/incident"
)

// Mailbox writes mails to a directory. It is safe for concurrent use, also by several processes.
type Mailbox struct {
	dir string
	now func() time.Time
}

var _ email.Sender = (*Mailbox)(nil)

// Open makes the directory if it is missing. Its files hold links with secrets: only their owner may read them.
func Open(dir string, now func() time.Time) (*Mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, incident.Errorf(incident.Unavailable, "mailbox: %w", err)
	}
	return &Mailbox{dir, now}, nil
}

// Send implements email.Sender. The id is the file's name.
func (m *Mailbox) Send(_ context.Context, msg email.Message) (string, error) {
	data, err := Render(msg, m.now())
	if err != nil {
		return "", err
	}
	for n := m.count() + 1; ; n++ {
		name := fmt.Sprintf("%04d-%s.eml", n, slug(msg.Subject))
		taken, err := filepath.Glob(filepath.Join(m.dir, fmt.Sprintf("%04d-*.eml", n)))
		if err == nil && len(taken) > 0 {
			continue
		}
		f, err := os.OpenFile(filepath.Join(m.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", incident.Errorf(incident.Unavailable, "mailbox: %w", err)
		}
		_, err = f.Write(data)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", incident.Errorf(incident.Unavailable, "mailbox: write %s: %w", name, err)
		}
		return name, nil
	}
}

func (m *Mailbox) count() int {
	files, _ := filepath.Glob(filepath.Join(m.dir, "*.eml")) // the pattern is well formed
	return len(files)
}

func slug(s string) string {
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, s)
	for strings.Contains(out, "--") {
		out = strings.ReplaceAll(out, "--", "-")
	}
	return strings.Trim(out[:min(len(out), 60)], "-")
}

// Render is the mail in the form of RFC 5322, with a text and an HTML part. Addresses or headers that could smuggle
// another header in are Invalid.
func Render(msg email.Message, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	head := func(name, value string) error {
		if strings.ContainsAny(name+value, "\r\n") || name == "" || strings.ContainsAny(name, ": ") {
			return incident.Errorf(incident.Invalid, "mail: header %q is malformed", name)
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		return nil
	}
	to, err := addresses(msg.To)
	if err != nil {
		return nil, err
	}
	from, err := addresses([]string{msg.From})
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(msg.Subject, "\r\n") {
		return nil, incident.Errorf(incident.Invalid, "mail: the subject has a line break")
	}
	parts := multipart.NewWriter(&b)
	if err := parts.SetBoundary("=_firefinder_" + incident.ShortHash(msg.Subject, msg.Text, msg.HTML)); err != nil {
		return nil, err
	}
	errs := []error{
		head("From", from), head("To", to), head("Subject", mime.QEncoding.Encode("utf-8", msg.Subject)),
		head("Date", at.UTC().Format(time.RFC1123Z)), head("MIME-Version", "1.0"),
	}
	for _, name := range slices.Sorted(maps.Keys(msg.Headers)) {
		errs = append(errs, head(name, msg.Headers[name]))
	}
	errs = append(errs, head("Content-Type", `multipart/alternative; boundary="`+parts.Boundary()+`"`))
	b.WriteString("\r\n")
	errs = append(errs, part(parts, "text/plain", msg.Text), part(parts, "text/html", msg.HTML), parts.Close())
	return b.Bytes(), errors.Join(errs...)
}

func addresses(list []string) (string, error) {
	var out []string
	for _, a := range list {
		parsed, err := mail.ParseAddress(a)
		if err != nil {
			return "", incident.Errorf(incident.Invalid, "mail: address %q: %w", a, err)
		}
		out = append(out, parsed.String())
	}
	if len(out) == 0 {
		return "", incident.Errorf(incident.Invalid, "mail: nobody to write to")
	}
	return strings.Join(out, ", "), nil
}

func part(w *multipart.Writer, kind, text string) error {
	p, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(p)
	if _, err := io.WriteString(q, text); err != nil {
		return err
	}
	return q.Close()
}
