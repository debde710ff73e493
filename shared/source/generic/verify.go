package generic

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Verify implements source.Source. Only the scheme that the space chose opens the door.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	switch s.scheme {
	case "bearer":
		return time.Time{}, sign.Bearer(r.One("Authorization"), secrets)
	case "standard":
		return sign.Standard(r.Received, r.One(sign.StandardID), r.One(sign.StandardTimestamp), r.One(sign.StandardSignature), r.Body, secrets)
	}
	return sign.Verify(r.Received, r.One(sign.HeaderTimestamp), r.Joined(sign.HeaderSignature), r.Body, secrets)
}
