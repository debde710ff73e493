package grafana

import (
	"context"
	"strconv"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// HeaderSignature is Grafana's default header for its HMAC-SHA256 in hexadecimal.
const HeaderSignature = "X-Grafana-Alerting-Signature"

// HeaderTimestamp is the header that the contact point is to be given for the time of signing. Grafana has no default, so
// the other name that is in use is heard as well.
const (
	HeaderTimestamp      = "X-Grafana-Alerting-Timestamp"
	headerTimestampOther = "X-Grafana-Alerting-Signature-Timestamp"
)

// Verify implements source.Source: the HMAC covers the body, or, when the contact point names a timestamp header,
// "seconds:body". A body is JSON and so never begins like a timestamp: the two cannot be taken for one another.
func (s Source) Verify(_ context.Context, r source.Request, secrets []config.Secret) (time.Time, error) {
	if s.bearer {
		return time.Time{}, sign.Presented(r.Header, secrets)
	}
	signature := r.One(HeaderSignature)
	stamps := append(r.Header.Values(HeaderTimestamp), r.Header.Values(headerTimestampOther)...)
	if len(stamps) == 0 {
		return time.Time{}, sign.Hex(signature, "", secrets, r.Body)
	}
	seconds, err := strconv.ParseInt(stamps[0], 10, 64)
	if err != nil || len(stamps) > 1 || strconv.FormatInt(seconds, 10) != stamps[0] {
		return time.Time{}, incident.Errorf(incident.Denied, "the timestamp is not one number of seconds")
	}
	at := time.Unix(seconds, 0).UTC()
	if off := r.Received.Sub(at); off > sign.Tolerance || off < -sign.Tolerance {
		return time.Time{}, incident.Errorf(incident.Denied, "timestamp is more than %s away from this clock", sign.Tolerance)
	}
	return at, sign.Hex(signature, "", secrets, []byte(stamps[0]+":"), r.Body)
}
