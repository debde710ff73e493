package datadog

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Verify implements source.Source. Datadog does not sign: the webhook carries a custom header.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return s.proof.Verify(r, secrets)
}
