package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// pageSize is how many investigations one page lists.
const pageSize = 50

// row is one investigation in the list.
type row struct {
	incident.Investigation
	Alarms int `json:"alarms"`
}

type listView struct {
	Frame frame
	Now   time.Time
	Rows  []row
	Older string // query that continues the list; empty at its end
	First bool   // the newest page
}

func (p *readPages) list(w http.ResponseWriter, r *http.Request) error {
	rows, older, err := p.rows(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	v := listView{Frame: p.frame("Investigations"), Now: p.d.Now().UTC(), Rows: rows, Older: older, First: !r.URL.Query().Has("until")}
	v.Frame.Live = v.First && slices.ContainsFunc(rows, func(r row) bool { return !r.State.Final() })
	if v.Frame.Live {
		v.Frame.Script = "live.js"
	}
	return write(w, r, http.StatusOK, listPage(v))
}

func (p *readPages) listJSON(w http.ResponseWriter, r *http.Request) error {
	rows, older, err := p.rows(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	out := struct {
		Investigations []row  `json:"investigations"`
		Next           string `json:"next,omitempty"`
	}{Investigations: rows}
	if older != "" {
		out.Next = "/api/investigations?" + older
	}
	return sendJSON(w, r, http.StatusOK, out)
}

// rows reads one page, newest first. until and after in the query are the opening time and the id of the last
// investigation of the page before.
func (p *readPages) rows(ctx context.Context, q url.Values) (rows []row, older string, err error) {
	until := p.d.Now().Add(24 * time.Hour) // a source's clock may be ahead of ours
	if text := q.Get("until"); text != "" {
		if until, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return nil, "", incident.Errorf(incident.Invalid, "until must be a time like 2026-01-02T15:04:05Z")
		}
	}
	list, err := record.List(ctx, p.d.Store, until, pageSize+20)
	if err != nil {
		return nil, "", err
	}
	if i := slices.IndexFunc(list, func(inv incident.Investigation) bool { return inv.ID == q.Get("after") }); i >= 0 {
		list = list[i+1:]
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		last := list[pageSize-1]
		older = url.Values{"until": {last.OpenedAt.UTC().Format(time.RFC3339Nano)}, "after": {last.ID}}.Encode()
	}
	rows, err = p.counted(ctx, list)
	return rows, older, err
}

// counted adds the number of alarms to each investigation.
func (p *readPages) counted(ctx context.Context, list []incident.Investigation) ([]row, error) {
	rows := make([]row, len(list))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, inv := range list {
		g.Go(func() error {
			alarms, err := record.Alarms(ctx, p.d.Store, inv.ID)
			rows[i] = row{Investigation: inv, Alarms: len(alarms)}
			return err
		})
	}
	return rows, g.Wait()
}
