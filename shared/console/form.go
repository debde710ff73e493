package console

import (
	"crypto/subtle"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// forms makes sure that what is posted was sent by a page of ours, from the browser that the page was given to.
type forms struct {
	cross *http.CrossOriginProtection
	https bool
	rand  io.Reader
}

func newForms(space config.Space, rand io.Reader) forms {
	return forms{http.NewCrossOriginProtection(), strings.HasPrefix(space.PublicURL, "https://"), rand}
}

// linked serves what the links in messages lead to: one page for each id below a path, read by GET and decided by POST,
// and its assets beside it, so that one route of the API serves both.
func linked(path string, page func(func(http.ResponseWriter, *http.Request) error) http.HandlerFunc, get, post http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, file := range []string{"firefinder.css", "approve.js", "icon.svg"} {
		mux.Handle("GET "+path+file, page(asset(file)))
	}
	mux.Handle("GET "+path+"{id}", get)
	mux.Handle("POST "+path+"{id}", post)
	mux.HandleFunc("OPTIONS "+path+"{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS, POST")
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", page(func(_ http.ResponseWriter, r *http.Request) error {
		return incident.Errorf(incident.NotFound, "There is no page %s here. Open the link from the message again.", r.URL.Path)
	}))
	return secured(mux)
}

// sameSite refuses what another site makes a browser send. Programs, which name no site, pass.
func (f forms) sameSite(r *http.Request) error {
	site := r.Header.Get("Sec-Fetch-Site")
	if err := f.cross.Check(r); err != nil || site != "" && site != "same-origin" {
		return incident.Errorf(incident.Denied, "The decision came from another site than this page. Open the link from the message and decide there.")
	}
	return nil
}

const maxForm = 64 << 10

// kind is the media type of what was posted.
func kind(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// accept reads a posted form whose values are then in r.PostForm.
func (f forms) accept(w http.ResponseWriter, r *http.Request) error {
	if kind(r) != "application/x-www-form-urlencoded" {
		return incident.Errorf(incident.Invalid, "A decision is sent by the form on the page. Nothing was decided.")
	}
	if err := f.sameSite(r); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return incident.Errorf(incident.Invalid, "The form could not be read. Open the link from the message and try again.")
	}
	cookie, err := r.Cookie(f.cookieName())
	if err != nil || !validToken.MatchString(cookie.Value) || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(r.PostFormValue("csrf"))) != 1 {
		return incident.Errorf(incident.Denied, "The form does not belong to this browser, or cookies are off. Allow cookies for this site, open the link from the message and decide there.")
	}
	return nil
}

var validToken = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// cookieName has the __Host- prefix, which binds the cookie to this host and to https, wherever the page is on https.
func (f forms) cookieName() string {
	if f.https {
		return "__Host-firefinder-form"
	}
	return "firefinder-form"
}

// token returns the browser's form token, giving it one if it has none. It grants nothing by itself.
func (f forms) token(w http.ResponseWriter, r *http.Request) (string, error) {
	if c, err := r.Cookie(f.cookieName()); err == nil && validToken.MatchString(c.Value) {
		return c.Value, nil
	}
	var raw [32]byte
	if _, err := io.ReadFull(f.rand, raw[:]); err != nil {
		return "", incident.Errorf(incident.Unavailable, "read randomness: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	http.SetCookie(w, &http.Cookie{
		Name: f.cookieName(), Value: token, Path: "/", Secure: f.https, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	return token, nil
}
