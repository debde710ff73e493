package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/redact"
)

// Deps is what a Service needs.
type Deps struct {
	Store    kv.Store
	Channels []Channel // told in this order
	Redact   *redact.Redactor
	Now      func() time.Time
	Log      *slog.Logger
}

// Service tells notices through all channels of a space, each at most once, under this protocol: an intent is stored,
// the channel is called, its receipt is stored. A repeat that finds the receipt does nothing; one that finds only the
// intent calls the channel with repeat set, and the channel looks for its own marker before it says anything again.
type Service struct{ d Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

// entry is what is stored under INV#<id> / DELIVER#<channel>#<notice key>.
type entry struct {
	Intent  time.Time      `json:"intent"`
	Tries   int            `json:"tries"`
	Receipt *Receipt       `json:"receipt,omitempty"`
	Class   incident.Class `json:"class,omitempty"` // of the last failure
	Failed  string         `json:"failed,omitempty"`
}

const prefix = "DELIVER#"

func entryKey(investigation, channel, notice string) kv.Key {
	return kv.Key{PK: record.Partition(investigation), SK: prefix + channel + "#" + notice}
}

// Tell says a notice through every channel; one that fails does not keep the others from being told. Safe to repeat.
//
// An error of a passing kind (Throttled, Unavailable, Internal) asks for a repeat. Channels that refuse for good (Denied,
// Invalid, NotFound) are recorded and shown by Receipts; they are an error only when no channel could be told.
func (s *Service) Tell(ctx context.Context, n Notice) error {
	n, err := Redacted(s.d.Redact, n)
	if err != nil {
		return err
	}
	var passing, final []error
	told := 0
	for _, ch := range s.d.Channels {
		switch err := s.through(ctx, ch, n); {
		case err == nil:
			told++
		case permanent(err):
			final = append(final, err)
			s.d.Log.WarnContext(ctx, "notice refused", "investigation", n.Investigation.ID, "channel", ch.Name(), "kind", n.Kind, "class", incident.ClassOf(err))
		default:
			passing = append(passing, err)
		}
	}
	switch {
	case len(passing) > 0:
		return incident.Errorf(incident.ClassOf(passing[0]), "tell %s of %s: %w", n.Key, n.Investigation.ID, errors.Join(append(passing, final...)...))
	case told == 0 && len(final) > 0:
		return incident.Errorf(incident.ClassOf(final[0]), "tell %s of %s: nobody could be told: %w", n.Key, n.Investigation.ID, errors.Join(final...))
	}
	return nil
}

func permanent(err error) bool {
	return incident.Is(err, incident.Denied) || incident.Is(err, incident.Invalid) || incident.Is(err, incident.NotFound)
}

func (s *Service) through(ctx context.Context, ch Channel, n Notice) error {
	key := entryKey(n.Investigation.ID, ch.Name(), n.Key)
	e, version, err := s.intend(ctx, key)
	if err != nil {
		return fmt.Errorf("channel %s: %w", ch.Name(), err)
	}
	if e.Receipt != nil {
		return s.ticket(ctx, n, *e.Receipt)
	}
	if n.Told, err = s.told(ctx, n.Investigation.ID, ch.Name()); err != nil {
		return err
	}
	var previous *Receipt
	if len(n.Told) > 0 {
		previous = &n.Told[0]
	}
	receipt, err := ch.Deliver(ctx, n, previous, e.Tries > 1)
	if err != nil {
		return s.failed(ctx, key, e, version, fmt.Errorf("channel %s: %w", ch.Name(), err))
	}
	receipt.Channel, receipt.Key, receipt.At = ch.Name(), n.Key, s.d.Now().UTC()
	e.Receipt, e.Class, e.Failed = &receipt, "", ""
	if err := s.d.Store.Commit(ctx, kv.Put(key, e, kv.Always())); err != nil {
		return fmt.Errorf("channel %s: store receipt: %w", ch.Name(), err)
	}
	return s.ticket(ctx, n, receipt)
}

// intend stores the intent to call the channel and counts the try; a lost race reads again.
func (s *Service) intend(ctx context.Context, key kv.Key) (entry, int64, error) {
	for {
		var e entry
		version, found, err := kv.Read(ctx, s.d.Store, key, &e)
		if err != nil || e.Receipt != nil {
			return e, version, err
		}
		if !found {
			e.Intent = s.d.Now().UTC()
		}
		e.Tries++
		err = s.d.Store.Commit(ctx, kv.Put(key, e, kv.Version(version)))
		if err == nil {
			return e, version + 1, nil
		}
		if !incident.Is(err, incident.Conflict) || ctx.Err() != nil {
			return e, 0, fmt.Errorf("store intent: %w", err)
		}
	}
}

// failed keeps why the channel could not be told. Losing that note to another writer is no harm.
func (s *Service) failed(ctx context.Context, key kv.Key, e entry, version int64, cause error) error {
	e.Class, e.Failed = incident.ClassOf(cause), s.d.Redact.Text(cause.Error())
	if err := s.d.Store.Commit(context.WithoutCancel(ctx), kv.Put(key, e, kv.Version(version))); err != nil && !incident.Is(err, incident.Conflict) {
		return errors.Join(cause, err)
	}
	return cause
}

// ticket writes the ticket's number into the investigation's head record, where lists and later notices show it.
func (s *Service) ticket(ctx context.Context, n Notice, r Receipt) error {
	if !r.Ticket || r.Label == "" || n.Investigation.Ticket == r.Label {
		return nil
	}
	_, err := record.Update(ctx, s.d.Store, s.d.Now(), n.Investigation.ID, func(inv *incident.Investigation) error {
		inv.Ticket = r.Label
		return nil
	})
	if incident.Is(err, incident.NotFound) { // told about something that is not stored: nothing to note it on
		return nil
	}
	return err
}

// told are the receipts of one channel, oldest first.
func (s *Service) told(ctx context.Context, investigation, channel string) ([]Receipt, error) {
	all, err := s.receipts(ctx, investigation, prefix+channel+"#")
	return slices.DeleteFunc(all, func(r Receipt) bool { return r.Failed != "" }), err
}

// Receipts lists where the notices of an investigation went, oldest first; those that could not be told carry Failed.
func (s *Service) Receipts(ctx context.Context, investigation string) ([]Receipt, error) {
	return s.receipts(ctx, investigation, prefix)
}

func (s *Service) receipts(ctx context.Context, investigation, under string) ([]Receipt, error) {
	items, err := s.d.Store.Query(ctx, record.Partition(investigation), under, kv.Page{})
	if err != nil {
		return nil, fmt.Errorf("receipts of %s: %w", investigation, err)
	}
	var out []Receipt
	for _, item := range items {
		var e entry
		if err := item.Decode(&e); err != nil {
			return nil, err
		}
		channel, key, _ := strings.Cut(strings.TrimPrefix(item.SK, prefix), "#")
		switch {
		case e.Receipt != nil:
			out = append(out, *e.Receipt)
		case e.Failed != "":
			out = append(out, Receipt{Channel: channel, Key: key, At: e.Intent, Failed: e.Failed})
		}
	}
	slices.SortStableFunc(out, func(a, b Receipt) int { return a.At.Compare(b.At) })
	return out, nil
}

// Redacted returns the notice with every text redacted and the bodies of vendors left out. Link, Code, Secret and the
// alarms' ID and Undo stay: they are made for the reader.
func Redacted(r *redact.Redactor, n Notice) (Notice, error) {
	n.Investigation.Opener.Data = nil
	n.Text, n.Cost = r.Text(n.Text), r.Text(n.Cost)
	return n, errors.Join(cleaned(r, &n.Investigation), cleanedAlarms(r, &n.Alarms), cleanedAlarms(r, &n.Skipped), cleaned(r, &n.Conclusion), cleaned(r, &n.Plan), cleaned(r, &n.Approval))
}

func cleanedAlarms(r *redact.Redactor, alarms *[]Alarm) error {
	was, fresh := *alarms, slices.Clone(*alarms)
	for i := range fresh {
		fresh[i].Event.Data = nil
	}
	if err := cleaned(r, &fresh); err != nil {
		return err
	}
	for i := range fresh {
		fresh[i].ID, fresh[i].Undo = was[i].ID, was[i].Undo
	}
	*alarms = fresh
	return nil
}

// cleaned redacts a value through its JSON, into fresh memory.
func cleaned[T any](r *redact.Redactor, v *T) error {
	raw, err := json.Marshal(*v)
	if err != nil {
		return incident.Errorf(incident.Invalid, "redact notice: %w", err)
	}
	var fresh T
	if err := json.Unmarshal(r.JSON(raw), &fresh); err != nil {
		return incident.Errorf(incident.Invalid, "redact notice: %w", err)
	}
	*v = fresh
	return nil
}
