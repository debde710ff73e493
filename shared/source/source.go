package source

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// Source hears one vendor. Verify and Parse are safe to repeat and keep no state between requests that matters.
type Source interface {
	// Rules says which requests are looked at at all.
	Rules() Rules
	// Verify proves who sent the request. sent is the time that the signature covers, zero if it covers none. Denied means
	// that the proof is missing or wrong; Unavailable that it could not be checked now. Messages never hold computed values.
	Verify(ctx context.Context, r Request, secrets []config.Secret) (sent time.Time, err error)
	// Parse reads a verified body that is well-formed JSON. received stands in for an event time that the body lacks.
	// Invalid means that the body makes no sense; kinds that carry no alarm are not errors but a Note.
	Parse(body []byte, received time.Time) (Parsed, error)
}

// Confirmer is a Source whose vendor asks for a handshake before it delivers. Confirm answers the handshake that Parse
// found; repeats are safe.
type Confirmer interface {
	Confirm(ctx context.Context, handshake string) error
}

// Rules are a source's demands on a request before anything is verified.
type Rules struct {
	Kind         string   // the last part of the path: /hooks/<kind>
	MaxBody      int      // bytes; 0: OurBody
	ContentTypes []string // media types; empty: application/json
	LeastSecret  int      // bytes of the shortest secret that is accepted
	MaxDepth     int      // nesting of JSON; 0: OurDepth
	Fields       []string // top-level field names of ours that no other spelling may imitate
}

// Limits of a body.
const (
	OurBody    = 256 << 10 // bytes, of bodies that we define
	VendorBody = 1 << 20   // bytes, of bodies that vendors define
	OurDepth   = 32
)

// Request is a delivery as it came in: raw bytes first.
type Request struct {
	Header   http.Header
	Body     []byte
	Received time.Time
}

// One returns a header that must come exactly once, or "".
func (r Request) One(name string) string {
	values := r.Header.Values(name)
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// Joined returns all values of a header as one list, as HTTP allows to join them.
func (r Request) Joined(name string) string { return strings.Join(r.Header.Values(name), ",") }

// Parsed is what a body carried. One body may carry many alarms: each is an event of its own.
type Parsed struct {
	Events    []incident.Event
	Changes   []evidence.Change // deployments and the like, from code hosts
	Dropped   []string          // JSON paths of the body that neither an event nor its data holds, each with why
	Note      string            // what was done with a body that carries no alarm, or what the sender should know
	Handshake string            // for Confirmer.Confirm
}
