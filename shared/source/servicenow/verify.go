package servicenow

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Verify implements source.Source. A business rule sends a bearer token or, with scheme hmac, signs with our scheme.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return s.proof.Verify(r, secrets)
}
