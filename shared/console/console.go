package console

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/report"
)

// Reports gathers everything that is known about one investigation; NotFound when there is none.
type Reports interface {
	Report(ctx context.Context, id string) (report.Report, error)
}

// UndoLinks makes the address at which the decision on an alarm is reversed. Whoever may read the console may reverse.
type UndoLinks interface {
	Link(ctx context.Context, event string) (string, error)
}

// Deps is what the console reads.
type Deps struct {
	Store   kv.Store
	Blob    blob.Store
	Space   config.Space
	Reports Reports
	Undo    UndoLinks // of this host, from the path on; nil: pages name the command
	Now     func() time.Time
	Log     *slog.Logger
	Hosts   []string // host names (with port) that it answers to; empty: any. A laptop names its own, against DNS rebinding
}

type readPages struct {
	d    Deps
	told *deliver.Service // reads receipts only
}

// Handler serves the console: the lists of investigations and of skipped alarms, each investigation, the same as JSON
// under /api, and /healthz.
// It reads only. It does no sign-in: put it where only the team reaches it.
func Handler(d Deps) http.Handler {
	p := &readPages{d: d, told: deliver.New(deliver.Deps{Store: d.Store})}
	page := pages{log: d.Log, show: p.fail}.page
	api := pages{log: d.Log, show: failJSON}.page
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page(p.list))
	mux.Handle("GET /investigations/{id}", page(p.one))
	mux.Handle("GET /skipped", page(p.skipped))
	for _, file := range []string{"firefinder.css", "live.js", "icon.svg"} {
		mux.Handle("GET /static/"+file, page(asset(file)))
	}
	mux.Handle("GET /api/investigations", api(p.listJSON))
	mux.Handle("GET /api/investigations/{id}", api(p.oneJSON))
	mux.Handle("GET /api/skipped", api(p.skippedJSON))
	mux.Handle("GET /api/investigations/{id}/journal.jsonl", api(p.journal))
	mux.Handle("GET /healthz", api(p.health))
	mux.Handle("/api/", api(missing))
	mux.Handle("/", page(missing))
	return secured(p.known(mux))
}

// known refuses host names that are not ours, so that no other site can point its name at this console and read it.
func (p *readPages) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(p.d.Hosts) > 0 && !slices.Contains(p.d.Hosts, strings.ToLower(r.Host)) {
			http.Error(w, "This console does not answer to that host name.", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Cache-Control", "private, no-cache")
		next.ServeHTTP(w, r)
	})
}

func (p *readPages) frame(title string) frame {
	return frame{Title: title, Space: p.d.Space.Name, Static: "/static", Nav: true}
}

func missing(_ http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return incident.Errorf(incident.Denied, "The console only reads; %s is not possible here.", r.Method)
	}
	return incident.Errorf(incident.NotFound, "There is no page %s.", r.URL.Path)
}

func (p *readPages) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	title := map[int]string{
		http.StatusNotFound: "Not found", http.StatusForbidden: "Not possible here", http.StatusBadRequest: "This request makes no sense",
		http.StatusServiceUnavailable: "Not available right now",
	}[status]
	if title == "" {
		title = "This did not work"
	}
	if err := write(w, r, status, problem(p.frame(title), status, title, sentence(status, err))); err != nil {
		p.d.Log.ErrorContext(r.Context(), "error page failed", "err", err.Error())
	}
}

func failJSON(w http.ResponseWriter, r *http.Request, status int, err error) {
	_ = sendJSON(w, r, status, map[string]any{"error": sentence(status, err), "class": incident.ClassOf(err)})
}

func sendJSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	send(w, r, status, "application/json", append(body, '\n'))
	return nil
}

// health asks the store for something that does not exist: an answer is enough.
func (p *readPages) health(w http.ResponseWriter, r *http.Request) error {
	_, err := p.d.Store.Get(r.Context(), kv.Key{PK: "HEALTH", SK: "HEALTH"})
	if err != nil && !incident.Is(err, incident.NotFound) {
		return incident.Errorf(incident.Unavailable, "the store does not answer: %w", err)
	}
	return sendJSON(w, r, http.StatusOK, map[string]string{"status": "ok"})
}

func (p *readPages) one(w http.ResponseWriter, r *http.Request) error {
	v, err := p.view(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, investigationPage(v))
}

func (p *readPages) oneJSON(w http.ResponseWriter, r *http.Request) error {
	full, err := p.d.Reports.Report(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	body, err := full.JSON()
	if err != nil {
		return err
	}
	send(w, r, http.StatusOK, "application/json", body)
	return nil
}

// journal exports the sealed journal, which `firefinder journal verify` checks offline.
func (p *readPages) journal(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := record.Get(r.Context(), p.d.Store, id); err != nil {
		return err
	}
	records, err := journal.Read(r.Context(), p.d.Store, id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+anchor(id)+`.journal.jsonl"`)
	send(w, r, http.StatusOK, "application/jsonl", journal.Export(records))
	return nil
}
