package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"

	"github.com/firefinder/firefinder/shared/deliver/events"
	"github.com/firefinder/firefinder/shared/incident"
)

// eventLog is a laptop's event bus: a file to which events are appended, one a line, in the shape in which subscribers of
// a bus get them.
func eventLog(path string) events.Sender {
	var mu sync.Mutex
	return events.SenderFunc(func(_ context.Context, e events.Event) error {
		line, err := json.Marshal(map[string]any{"source": "firefinder", "detail-type": e.Type, "time": e.At, "resources": e.Resources, "detail": e.Detail})
		if err != nil {
			return incident.Errorf(incident.Invalid, "event %s: %w", e.Type, err)
		}
		mu.Lock()
		defer mu.Unlock()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return incident.Errorf(incident.Unavailable, "keep event: %w", err)
		}
		_, err = f.Write(append(line, '\n'))
		if err = errors.Join(err, f.Close()); err != nil {
			return incident.Errorf(incident.Unavailable, "keep event: %w", err)
		}
		return nil
	})
}
