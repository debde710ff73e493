package config_test

import (
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// Events are published where the space file says, on the account's default bus if it says no more, and nowhere without it.
func TestEventBus(t *testing.T) {
	for notify, want := range map[string]string{
		"{}": "", "{events: {}}": "default", "{events: {bus: ops/incidents}}": "ops/incidents",
		`{events: {bus: "arn:aws:events:eu-central-1:111122223333:event-bus/incidents"}}`: "arn:aws:events:eu-central-1:111122223333:event-bus/incidents",
	} {
		s, err := config.ParseSpace("demo.yaml", []byte("name: demo\nnotify: "+notify+"\n"))
		if err != nil || s.Notify.EventBus() != want {
			t.Errorf("%s: %q, %v", notify, s.Notify.EventBus(), err)
		}
	}
	for notify, says := range map[string]string{
		"{events: {bus: 'a b'}}": "notify.events.bus", `{events: {bus: "arn:aws:sns:eu-central-1:111122223333:topic"}}`: "notify.events.bus", "{events: {buss: x}}": `unknown key "buss"`,
	} {
		if _, err := config.ParseSpace("demo.yaml", []byte("name: demo\nnotify: "+notify+"\n")); !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", notify, err)
		}
	}
}
