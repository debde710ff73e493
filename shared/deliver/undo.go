package deliver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// UndoLinks makes the addresses with which a reader of a notice reverses a triage decision, and checks what they carry.
// The secret stands in the fragment, which browsers send to no server, and is derived from the alarm's event id under the
// space's key: nothing is stored for an alarm, and a link of one alarm is of no use for another. Repeats give the same link.
type UndoLinks struct {
	Base    string // address that links start with; only Link needs it
	Secret  string // name of the space's key
	Secrets Secrets
}

// Secrets reads the accepted values of a named secret, the current one first.
type Secrets interface {
	Active(ctx context.Context, name string) ([]config.Secret, error)
}

// Link is the address for one alarm. Invalid: the key is unfit; Denied: there is none.
func (u UndoLinks) Link(ctx context.Context, event string) (string, error) {
	keys, err := u.Secrets.Active(ctx, u.Secret)
	if err != nil {
		return "", err
	}
	if len(keys) == 0 {
		return "", incident.Errorf(incident.Denied, "secret %s has no value; store at least %d random bytes", u.Secret, config.HMACKey)
	}
	if err := keys[0].Check(config.HMACKey); err != nil {
		return "", err
	}
	return strings.TrimRight(u.Base, "/") + "/undo/" + event + "#" + undoSecret(keys[0], event), nil
}

// Check reports whether secret is that of the alarm's link, under any key that is still accepted. It takes the same time
// for every wrong secret.
func (u UndoLinks) Check(ctx context.Context, event, secret string) (bool, error) {
	keys, err := u.Secrets.Active(ctx, u.Secret)
	right := false
	for _, key := range keys {
		if key.Check(config.HMACKey) == nil && hmac.Equal([]byte(undoSecret(key, event)), []byte(secret)) {
			right = true
		}
	}
	return right, err
}

func undoSecret(key config.Secret, event string) string {
	mac := hmac.New(sha256.New, key.Reveal())
	mac.Write([]byte("firefinder undo\n" + event)) // a hash takes what it is given
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
