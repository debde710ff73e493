package gitlab

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// HeaderToken carries the webhook's secret token as it is.
// https://docs.gitlab.com/user/project/integrations/webhooks/
const HeaderToken = "X-Gitlab-Token"

// Verify implements source.Source. GitLab's signing token follows Standard Webhooks: whsec_ and all is the secret. A space
// that chose it does not hear the secret token any more.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	if s.signed {
		return sign.Standard(r.Received, r.One(sign.StandardID), r.One(sign.StandardTimestamp), r.One(sign.StandardSignature), r.Body, secrets)
	}
	return time.Time{}, sign.Token(r.One(HeaderToken), secrets)
}
