// Package cloudwatch hears CloudWatch alarms in every envelope in which they travel: the EventBridge state change, SNS to
// HTTP, SNS to Lambda (and SNS to SQS), the Lambda alarm action, and our own webhook contract as the signer posts it. All
// of them give the same event for the same state change, so that an alarm wired twice is still one alarm.
package cloudwatch

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// Kind is the source's name in the space file and in the path.
const Kind = "cloudwatch"

// Fetcher reads a page over TLS. Implementations verify the host's certificate and follow no redirect.
type Fetcher interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// Source hears CloudWatch.
type Source struct {
	space   config.Space
	certs   *certificates
	fetcher Fetcher
}

// New makes the source. fetcher reads SNS signing certificates and confirms subscriptions; with nil, deliveries of SNS
// over HTTP are refused and everything else works.
func New(space config.Space, fetcher Fetcher) Source {
	return Source{space: space, fetcher: fetcher, certs: &certificates{fetcher: fetcher}}
}

// Rules implements source.Source. SNS says that its JSON is text. Its fields (Type, Region) differ from ours by case only,
// so imitations of ours are looked for in bodies of our contract alone.
func (s Source) Rules() source.Rules {
	return source.Rules{Kind: Kind, MaxBody: source.OurBody, ContentTypes: []string{"application/json", "text/plain"}, LeastSecret: config.HMACKey}
}

// Translate turns one alarm state change, in any envelope, into its event. Invalid means that the body is no alarm state
// change; NotFound that it is one that carries no event (see Parse), and says which.
func Translate(raw []byte, space config.Space) (incident.Event, error) {
	p, err := New(space, nil).Parse(raw, time.Time{})
	if err != nil {
		return incident.Event{}, err
	}
	if len(p.Events) == 0 {
		return incident.Event{}, incident.Errorf(incident.NotFound, "no event: %s", p.Note)
	}
	return p.Events[0], nil
}
