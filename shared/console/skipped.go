package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// skippedView is one UTC day of alarms that rules skipped: they belong to no investigation, so they are listed here.
type skippedView struct {
	Frame  frame
	Now    time.Time
	Undo   func(record.Alarm) undoWay
	Before string // the day before
	After  string // the day after; empty today
	skippedDay
}

// skippedDay is what skipped alarms of a day are shown, as page and as JSON.
type skippedDay struct {
	Day    string         `json:"day"`
	Alarms []record.Alarm `json:"alarms"`
	Next   string         `json:"next,omitempty"` // query that continues the day; empty at its end
}

const dayForm = "2006-01-02"

func (p *readPages) skipped(w http.ResponseWriter, r *http.Request) error {
	v := skippedView{Now: p.d.Now().UTC(), Undo: p.undoing(r.Context()), Frame: p.frame("Skipped alarms")}
	day, from, err := p.day(r.URL.Query())
	if err != nil {
		return err
	}
	if v.skippedDay, err = p.skippedOn(r.Context(), day, from); err != nil {
		return err
	}
	v.Before = day.AddDate(0, 0, -1).Format(dayForm)
	if next := day.AddDate(0, 0, 1); !next.After(v.Now) {
		v.After = next.Format(dayForm)
	}
	return write(w, r, http.StatusOK, skippedPage(v))
}

func (p *readPages) skippedJSON(w http.ResponseWriter, r *http.Request) error {
	day, from, err := p.day(r.URL.Query())
	if err != nil {
		return err
	}
	out, err := p.skippedOn(r.Context(), day, from)
	if err != nil {
		return err
	}
	return sendJSON(w, r, http.StatusOK, out)
}

// day is the day that a query names, today without one, and the time of it to begin with.
func (p *readPages) day(q url.Values) (day, from time.Time, err error) {
	day = p.d.Now().UTC().Truncate(24 * time.Hour)
	if text := q.Get("day"); text != "" {
		if day, err = time.Parse(dayForm, text); err != nil {
			return day, from, incident.Errorf(incident.Invalid, "day must be a date like 2026-01-02")
		}
	}
	from = day
	if text := q.Get("from"); text != "" {
		if from, err = time.Parse(time.RFC3339Nano, text); err != nil || from.Before(day) {
			return day, from, incident.Errorf(incident.Invalid, "from must be a time of that day like 2026-01-02T15:04:05Z")
		}
	}
	return day, from, nil
}

// skippedOn reads a page of a day. Recoveries are left out: there is nothing to look at.
func (p *readPages) skippedOn(ctx context.Context, day, from time.Time) (skippedDay, error) {
	out := skippedDay{Day: day.Format(dayForm), Alarms: []record.Alarm{}}
	fires, next, err := record.SkippedBetween(ctx, p.d.Store, from, day.Add(24*time.Hour-time.Millisecond), 4*pageSize)
	out.Alarms = append(out.Alarms, fires...)
	if !next.IsZero() {
		out.Next = url.Values{"day": {out.Day}, "from": {next.UTC().Format(time.RFC3339Nano)}}.Encode()
	}
	return out, err
}

// undoWay is how the decision on an alarm is reversed: by link, else by command; neither when there is nothing to undo.
type undoWay struct {
	Text string
	Link deliver.Link
}

func (p *readPages) undoing(ctx context.Context) func(record.Alarm) undoWay {
	return func(a record.Alarm) undoWay {
		d := deliver.Alarm{ID: a.ID, Event: a.Event, Decision: a.Decision}
		if p.d.Undo != nil {
			var err error
			if d.Undo, err = p.d.Undo.Link(ctx, a.ID); err != nil {
				p.d.Log.WarnContext(ctx, "page without undo link", "class", incident.ClassOf(err), "err", err.Error())
			}
		}
		text, link := deliver.Undo(d)
		return undoWay{text, link}
	}
}
