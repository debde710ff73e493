// Package journal is the append-only, hash-chained record of everything that an investigation read, asked, concluded and
// sent. It is also the write-ahead log of the turn loop: a step whose record exists is never done again.
//
// Appending is one commit (HEAD if unchanged, record if absent), so the chain has one order. A writer that took the
// journal over (Open) raises its epoch; appends of an older holder then fail, so a zombie cannot write.
package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// Kind of a record.
type Kind string

// The kinds of record.
const (
	Opened      Kind = "opened"       // a worker took the investigation up
	Observed    Kind = "observation"  // a tool answered, or failed: a gap
	Briefed     Kind = "brief"        // the deterministic analysis
	Asked       Kind = "model_intent" // a model call is about to be made
	Answered    Kind = "model_response"
	Steered     Kind = "steering"   // a late alarm or a person's note reached the loop
	Drafted     Kind = "draft"      // the model's conclusion, before checking
	Concluded   Kind = "conclusion" // the checked conclusion
	PlanMade    Kind = "plan"
	Told        Kind = "told"     // a notice went out
	Proposed    Kind = "proposed" // an approval was asked for
	Decided     Kind = "decided"  // a person decided, or nobody did in time
	Closed      Kind = "closed"
	TriageMoved Kind = "triage" // a person reversed a triage decision
)

// inline is the largest body kept in the record itself; larger ones go to blob and the record keeps their hash.
const inline = 24 << 10

// Record is one entry. Hash covers all other fields, Prev is the hash of the entry before.
type Record struct {
	Seq  int64           `json:"seq"`
	Time time.Time       `json:"time"`
	Kind Kind            `json:"kind"`
	Key  string          `json:"key"` // idempotency key within the investigation
	Body json.RawMessage `json:"body,omitempty"`
	Blob string          `json:"blob,omitempty"` // hash of the body when it is kept in blob
	Prev string          `json:"prev"`
	Hash string          `json:"hash"`
}

type head struct {
	Seq   int64  `json:"seq"`
	Hash  string `json:"hash"`
	Epoch int64  `json:"epoch"`
}

// Journal is one investigation's journal as seen by the worker that holds it. Not safe for concurrent use.
type Journal struct {
	store   kv.Store
	blob    blob.Store
	id      string
	now     func() time.Time
	head    head
	version int64
	records []Record
	byKey   map[string]int
}

func partition(id string) string { return "INV#" + id }
func headKey(id string) kv.Key   { return kv.Key{PK: partition(id), SK: "JHEAD"} }
func recordKey(id string, seq int64) kv.Key {
	return kv.Key{PK: partition(id), SK: fmt.Sprintf("J#%08d", seq)}
}

// Open takes the journal over: it raises the epoch, which fences every earlier holder, and reads all records.
func Open(ctx context.Context, store kv.Store, docs blob.Store, id string, now func() time.Time) (*Journal, error) {
	for {
		j := &Journal{store: store, blob: docs, id: id, now: now}
		if err := j.load(ctx); err != nil {
			return nil, err
		}
		j.head.Epoch++
		err := store.Commit(ctx, kv.Put(headKey(id), j.head, kv.Version(j.version)))
		if err == nil {
			j.version++
			return j, nil
		}
		if !incident.Is(err, incident.Conflict) || ctx.Err() != nil {
			return nil, fmt.Errorf("open journal of %s: %w", id, err)
		}
	}
}

func (j *Journal) load(ctx context.Context) error {
	j.head = head{}
	v, _, err := kv.Read(ctx, j.store, headKey(j.id), &j.head)
	if err != nil {
		return fmt.Errorf("read journal of %s: %w", j.id, err)
	}
	j.version = v
	records, err := Read(ctx, j.store, j.id)
	if err != nil {
		return err
	}
	if int64(len(records)) > j.head.Seq { // a record committed between the two reads
		records = records[:j.head.Seq]
	}
	j.records = records
	j.byKey = make(map[string]int, len(records))
	for i, r := range records {
		j.byKey[r.Key] = i
	}
	return nil
}

// Records returns all records in order.
func (j *Journal) Records() []Record { return j.records }

// Find returns the record with the key.
func (j *Journal) Find(key string) (Record, bool) {
	i, ok := j.byKey[key]
	if !ok {
		return Record{}, false
	}
	return j.records[i], true
}

