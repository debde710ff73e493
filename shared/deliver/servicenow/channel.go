// Package servicenow tells a ServiceNow ticket: findings, root cause, plan and decision as work notes of one incident,
// each exactly once.
//
// The Table API's writes are not idempotent. The incident therefore carries the investigation's id as correlation_id and
// is looked up before it is created; each work note ends in a reference of its own, which is looked for in the journal
// before the note is written again. Journal entries may become visible late: before a note counts as missing, the
// journal is read again for a while.
package servicenow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/report"
)

// Options is what a Channel needs.
type Options struct {
	Instance    string // base URL
	Credentials func(ctx context.Context) (Credentials, error)
	Create      bool   // create an incident when none carries the investigation's id
	Group       string // assignment group of created incidents, by name; may be empty
	HTTP        *http.Client
	NoteLimit   int                                              // characters of one work note; 0: 4000, the default of journal fields
	Wait        func(ctx context.Context, d time.Duration) error // nil: a timer
}

// Channel implements deliver.Channel.
type Channel struct {
	client Client
	o      Options
}

var _ deliver.Channel = (*Channel)(nil)

// New makes a Channel. Redirects are not followed: the API has none, a sign-in page has.
func New(o Options) *Channel {
	if o.NoteLimit == 0 {
		o.NoteLimit = 4000
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	httpClient := http.Client{}
	if o.HTTP != nil {
		httpClient = *o.HTTP
	}
	httpClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Channel{Client{Base: o.Instance, Credentials: o.Credentials, HTTP: &httpClient}, o}
}

// Name implements deliver.Channel.
func (*Channel) Name() string { return "servicenow" }

// Deliver implements deliver.Channel: finds or creates the ticket and adds the notice as work notes, those parts that
// the ticket does not hold yet.
func (c *Channel) Deliver(ctx context.Context, n deliver.Notice, previous *deliver.Receipt, repeat bool) (deliver.Receipt, error) {
	ticket, err := c.ticket(ctx, n, previous, repeat)
	if err != nil {
		return deliver.Receipt{}, err
	}
	notes := Notes(n, c.o.NoteLimit)
	for i, note := range notes {
		if err := c.note(ctx, ticket.id, note, repeat); err != nil {
			return deliver.Receipt{}, fmt.Errorf("work note %d of %d on %s: %w", i+1, len(notes), ticket.number, err)
		}
	}
	return deliver.Receipt{Channel: c.Name(), Ref: ticket.id, Label: ticket.number, Ticket: true}, nil
}

type ticket struct{ id, number string }

var identity = []string{"sys_id", "number"}

// ticket finds the incident: the one that earlier notices went to, the one that the alarm came from, the one with our
// correlation id, or a new one.
func (c *Channel) ticket(ctx context.Context, n deliver.Notice, previous *deliver.Receipt, repeat bool) (ticket, error) {
	if previous != nil && previous.Ref != "" {
		return ticket{previous.Ref, previous.Label}, nil
	}
	if from := n.Investigation.Opener.Ticket; from != "" {
		return c.named(ctx, from)
	}
	look := c.correlated
	if repeat { // an earlier attempt may still be at work
		look = c.appears
	}
	found, err := look(ctx, n.Investigation.ID)
	if err != nil || found != nil {
		return deref(found), err
	}
	if !c.o.Create {
		return ticket{}, incident.Errorf(incident.NotFound, "no incident has correlation id %s; set notify.servicenow.create to let one be created", n.Investigation.ID)
	}
	return c.create(ctx, n)
}

func deref(t *ticket) ticket {
	if t == nil {
		return ticket{}
	}
	return *t
}

var ticketName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
var sysID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// named finds the ticket that an alarm came from, by number or sys_id.
func (c *Channel) named(ctx context.Context, name string) (ticket, error) {
	if !ticketName.MatchString(name) {
		return ticket{}, incident.Errorf(incident.Invalid, "ticket %q of the alarm is neither a number nor a sys_id", name)
	}
	field := "number="
	if sysID.MatchString(name) {
		field = "sys_id="
	}
	rows, err := c.find(ctx, field+Quote(name))
	if err != nil {
		return ticket{}, err
	}
	if len(rows) == 0 {
		return ticket{}, incident.Errorf(incident.NotFound, "ticket %s of the alarm does not exist or may not be read by Firefinder's user", name)
	}
	return of(rows[0]), nil
}

// correlated finds the oldest incident with our correlation id; nil when there is none.
func (c *Channel) correlated(ctx context.Context, investigation string) (*ticket, error) {
	rows, err := c.find(ctx, "correlation_id="+Quote(investigation)+"^ORDERBYsys_created_on")
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	t := of(rows[0])
	return &t, nil
}

// appears looks for the incident repeatedly while it is missing.
func (c *Channel) appears(ctx context.Context, investigation string) (*ticket, error) {
	for _, pause := range settle {
		if err := c.o.Wait(ctx, pause); err != nil {
			return nil, err
		}
		if t, err := c.correlated(ctx, investigation); err != nil || t != nil {
			return t, err
		}
	}
	return nil, nil
}

func (c *Channel) find(ctx context.Context, query string) (rows []Row, err error) {
	err = c.patient(ctx, func() error {
		rows, err = c.client.Find(ctx, "incident", Query{Encoded: query, Fields: append(identity, "correlation_id"), Limit: 1})
		return err
	})
	return rows, err
}

func of(r Row) ticket { return ticket{r["sys_id"].Value, r["number"].Value} }

// create inserts the incident. When the answer is lost, it looks whether the incident is there before it tries again.
func (c *Channel) create(ctx context.Context, n deliver.Notice) (ticket, error) {
	var row Row
	var found *ticket
	err := c.patient(ctx, func() (err error) {
		row, err = c.client.Create(ctx, "incident", c.fields(n))
		if !incident.Is(err, incident.Unavailable) {
			return err
		}
		var lookup error
		if found, lookup = c.appears(ctx, n.Investigation.ID); lookup != nil {
			return errUnknown{err}
		}
		if found != nil {
			return nil
		}
		return err
	})
	if err != nil {
		return ticket{}, fmt.Errorf("create incident for %s: %w", n.Investigation.ID, err)
	}
	if found != nil {
		return *found, nil
	}
	return of(row), nil
}

// urgency and impact from which ServiceNow's own table derives the priority.
var urgency = map[incident.Priority][2]string{
	incident.Critical: {"1", "1"}, incident.High: {"1", "2"}, incident.Medium: {"2", "2"}, incident.Low: {"2", "3"}, incident.Minimal: {"3", "3"},
}

func (c *Channel) fields(n deliver.Notice) map[string]string {
	inv := n.Investigation
	level, ok := urgency[inv.Priority]
	if !ok {
		level = urgency[incident.Medium]
	}
	out := map[string]string{
		"short_description":   clip(plain("Firefinder: "+report.Visible(inv.Title)), 160),
		"description":         clip(plain(Description(n)), c.o.NoteLimit),
		"correlation_id":      inv.ID,
		"correlation_display": "Firefinder",
		"urgency":             level[0],
		"impact":              level[1],
	}
	if c.o.Group != "" {
		out["assignment_group"] = c.o.Group
	}
	return out
}

// settle is when a lookup is repeated before something counts as missing: it may become visible late.
var settle = []time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second}

