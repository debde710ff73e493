package incidentio

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Verify implements source.Source: incident.io sends by Svix, which signs as Standard Webhooks does. The secret is the
// endpoint's signing secret, whsec_ and all.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	return sign.Standard(r.Received, r.One(sign.StandardID), r.One(sign.StandardTimestamp), r.One(sign.StandardSignature), r.Body, secrets)
}
