package github

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// HeaderSignature is "sha256=" and the HMAC-SHA256 of the body in hexadecimal. The older header with SHA-1 is not heard.
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
const HeaderSignature = "X-Hub-Signature-256"

const prefix = "sha256="

// Verify implements source.Source. The scheme signs no time: a change that is delivered again is the same entry.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return time.Time{}, sign.Hex(r.One(HeaderSignature), prefix, secrets, r.Body)
}
