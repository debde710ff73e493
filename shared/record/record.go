// Package record keeps investigations and their alarms in kv. The keys of the table's main records stand here, so that
// triage, the workflow's steps, the console and the CLI read and write the same shapes.
//
//	ALARM#<event id>          ALARM                      one state change of one alarm, with its decision
//	INV#<id>                  META                       the investigation
//	INV#<id>                  ALARM#<time>#<event id>    its alarms, without the vendor's body
//	INV#<id>                  CONCLUSION                 what it concluded
//	INV#<id>                  DOC#<name>                 pointer to a document in blob (brief, plan, report.md, ...)
//	LIST#<month>              <opened at>#<id>           newest-first lists for people
//	ACTIVE                    <id>                       present while the investigation is not final
//	SKIPPED#<day>             <time>#<event id>          alarms that triage skipped, for people to look through
package record

import (
	"context"
	"encoding/json"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// Alarm is one event as triage stored it.
type Alarm struct {
	Event         incident.Event    `json:"event"`
	ID            string            `json:"id"`  // event id
	Key           incident.AlarmKey `json:"key"` // alarm key
	Decision      incident.Decision `json:"decision"`
	Investigation string            `json:"investigation,omitempty"`
	Window        string            `json:"window,omitempty"`
	Opener        bool              `json:"opener,omitempty"` // it opened the investigation
}

const stamp = "2006-01-02T15:04:05.000Z"

// AlarmKey addresses a stored alarm by event id.
func AlarmKey(eventID string) kv.Key { return kv.Key{PK: "ALARM#" + eventID, SK: "ALARM"} }

// InvestigationKey addresses an investigation's head record.
func InvestigationKey(id string) kv.Key { return kv.Key{PK: Partition(id), SK: "META"} }

// Partition is where everything of one investigation lives.
func Partition(id string) string { return "INV#" + id }

// MemberKey addresses an alarm in the list of its investigation.
func MemberKey(investigation string, e incident.Event) kv.Key {
	return kv.Key{PK: Partition(investigation), SK: "ALARM#" + e.Timestamp.UTC().Format(stamp) + "#" + e.EventID()}
}

// skippedKey addresses an alarm in its day's list of skipped ones.
func skippedKey(e incident.Event) kv.Key {
	at := e.Timestamp.UTC()
	return kv.Key{PK: "SKIPPED#" + at.Format("2006-01-02"), SK: at.Format(stamp) + "#" + e.EventID()}
}

// PutSkipped is the operation that lists an alarm among the skipped ones; the vendor's body stays with the alarm itself.
func PutSkipped(a Alarm) kv.Op {
	a.Event.Data = nil
	return kv.Put(skippedKey(a.Event), a, kv.Always())
}

// Skipped lists the alarms that were skipped on the day of t, in event-time order, without vendor bodies.
func Skipped(ctx context.Context, s kv.Store, t time.Time) ([]Alarm, error) {
	return decode[Alarm](s.Query(ctx, "SKIPPED#"+t.UTC().Format("2006-01-02"), "", kv.Page{}))
}

// SkippedBetween lists the fires that were skipped between two times, both ends included, in event-time order and without
// vendor bodies. It stops at a day of which limit entries were read; next is then where to go on, else zero.
func SkippedBetween(ctx context.Context, s kv.Store, from, to time.Time, limit int) (fires []Alarm, next time.Time, err error) {
	from, to = from.UTC(), to.UTC()
	for day := from.Truncate(24 * time.Hour); !day.After(to) && next.IsZero(); day = day.AddDate(0, 0, 1) {
		part, err := decode[Alarm](s.Query(ctx, "SKIPPED#"+day.Format("2006-01-02"), "", kv.Page{Limit: limit, After: from.Format(stamp)}))
		if err != nil {
			return nil, next, err
		}
		if len(part) == limit {
			next = part[limit-1].Event.Timestamp
		}
		for _, a := range part {
			if a.Event.Action.Firing() && !a.Event.Timestamp.After(to) {
				fires = append(fires, a)
			}
		}
	}
	return fires, next, nil
}

func listKey(inv incident.Investigation) kv.Key {
	at := inv.OpenedAt.UTC()
	return kv.Key{PK: "LIST#" + at.Format("2006-01"), SK: at.Format(stamp) + "#" + inv.ID}
}

func activeKey(id string) kv.Key { return kv.Key{PK: "ACTIVE", SK: id} }

// Member is the operation that lists an alarm under its investigation; the vendor's body stays with the alarm itself.
func Member(investigation string, a Alarm) kv.Op {
	a.Event.Data = nil
	return kv.Put(MemberKey(investigation, a.Event), a, kv.Always())
}

// Open returns the operations that create an investigation if it does not exist: head, list entry and active entry.
func Open(inv incident.Investigation) []kv.Op {
	return []kv.Op{
		kv.Put(InvestigationKey(inv.ID), inv, kv.Absent()),
		kv.Put(listKey(inv), inv, kv.Always()),
		kv.Put(activeKey(inv.ID), inv, kv.Always()),
	}
}

// Get reads an investigation.
func Get(ctx context.Context, s kv.Store, id string) (incident.Investigation, error) {
	inv, _, err := get(ctx, s, id)
	return inv, err
}

func get(ctx context.Context, s kv.Store, id string) (incident.Investigation, int64, error) {
	var inv incident.Investigation
	v, found, err := kv.Read(ctx, s, InvestigationKey(id), &inv)
	if err == nil && !found {
		err = incident.Errorf(incident.NotFound, "investigation %s does not exist; `firefinder list` shows those that do", id)
	}
	return inv, v, err
}

// Update changes an investigation by read, fn, conditional write; a lost race reads again. fn may refuse with an error
// and must be free of side effects. extra operations ride in the same commit and must not be able to conflict for good.
func Update(ctx context.Context, s kv.Store, now time.Time, id string, fn func(*incident.Investigation) error, extra ...kv.Op) (incident.Investigation, error) {
	for {
		inv, v, err := get(ctx, s, id)
		if err != nil {
			return inv, err
		}
		if err := fn(&inv); err != nil {
			return inv, err
		}
		inv.UpdatedAt = now
		err = s.Commit(ctx, append(Put(inv, v), extra...)...)
		if !incident.Is(err, incident.Conflict) {
			return inv, err
		}
		if err := ctx.Err(); err != nil {
			return inv, incident.Errorf(incident.Unavailable, "update investigation %s: %w", id, err)
		}
	}
}

// Put returns the operations that write an investigation whose head has the version, and its list entries.
func Put(inv incident.Investigation, version int64) []kv.Op {
	ops := []kv.Op{
		kv.Put(InvestigationKey(inv.ID), inv, kv.Version(version)),
		kv.Put(listKey(inv), inv, kv.Always()),
	}
	if inv.State.Final() {
		return append(ops, kv.Delete(activeKey(inv.ID), kv.Always()))
	}
	return append(ops, kv.Put(activeKey(inv.ID), inv, kv.Always()))
}

// Head is an investigation with the version of its head, for a conditional Put.
type Head struct {
	incident.Investigation
	Version int64
}

// Put returns the operations that write the head and its list entries, if nobody has written them since it was read.
func (h Head) Put() []kv.Op { return Put(h.Investigation, h.Version) }

// Active lists the investigations that are not final. Entries of the list are written in the commits of their heads and so
// have their versions; were one ever to differ, a conditional Put conflicts and a read of the head tells.
func Active(ctx context.Context, s kv.Store) ([]Head, error) {
	items, err := s.Query(ctx, "ACTIVE", "", kv.Page{})
	if err != nil {
		return nil, err
	}
	out := make([]Head, len(items))
	for i, item := range items {
		out[i].Version = item.Version
		if err := item.Decode(&out[i].Investigation); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// List returns investigations opened at or before until, newest first, going back at most a year.
func List(ctx context.Context, s kv.Store, until time.Time, limit int) ([]incident.Investigation, error) {
	var out []incident.Investigation
	month := time.Date(until.UTC().Year(), until.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	for back := 0; back < 12 && len(out) < limit; back++ {
		page := kv.Page{Limit: limit - len(out), Desc: true, After: until.UTC().Format(stamp) + "$"} // '$' sorts after '#'
		part, err := decode[incident.Investigation](s.Query(ctx, "LIST#"+month.AddDate(0, -back, 0).Format("2006-01"), "", page))
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// Alarms returns the alarms of an investigation in event-time order, without vendor bodies.
func Alarms(ctx context.Context, s kv.Store, investigation string) ([]Alarm, error) {
	return decode[Alarm](s.Query(ctx, Partition(investigation), "ALARM#", kv.Page{}))
}

// GetAlarm reads one stored alarm with its vendor body.
func GetAlarm(ctx context.Context, s kv.Store, eventID string) (Alarm, error) {
	var a Alarm
	_, found, err := kv.Read(ctx, s, AlarmKey(eventID), &a)
	if err == nil && !found {
		err = incident.Errorf(incident.NotFound, "alarm %s is not stored", eventID)
	}
	return a, err
}

func decode[T any](items []kv.Item, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	out := make([]T, len(items))
	for i, item := range items {
		if err := item.Decode(&out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func conclusionKey(id string) kv.Key { return kv.Key{PK: Partition(id), SK: "CONCLUSION"} }

// PutConclusion is the operation that stores a conclusion.
func PutConclusion(id string, c incident.Conclusion) kv.Op {
	return kv.Put(conclusionKey(id), c, kv.Always())
}

// Conclusion reads what an investigation concluded; found is false while it has not.
func Conclusion(ctx context.Context, s kv.Store, id string) (c incident.Conclusion, found bool, err error) {
	_, found, err = kv.Read(ctx, s, conclusionKey(id), &c)
	return c, found, err
}

type document struct {
	Hash string `json:"hash"`
	Type string `json:"type"`
}

func documentKey(id, name string) kv.Key { return kv.Key{PK: Partition(id), SK: "DOC#" + name} }

// PutDocument stores a named document of an investigation in blob and points to it. Repeats replace the pointer.
func PutDocument(ctx context.Context, s kv.Store, b blob.Store, id, name, contentType string, data []byte) (hash string, err error) {
	hash, err = b.Put(ctx, data, contentType)
	if err != nil {
		return "", err
	}
	return hash, s.Commit(ctx, kv.Put(documentKey(id, name), document{Hash: hash, Type: contentType}, kv.Always()))
}

// Document reads a named document; NotFound when there is none.
func Document(ctx context.Context, s kv.Store, b blob.Store, id, name string) ([]byte, error) {
	var d document
	_, found, err := kv.Read(ctx, s, documentKey(id, name), &d)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, incident.Errorf(incident.NotFound, "investigation %s has no %s yet", id, name)
	}
	return b.Get(ctx, d.Hash)
}

// PutJSON stores v as a JSON document.
func PutJSON(ctx context.Context, s kv.Store, b blob.Store, id, name string, v any) (hash string, err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return PutDocument(ctx, s, b, id, name, "application/json", data)
}

// ReadJSON decodes a JSON document into v.
func ReadJSON(ctx context.Context, s kv.Store, b blob.Store, id, name string, v any) error {
	data, err := Document(ctx, s, b, id, name)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
