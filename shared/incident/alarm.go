package incident

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"slices"
	"strings"
	"time"
)

// AlarmKey is the identity of an alarm: source, account, region, rule and resource dimensions. Two states of one alarm
// share it; the same rule on two resources does not. A unique rule, as the id of an incident is, identifies by itself
// within its source.
type AlarmKey string

// AlarmKey builds the identity. Parts are escaped so that no two different events can share a key by accident. An event
// without a rule is identified by its incident id.
func (e Event) AlarmKey() AlarmKey {
	rule := e.Rule
	if rule == "" {
		rule = e.IncidentID
	}
	parts := []string{e.Source, e.Account, e.Region, rule}
	if e.Unique {
		parts = []string{e.Source, "", "", rule}
	} else {
		for _, name := range slices.Sorted(maps.Keys(e.Dimensions)) {
			parts = append(parts, name+"="+e.Dimensions[name])
		}
	}
	for i, p := range parts {
		if strings.ContainsAny(p, `\|`) {
			parts[i] = strings.NewReplacer(`\`, `\\`, "|", `\|`).Replace(p)
		}
	}
	return AlarmKey(strings.Join(parts, "|"))
}

// EventID names one state change of one alarm: the business key that duplicate deliveries share. It is derived from the
// alarm key, whether it fires, and the event time, never from headers or bodies.
func (e Event) EventID() string {
	state := "fire"
	if !e.Action.Firing() {
		state = "recover"
	}
	return "evt-" + ShortHash(string(e.AlarmKey()), state, e.Timestamp.UTC().Format(time.RFC3339Nano))
}

// InvestigationID is the deterministic id of the investigation that this event opens in a space.
func (e Event) InvestigationID(space string) string {
	return "inv-" + ShortHash(space, e.EventID())
}

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ShortHash is 26 lower-case base32 characters (130 bits) of the SHA-256 of the parts, each length-delimited.
func ShortHash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		for i, v := 0, len(p); i < 8; i, v = i+1, v>>8 {
			n[i] = byte(v)
		}
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return lower32.EncodeToString(h.Sum(nil))[:26]
}
