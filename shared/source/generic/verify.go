package generic

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sentry"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Verify implements source.Source. Only the scheme that the space chose opens the door.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	switch s.scheme {
	case "bearer":
		return time.Time{}, sign.Bearer(r.One("Authorization"), secrets)
	case "standard":
		return standard(r, secrets)
	}
	if r.One(sentry.HeaderSignature) != "" {
		return time.Time{}, sign.Hex(r.One(sentry.HeaderSignature), "", secrets, r.Body)
	}
	return sign.Verify(r.Received, r.One(sign.HeaderTimestamp), r.Joined(sign.HeaderSignature), r.Body, secrets)
}

// standard takes the headers of the specification, or the same under the prefix of Svix, which sends for many vendors.
func standard(r source.Request, secrets []config.Secret) (time.Time, error) {
	prefix := "webhook-"
	if r.One("svix-id") != "" {
		prefix = "svix-"
	}
	return sign.Standard(r.Received, r.One(prefix+"id"), r.One(prefix+"timestamp"), r.One(prefix+"signature"), r.Body, secrets)
}
