package triage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// history is what is known of one alarm key: its state changes in event-time order, whatever order they came in.
type history struct {
	Key     incident.AlarmKey `json:"key"`
	Changes []change          `json:"changes"`
	version int64
	dirty   bool
}

type change struct {
	At            time.Time `json:"at"`
	Firing        bool      `json:"firing"`
	Event         string    `json:"event"`
	Investigation string    `json:"investigation,omitempty"`
}

// Bounds of the history of one alarm: the oldest changes go first, and all of it some time after the last.
const (
	maxChanges    = 64
	historyMemory = 90 * 24 * time.Hour
)

func historyKey(key incident.AlarmKey) kv.Key {
	return kv.Key{PK: "KEY#" + incident.ShortHash(string(key)), SK: "HISTORY"}
}

// add puts a change in its place.
func (h *history) add(c change) {
	at, _ := slices.BinarySearchFunc(h.Changes, c, func(a, b change) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Event, b.Event)) // one order, whatever comes first
	})
	h.Changes = slices.Insert(h.Changes, at, c)
	if len(h.Changes) > maxChanges {
		h.Changes = h.Changes[len(h.Changes)-maxChanges:]
	}
	h.dirty = true
}

// knows reports whether the event is in the history.
func (h *history) knows(event string) bool {
	return slices.ContainsFunc(h.Changes, func(c change) bool { return c.Event == event })
}

// fireBefore is the last fire at or before t.
func (h *history) fireBefore(t time.Time) (change, bool) {
	for i := len(h.Changes) - 1; i >= 0; i-- {
		if c := h.Changes[i]; c.Firing && !c.At.After(t) {
			return c, true
		}
	}
	return change{}, false
}

// recoveryAfter is the first recovery after t, if no fire lies between.
func (h *history) recoveryAfter(t time.Time) (change, bool) {
	for _, c := range h.Changes {
		if c.At.After(t) {
			return c, !c.Firing
		}
	}
	return change{}, false
}

// refires counts the fires up to t that follow a recovery.
func (h *history) refires(t time.Time) int {
	n, recovered := 0, false
	for _, c := range h.Changes {
		if c.At.After(t) {
			break
		}
		if c.Firing && recovered {
			n++
		}
		recovered = !c.Firing
	}
	return n
}

// recoveredBefore reports whether the last change before t is a recovery.
func (h *history) recoveredBefore(t time.Time) bool {
	recovered := false
	for _, c := range h.Changes {
		if !c.At.Before(t) {
			break
		}
		recovered = !c.Firing
	}
	return recovered
}
