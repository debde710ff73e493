package sign

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// HeaderToken carries the secret of senders that cannot set Authorization.
const HeaderToken = "X-Firefinder-Token"

// Presented proves that a request shows one of the secrets, in the one way that its sender has: "Authorization: Bearer
// <secret>", "Authorization: Basic" with the secret as password (under any user name), or X-Firefinder-Token. A request
// that shows several is refused. It protects neither body nor time: TLS must.
func Presented(h http.Header, secrets []config.Secret) error {
	authorization, tokens := h.Values("Authorization"), h.Values(HeaderToken)
	if len(authorization)+len(tokens) != 1 {
		return incident.Errorf(incident.Denied, "there must be one of Authorization and %s", HeaderToken)
	}
	if len(tokens) == 1 {
		return Token(tokens[0], secrets)
	}
	scheme, rest, _ := strings.Cut(authorization[0], " ")
	if strings.EqualFold(scheme, "Basic") {
		return basic(rest, secrets)
	}
	return Bearer(authorization[0], secrets)
}

func basic(credentials string, secrets []config.Secret) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(credentials)
	_, password, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok || strings.ContainsAny(credentials, "\r\n") {
		return incident.Errorf(incident.Denied, "Basic credentials are malformed")
	}
	return Token(password, secrets)
}
