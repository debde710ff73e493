// Package replay reads a scenario folder (docs/scenarios.md): an Agent Space, recorded telemetry, and alarm deliveries
// in the order in which they came. Times are moved so that the last delivery happens now.
package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector/scenario"
	"github.com/firefinder/firefinder/shared/incident"
)

// Delivery is one message of the source, as EventBridge would hand it over.
type Delivery struct {
	At   time.Time       `json:"at"` // when it was delivered, not when the state changed
	Body json.RawMessage `json:"body"`
}

// Replay is a scenario that is ready to run.
type Replay struct {
	Space      config.Space
	Telemetry  scenario.Scenario
	Deliveries []Delivery
}

// Load reads a folder. Invalid errors name file and line.
func Load(folder fs.FS) (Replay, error) {
	var r Replay
	text, err := read(folder, "space.yaml", "the Agent Space")
	if err != nil {
		return r, err
	}
	if r.Space, err = config.ParseSpace("space.yaml", text); err != nil {
		return r, err
	}
	if !slices.ContainsFunc(r.Space.Sources, func(s config.Source) bool { return s.Kind == "generic" }) {
		return r, incident.Errorf(incident.Invalid, "space.yaml: sources needs kind generic, through which the alarms come in: add sources: [{kind: generic}]")
	}
	if r.Telemetry, err = scenario.Load(folder); err != nil {
		return r, err
	}
	lines, err := read(folder, "deliveries.ndjson", "the alarms")
	if err != nil {
		return r, err
	}
	for i, line := range bytes.Split(lines, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		d, err := delivery(line)
		if err != nil {
			return r, incident.Errorf(incident.Invalid, "deliveries.ndjson:%d: %w", i+1, err)
		}
		r.Deliveries = append(r.Deliveries, d)
	}
	if len(r.Deliveries) == 0 {
		return r, incident.Errorf(incident.Invalid, "deliveries.ndjson: holds no delivery; a scenario needs at least one alarm")
	}
	return r, nil
}

const alarmChange = "CloudWatch Alarm State Change"

// delivery reads one line.
func delivery(line []byte) (Delivery, error) {
	var raw struct {
		At   string          `json:"at"`
		Body json.RawMessage `json:"body"`
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); errors.Is(err, io.ErrUnexpectedEOF) {
		return Delivery{}, errors.New("the line ends inside its JSON object; one delivery stands on one line")
	} else if err != nil {
		return Delivery{}, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	at, err := time.Parse(time.RFC3339, raw.At)
	if err != nil {
		return Delivery{}, fmt.Errorf("at is %q, which is no RFC 3339 time such as 2026-03-10T03:02:44Z", raw.At)
	}
	var body struct {
		Kind string `json:"detail-type"`
	}
	if json.Unmarshal(raw.Body, &body) != nil || body.Kind != alarmChange {
		return Delivery{}, fmt.Errorf("body is no event of EventBridge with detail-type %q", alarmChange)
	}
	return Delivery{At: at, Body: raw.Body}, nil
}

func read(folder fs.FS, name, what string) ([]byte, error) {
	data, err := fs.ReadFile(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, incident.Errorf(incident.Invalid, "the folder has no %s (%s); docs/scenarios.md describes the layout", name, what)
	}
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "read %s: %w", name, err)
	}
	return data, nil
}

// EndingAt moves all times so that the last delivery happens at t.
func (r Replay) EndingAt(t time.Time) Replay {
	d := t.Truncate(time.Second).Sub(r.Deliveries[len(r.Deliveries)-1].At)
	out := Replay{Space: r.Space, Telemetry: r.Telemetry.Shift(d)}
	for _, delivery := range r.Deliveries {
		out.Deliveries = append(out.Deliveries, Delivery{At: delivery.At.Add(d), Body: shift(delivery.Body, d)})
	}
	return out
}

// layouts are the ways in which CloudWatch and EventBridge write times.
var layouts = []string{"2006-01-02T15:04:05.000-0700", time.RFC3339}

// shift moves every string of a JSON document that is a time as a whole.
func shift(body json.RawMessage, d time.Duration) json.RawMessage {
	var tree any
	if json.Unmarshal(body, &tree) != nil {
		return body
	}
	moved, err := json.Marshal(walk(tree, d))
	if err != nil {
		return body
	}
	return moved
}

func walk(node any, d time.Duration) any {
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			n[k] = walk(v, d)
		}
	case []any:
		for i, v := range n {
			n[i] = walk(v, d)
		}
	case string:
		for _, layout := range layouts {
			if t, err := time.Parse(layout, n); err == nil {
				return t.Add(d).Format(layout)
			}
		}
	}
	return node
}
