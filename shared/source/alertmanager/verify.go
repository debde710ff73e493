package alertmanager

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Verify implements source.Source. Alertmanager does not sign: its http_config sends a bearer token or Basic credentials.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return s.proof.Verify(r, secrets)
}
