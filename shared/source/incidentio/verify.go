package incidentio

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Verify implements source.Source: incident.io sends by Svix, which signs as Standard Webhooks does, under the headers of
// the specification or its own. The secret is the endpoint's signing secret, whsec_ and all.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	id, stamp, signature := sign.StandardID, sign.StandardTimestamp, sign.StandardSignature
	if len(r.Header.Values(id)) == 0 {
		id, stamp, signature = "svix-id", "svix-timestamp", "svix-signature"
	}
	return sign.Standard(r.Received, r.One(id), r.One(stamp), r.One(signature), r.Body, secrets)
}
