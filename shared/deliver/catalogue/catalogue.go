// Package catalogue lists the delivery channels of a space.
package catalogue

import (
	"context"
	"net"
	"net/http"
	"time"

	"code.dny.dev/ssrf"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/email"
	"github.com/firefinder/firefinder/shared/deliver/events"
	"github.com/firefinder/firefinder/shared/deliver/servicenow"
	"github.com/firefinder/firefinder/shared/deliver/slack"
	"github.com/firefinder/firefinder/shared/incident"
)

// Secrets reads the active values of a named secret, the current one first.
type Secrets interface {
	Active(ctx context.Context, name string) ([]config.Secret, error)
}

// All makes the channels that the space file names, ticket first. bus is that of the space's events.
func All(space config.Space, secrets Secrets, mail email.Sender, bus events.Sender) []deliver.Channel {
	var out []deliver.Channel
	if n := space.Notify.ServiceNow; n != nil {
		out = append(out, servicenow.New(servicenow.Options{
			Instance: n.Instance, Create: n.Create, Group: n.Group, HTTP: egress(),
			Credentials: func(ctx context.Context) (servicenow.Credentials, error) {
				raw, err := current(ctx, secrets, n.Secret)
				if err != nil {
					return servicenow.Credentials{}, err
				}
				return servicenow.ParseCredentials(raw)
			},
		}))
	}
	if n := space.Notify.Slack; n != nil {
		out = append(out, slack.New(slack.Options{Channel: n.Channel, HTTP: egress(), Token: func(ctx context.Context) (string, error) {
			raw, err := current(ctx, secrets, n.Secret)
			if err != nil {
				return "", err
			}
			s, err := slack.ParseSecret(raw)
			return s.Token, err
		}}))
	}
	if n := space.Notify.Email; n != nil {
		o := email.Options{From: n.From, To: n.To, Sender: mail}
		for _, p := range space.Approvals.People {
			o.Approvers = append(o.Approvers, p.Email)
		}
		out = append(out, email.New(o))
	}
	if name := space.Notify.EventBus(); name != "" {
		out = append(out, events.New(events.Options{Bus: name, Sender: bus, Now: time.Now}))
	}
	return out
}

func current(ctx context.Context, secrets Secrets, name string) ([]byte, error) {
	values, err := secrets.Active(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, incident.Errorf(incident.Denied, "secret %s has no value; store one", name)
	}
	return values[0].Reveal(), nil
}

// egress is the client for hosts that the space file names: it refuses private, link-local and metadata addresses after
// the name was resolved, at the moment of connecting.
func egress() *http.Client {
	dialer := &net.Dialer{Timeout: 3 * time.Second, Control: ssrf.New().Safe}
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 3 * time.Second, ResponseHeaderTimeout: 10 * time.Second, ForceAttemptHTTP2: true},
	}
}