// Append adds a record unless one with this key exists; then that one is returned with existed true and nothing is
// written. A Conflict error means that another worker holds the journal now: stop, do not repeat.
func (j *Journal) Append(ctx context.Context, kind Kind, key string, body any) (rec Record, existed bool, err error) {
	if rec, ok := j.Find(key); ok {
		return rec, true, nil
	}
	rec = Record{Time: j.now().UTC(), Kind: kind, Key: key}
	if err := j.fill(ctx, &rec, body); err != nil {
		return rec, false, err
	}
	for {
		next := j.head
		next.Seq++
		rec.Seq, rec.Prev = next.Seq, j.head.Hash
		rec.Hash = rec.sum()
		next.Hash = rec.Hash
		err := j.store.Commit(ctx,
			kv.Put(headKey(j.id), next, kv.Version(j.version)),
			kv.Put(recordKey(j.id, rec.Seq), rec, kv.Absent()))
		if err == nil {
			j.head, j.version = next, j.version+1
			j.byKey[key] = len(j.records)
			j.records = append(j.records, rec)
			return rec, false, nil
		}
		if !incident.Is(err, incident.Conflict) {
			return rec, false, fmt.Errorf("append %s to journal of %s: %w", kind, j.id, err)
		}
		epoch := j.head.Epoch
		if err := j.load(ctx); err != nil {
			return rec, false, err
		}
		if j.head.Epoch != epoch {
			return rec, false, incident.Errorf(incident.Conflict, "journal of %s was taken over by another worker (epoch %d, ours %d)", j.id, j.head.Epoch, epoch)
		}
		if rec, ok := j.Find(key); ok {
			return rec, true, nil
		}
	}
}

func (j *Journal) fill(ctx context.Context, rec *Record, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s record: %w", rec.Kind, err)
	}
	if len(raw) <= inline {
		rec.Body = raw
		return nil
	}
	rec.Blob, err = j.blob.Put(ctx, raw, "application/json")
	return err
}

// Decode reads a record's body, from blob if it is kept there.
func (j *Journal) Decode(ctx context.Context, rec Record, into any) error {
	return Decode(ctx, j.blob, rec, into)
}

// Decode reads a record's body, from blob if it is kept there.
func Decode(ctx context.Context, docs blob.Store, rec Record, into any) error {
	body := []byte(rec.Body)
	if rec.Blob != "" {
		var err error
		if body, err = docs.Get(ctx, rec.Blob); err != nil {
			return fmt.Errorf("journal record %d: %w", rec.Seq, err)
		}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("journal record %d (%s): %w", rec.Seq, rec.Kind, err)
	}
	return nil
}

// Note appends a record without taking the journal over: for steps that only tell what happened (deliveries, decisions).
// Repeats with the same key write nothing.
func Note(ctx context.Context, store kv.Store, docs blob.Store, id string, now func() time.Time, kind Kind, key string, body any) error {
	j := &Journal{store: store, blob: docs, id: id, now: now}
	for {
		if err := j.load(ctx); err != nil {
			return err
		}
		_, _, err := j.Append(ctx, kind, key, body)
		if !incident.Is(err, incident.Conflict) || ctx.Err() != nil {
			return err
		}
	}
}

// Read returns all records of an investigation in order.
func Read(ctx context.Context, store kv.Store, id string) ([]Record, error) {
	items, err := store.Query(ctx, partition(id), "J#", kv.Page{})
	if err != nil {
		return nil, fmt.Errorf("read journal of %s: %w", id, err)
	}
	out := make([]Record, len(items))
	for i, item := range items {
		if err := item.Decode(&out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sum is the SHA-256 of the record without its hash, as JSON.
func (r Record) sum() string {
	r.Hash = ""
	raw, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("journal: encode record: %v", err)) // Body is valid JSON by construction or was checked by Parse
	}
	digest := sha256.Sum256(raw)
	return hex.EncodeToString(digest[:])
}

// Verify checks the chain: sequence without holes from 1, each hash right, each record pointing to the one before. head,
// when not empty, must be the last hash, which also detects a cut-off tail. The error names the first bad record.
func Verify(records []Record, head string) error {
	prev := ""
	for i, r := range records {
		switch {
		case r.Seq != int64(i+1):
			return incident.Errorf(incident.Invalid, "journal: record %d stands where %d should be: one was removed, added or moved", r.Seq, i+1)
		case r.Prev != prev:
			return incident.Errorf(incident.Invalid, "journal: record %d does not follow record %d", r.Seq, i)
		case r.Hash != r.sum():
			return incident.Errorf(incident.Invalid, "journal: record %d was changed after it was written", r.Seq)
		}
		prev = r.Hash
	}
	if head != "" && head != prev {
		return incident.Errorf(incident.Invalid, "journal: it ends at record %d, but the head is another: the end was cut off", len(records))
	}
	return nil
}

// Export writes records as JSON lines, followed by one line {"head": hash} that seals the end.
func Export(records []Record) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	head := ""
	for _, r := range records {
		_ = enc.Encode(r) // into memory, of values that were encoded before
		head = r.Hash
	}
	_ = enc.Encode(map[string]string{"head": head})
	return buf.Bytes()
}

// Parse reads exported JSON lines. An export without its head line, or with anything after it, is Invalid.
func Parse(data []byte) (records []Record, head string, err error) {
	lines := bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n"))
	last := lines[len(lines)-1]
	var seal struct {
		Head *string `json:"head"`
	}
	if err := strict(last, &seal); err != nil || seal.Head == nil {
		return nil, "", incident.Errorf(incident.Invalid, "journal: the last line must be {\"head\": ...}; the end is missing")
	}
	for i, line := range lines[:len(lines)-1] {
		var r Record
		if err := strict(line, &r); err != nil {
			return nil, "", incident.Errorf(incident.Invalid, "journal: line %d: %w", i+1, err)
		}
		records = append(records, r)
	}
	return records, *seal.Head, nil
}

func strict(line []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
