package pagerduty

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// HeaderSignature carries a list of signatures, "v1=" and hexadecimal each: several while a secret is rotated.
// https://developer.pagerduty.com/docs/webhooks/webhook-signatures/
const HeaderSignature = "X-PagerDuty-Signature"

const version = "v1="

// Verify implements source.Source. The scheme signs no time: a repeated delivery is known by its alarm and event time.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	if s.bearer {
		return time.Time{}, sign.Presented(r.Header, secrets)
	}
	return time.Time{}, sign.Hex(r.Joined(HeaderSignature), version, secrets, r.Body)
}
