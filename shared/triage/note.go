package triage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/workflow"
)

// lateNotes is where alarms wait that joined a finished investigation, until an execution that tells of them has been started.
const lateNotes = "LATE"

// The first late alarm of an investigation is told at once; those that follow are gathered, so that a storm is a few notes and
// not hundreds.
const (
	noteEvery = 5 * time.Minute // between two notes about an investigation
	noteMost  = 90              // alarms of a note: what a commit takes, beside the note and when it was made
)

// late are alarms that wait to be told of together. Once gathered they stay together, under the key of the first.
type late struct {
	Investigation string   `json:"investigation"`
	Events        []string `json:"events"`
	Gathered      bool     `json:"gathered,omitempty"`
}

// pending is what waits with the version of its item.
type pending struct {
	late
	version int64
}

func (l late) key() kv.Key { return kv.Key{PK: lateNotes, SK: l.Investigation + "#" + l.Events[0]} }

// lastNote addresses when the latest note about an investigation was gathered.
func lastNote(investigation string) kv.Key {
	return kv.Key{PK: lateNotes + "#LAST", SK: investigation}
}

func noteFor(investigation, event string) kv.Op {
	l := late{Investigation: investigation, Events: []string{event}}
	return kv.Put(l.key(), l, kv.Always())
}

// notes gathers late alarms and starts an execution for each note; its name, the first alarm's, makes that once only.
// Repeats are safe.
func (s *Service) notes(ctx context.Context) error {
	items, err := s.Store.Query(ctx, lateNotes, "", kv.Page{})
	if err != nil {
		return fmt.Errorf("read late alarms: %w", err)
	}
	var ready []late
	waiting := map[string][]pending{} // by investigation
	for _, item := range items {
		var l late
		if err := item.Decode(&l); err != nil {
			return err
		}
		if l.Gathered {
			ready = append(ready, l)
		} else if of := waiting[l.Investigation]; len(of) < noteMost {
			waiting[l.Investigation] = append(of, pending{l, item.Version})
		}
	}
	for investigation, alarms := range waiting {
		l, err := s.gather(ctx, investigation, alarms)
		if incident.Is(err, incident.Conflict) {
			continue // somebody else gathers them
		}
		if err != nil {
			return err
		}
		if l.Gathered {
			ready = append(ready, l)
		}
	}
	for _, l := range ready {
		in := workflow.Input{ID: l.Investigation, Phase: "note", Event: strings.Join(l.Events, ",")}
		if err := s.Start.Start(ctx, l.Investigation+"-note-"+l.Events[0], in); err != nil {
			return fmt.Errorf("start the note of %s: %w", l.Events[0], err)
		}
		if err := s.Store.Commit(ctx, kv.Delete(l.key(), kv.Always())); err != nil {
			return err
		}
	}
	return nil
}

// gather makes one note of the alarms that wait, unless the last one about the investigation is recent.
func (s *Service) gather(ctx context.Context, investigation string, alarms []pending) (late, error) {
	var last time.Time
	version, _, err := kv.Read(ctx, s.Store, lastNote(investigation), &last)
	if err != nil || s.Now().Sub(last) < noteEvery {
		return late{}, err
	}
	note := late{Investigation: investigation, Gathered: true}
	var ops []kv.Op
	for i, a := range alarms {
		note.Events = append(note.Events, a.Events...)
		if i > 0 { // the first one's item becomes the note
			ops = append(ops, kv.Delete(a.key(), kv.Version(a.version)))
		}
	}
	ops = append(ops, kv.Put(note.key(), note, kv.Version(alarms[0].version)),
		kv.Put(lastNote(investigation), s.Now(), kv.Version(version)).Until(s.Now().Add(24*time.Hour)))
	return note, s.Store.Commit(ctx, ops...)
}
