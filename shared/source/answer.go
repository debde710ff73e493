package source

import (
	"encoding/json"
	"net/http"

	"github.com/firefinder/firefinder/shared/incident"
)

// accepted is one event that is durable.
type accepted struct {
	EventID   string            `json:"event_id"`
	AlarmKey  incident.AlarmKey `json:"alarm_key"`
	Duplicate bool              `json:"duplicate,omitempty"`
}

// answer is what the sender gets. reason is for our log alone.
type answer struct {
	status int
	events []accepted
	faults []string // of events among others that were fine
	errors []string
	note   string
	reason string

	duplicate bool // refused before, and kept as a dead letter then
}

func failed(status int, text string) answer {
	return answer{status: status, errors: []string{text}, reason: text}
}

// trouble is our own: the sender must come again. Callers see the class, never the cause.
func trouble(err error) answer {
	status, text := http.StatusInternalServerError, "internal error; send it again later"
	switch incident.ClassOf(err) {
	case incident.Throttled:
		status, text = http.StatusTooManyRequests, "too many deliveries; send it again later"
	case incident.Unavailable, incident.Conflict:
		status, text = http.StatusServiceUnavailable, "not available; send it again later"
	}
	return answer{status: status, errors: []string{text}, reason: err.Error()}
}

// settled answers 200 instead of 202 when everything was accepted before.
func (a answer) settled() answer {
	for _, e := range a.events {
		if !e.Duplicate {
			return a
		}
	}
	if len(a.events) > 0 {
		a.status = http.StatusOK
	}
	return a
}

func reply(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.document()) // a sender that went away is no fault of ours
}

func (a answer) document() any {
	switch {
	case a.status >= 400:
		return struct {
			Errors    []string `json:"errors"`
			Duplicate bool     `json:"duplicate,omitempty"`
		}{a.errors, a.duplicate}
	case len(a.events) == 1 && len(a.faults) == 0:
		return a.events[0]
	}
	events := a.events
	if events == nil {
		events = []accepted{}
	}
	return struct {
		Duplicate bool       `json:"duplicate,omitempty"`
		Events    []accepted `json:"events"`
		Faults    []string   `json:"faults,omitempty"`
		Note      string     `json:"note,omitempty"`
	}{a.status == http.StatusOK, events, a.faults, a.note}
}
