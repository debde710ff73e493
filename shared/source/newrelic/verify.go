package newrelic

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Verify implements source.Source. New Relic does not sign: the destination carries a bearer token, Basic credentials or a custom header.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return s.proof.Verify(r, secrets)
}
