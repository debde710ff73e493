package opsgenie

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Verify implements source.Source. Opsgenie does not sign: the integration carries a custom header or Basic credentials.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return s.proof.Verify(r, secrets)
}