// note adds one work note unless the ticket holds it.
func (c *Channel) note(ctx context.Context, id string, note Note, repeat bool) error {
	if repeat {
		if held, err := c.holds(ctx, id, note.Ref); err != nil || held {
			return err
		}
	}
	return c.patient(ctx, func() error {
		err := c.client.Update(ctx, "incident", id, map[string]string{"work_notes": note.Text})
		if !incident.Is(err, incident.Unavailable) {
			return err
		}
		held, lookup := c.holds(ctx, id, note.Ref)
		if lookup != nil {
			return errUnknown{err} // nobody knows whether it was written: leave it to a repeat
		}
		if held {
			return nil
		}
		return err
	})
}

// errUnknown marks a write of which neither success nor failure could be found out; it must not be tried again blindly.
type errUnknown struct{ error }

func (e errUnknown) Unwrap() error { return e.error }

// holds looks for a note's reference in the ticket's journal, repeatedly while it is missing.
func (c *Channel) holds(ctx context.Context, id, ref string) (bool, error) {
	query := "element_id=" + Quote(id) + "^element=work_notes^valueLIKE" + Quote(ref)
	for _, pause := range settle {
		if err := c.o.Wait(ctx, pause); err != nil {
			return false, err
		}
		var rows []Row
		err := c.patient(ctx, func() (err error) {
			rows, err = c.client.Find(ctx, "sys_journal_field", Query{Encoded: query, Fields: []string{"sys_id"}, Limit: 1})
			return err
		})
		if err != nil || len(rows) > 0 {
			return len(rows) > 0, err
		}
	}
	return false, nil
}

const tries = 3 // of one call, inside one delivery

// patient tries again what failed in passing: as long as asked for after a 429, briefly after anything else.
func (c *Channel) patient(ctx context.Context, call func() error) error {
	for try := 1; ; try++ {
		err := call()
		if err == nil || try == tries || !incident.Is(err, incident.Throttled) && !incident.Is(err, incident.Unavailable) || errors.As(err, new(errUnknown)) {
			return err
		}
		pause := time.Duration(try) * time.Second
		var s slow
		if errors.As(err, &s) {
			if pause = s.after; pause > 15*time.Second {
				return err
			}
		}
		if c.o.Wait(ctx, pause) != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return incident.Errorf(incident.Unavailable, "waiting for ServiceNow: %w", ctx.Err())
	case <-t.C:
		return nil
	}
}
