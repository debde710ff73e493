package triage

import (
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// Spans of the protocol, in event time.
const (
	Reach        = 20 * time.Minute // alarms join a window up to this far from its opening
	continueFor  = 4 * time.Hour    // an outage continues in windows opened up to this long ago
	followFor    = 24 * time.Hour   // an alarm that fires again names the investigation of its last fire up to this long ago
	stormSpan    = 5 * time.Minute
	stormWindows = 20 // more new windows than this within stormSpan is a storm
)

// Window is a group of alarms around its opening. It is fixed: later alarms join it but never move it.
type Window struct {
	ID            string            `json:"id"`
	OpenedAt      time.Time         `json:"opened_at"` // event time of the alarm that opened it
	Investigation string            `json:"investigation"`
	Service       string            `json:"service"`
	Account       string            `json:"account,omitempty"`
	Region        string            `json:"region,omitempty"`
	Dimensions    map[string]string `json:"dimensions,omitempty"`
	Storm         bool              `json:"storm,omitempty"`
}

// bucket is the versioned list of the windows opened in one hour.
type bucket struct {
	hour    time.Time
	version int64
	dirty   bool
	Windows []Window `json:"windows"`
}

func hourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }

// bucketKey puts the hours of one day into one partition, where one query reads several of them.
func bucketKey(hour time.Time) kv.Key {
	return kv.Key{PK: "WINDOWS#" + hour.UTC().Format("2006-01-02"), SK: hour.UTC().Format("T15")}
}

// hours are the hours whose buckets may hold a window that an alarm at t can join.
func hours(t time.Time) []time.Time {
	out := []time.Time{hourOf(t)}
	if h := hourOf(t.Add(-Reach)); h != out[0] {
		out = append(out, h)
	}
	if h := hourOf(t.Add(Reach)); h != out[0] {
		out = append(out, h)
	}
	return out
}

func windowOf(e incident.Event, investigation string) Window {
	return Window{
		ID: "win-" + incident.ShortHash(investigation, e.EventID()), OpenedAt: e.Timestamp, Investigation: investigation,
		Service: e.Service, Account: e.Account, Region: e.Region, Dimensions: e.Dimensions,
	}
}

func distance(a, b time.Time) time.Duration {
	if d := a.Sub(b); d > 0 {
		return d
	}
	return b.Sub(a)
}
