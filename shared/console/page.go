package console

import (
	"bytes"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/a-h/templ"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
)

//go:embed assets
var assets embed.FS

// statuses maps an error's class to its HTTP status; what is missing is our own fault.
var statuses = map[incident.Class]int{
	incident.Invalid: http.StatusBadRequest, incident.NotFound: http.StatusNotFound, incident.Conflict: http.StatusConflict,
	incident.Denied: http.StatusForbidden, incident.Throttled: http.StatusTooManyRequests, incident.Unavailable: http.StatusServiceUnavailable,
}

func statusOf(err error) int {
	if status, ok := statuses[incident.ClassOf(err)]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// secured sets the headers of every answer: nothing from elsewhere, nothing inline, no framing, no referrer.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// pages is a handler that may fail; show renders the failure. Only an answer of 500 and above is logged, and only by
// class and message.
type pages struct {
	log  *slog.Logger
	show func(w http.ResponseWriter, r *http.Request, status int, err error)
}

func (p pages) page(handle func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := handle(w, r)
		if err == nil {
			return
		}
		status := statusOf(err)
		if status >= 500 {
			p.log.ErrorContext(r.Context(), "page failed", "class", incident.ClassOf(err), "err", err.Error())
		}
		p.show(w, r, status, err)
	}
}

// sentence is what a person is told about a failure: our own faults stay in the log.
func sentence(status int, err error) string {
	switch {
	case status == http.StatusInternalServerError:
		return "Something inside Firefinder failed; its log says what. Nothing was decided or changed. Try again in a minute."
	case status == http.StatusServiceUnavailable:
		return "A service that this page needs does not answer right now. Nothing was lost. Try again in a minute."
	}
	return err.Error()
}

// write renders a whole page before the first byte leaves, so that a failure in between never shows half a page.
func write(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	var buf bytes.Buffer
	if err := c.Render(r.Context(), &buf); err != nil {
		return err
	}
	send(w, r, status, "text/html; charset=utf-8", buf.Bytes())
	return nil
}

// send writes a body; a 200 that carries an entity tag and is known to the browser becomes 304.
func send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	if status == http.StatusOK && h.Get("Cache-Control") != "no-store" {
		tag := `"` + blob.Hash(body)[:32] + `"`
		h.Set("ETag", tag)
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader went away: nothing to do about it
	}
}

func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// asset serves one embedded file. It changes with a release only.
func asset(name string) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := fs.ReadFile(assets, "assets/"+name)
		if err != nil {
			return incident.Errorf(incident.NotFound, "there is no file %q here", name)
		}
		w.Header().Set("Cache-Control", "public, max-age=300")
		send(w, r, http.StatusOK, contentTypes[path.Ext(name)], body)
		return nil
	}
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}
