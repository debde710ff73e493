package sentry

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// HeaderSignature is the HMAC-SHA256 of the body in hexadecimal, under the integration's client secret.
// https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
const HeaderSignature = "Sentry-Hook-Signature"

// Verify implements source.Source. Sentry sends a timestamp but does not sign it, so it proves nothing and is not looked at.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return time.Time{}, sign.Hex(r.One(HeaderSignature), "", secrets, r.Body)
}
