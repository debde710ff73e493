// Package embedded runs a whole Agent Space in one process: the handlers, the state machine file, the storage code and
// the pages that run on AWS, over adapters for one machine (a bbolt file, an in-process queue, mail into files, a
// ServiceNow stand-in).
package embedded

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/embedded/boltkv"
	"github.com/firefinder/firefinder/shared/embedded/fileblob"
	"github.com/firefinder/firefinder/shared/embedded/localqueue"
	"github.com/firefinder/firefinder/shared/embedded/machine"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/llm/analyst"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/tell"
	"github.com/firefinder/firefinder/shared/tool"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow/walk"
	"github.com/firefinder/firefinder/skills"
)

// Options of an App. Zero values: no tools, the offline analyst, the wall clock, durable writes, no ticket.
type Options struct {
	Space   config.Space
	Dir     string // state of the space
	Addr    string // address of the pages and the webhook; default 127.0.0.1:0
	Tools   []tool.Tool
	Model   llm.Model
	ModelID string
	Now     func() time.Time
	Log     *slog.Logger
	NoSync  bool                    // leave writing to disk to the operating system
	Ticket  bool                    // run the ServiceNow stand-in and tell it
	Tell    []deliver.Channel       // further channels
	Store   func(kv.Store) kv.Store // wraps the store, for tests that inject faults or count
	Observe func(walk.Step)         // hears every finished state of the machine; nil: nobody does
}

// App is a running space. Stop it.
type App struct {
	Options
	Store     kv.Store
	Blob      blob.Store
	Secrets   *Secrets
	Triage    *triage.Service
	Approvals *approval.Service
	Reports   *tell.Service
	Desk      *Desk
	Hooks     chan Hook // one for each delivery that the webhook answered, while somebody listens

	undo    deliver.UndoLinks
	bolt    *boltkv.Store
	alarms  *localqueue.Queue // in front of the signer
	events  *localqueue.Queue // in front of triage
	machine *machine.Machine
	stand   *stand
	server  *http.Server
	ln      net.Listener
	cancel  context.CancelFunc
	busy    sync.WaitGroup
}

// Start opens the state folder, takes up what an earlier process left, and serves. It returns once everything is ready.
func Start(ctx context.Context, o Options) (app *App, err error) {
	app = &App{Options: o.withDefaults(), Desk: &Desk{}, Hooks: make(chan Hook, 64)}
	ctx, app.cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			app.Stop()
		}
	}()
	if err := app.open(ctx); err != nil {
		return app, err
	}
	if err := app.listen(); err != nil {
		return app, err
	}
	channels, err := app.channels(ctx)
	if err != nil {
		return app, err
	}
	if err := app.wire(ctx, channels); err != nil {
		return app, err
	}
	app.run(ctx)
	return app, nil
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func (a *App) open(ctx context.Context) (err error) {
	if a.bolt, err = boltkv.Open(filepath.Join(a.Dir, "space.db"), boltkv.Options{NoSync: a.NoSync}); err != nil {
		return err
	}
	a.Store = a.bolt
	if a.Options.Store != nil {
		a.Store = a.Options.Store(a.bolt)
	}
	if a.Blob, err = fileblob.Open(filepath.Join(a.Dir, "documents"), fileblob.Options{NoSync: a.NoSync}); err != nil {
		return err
	}
	if a.Secrets, err = OpenSecrets(a.Dir); err != nil {
		return err
	}
	if a.alarms, err = localqueue.Open(ctx, a.Store, "alarms", localqueue.Options{}); err != nil {
		return err
	}
	a.events, err = localqueue.Open(ctx, a.Store, "events", localqueue.ForTriage())
	return err
}

func (a *App) listen() (err error) {
	if a.ln, err = net.Listen("tcp", a.Addr); err != nil {
		return incident.Errorf(incident.Unavailable, "listen on %s: %w; choose another --addr", a.Addr, err)
	}
	return nil
}

// URL is the base of the local pages.
func (a *App) URL() string { return "http://" + a.ln.Addr().String() }

// wire puts the same services together that the functions are made of.
func (a *App) wire(ctx context.Context, channels []deliver.Channel) error {
	lib, err := skill.Load(skills.FS, rule.Compiler())
	if err != nil {
		return err
	}
	key, err := a.Secrets.get("firefinder/" + a.Space.Name + "/local")
	if err != nil {
		return err
	}
	tokens, err := approval.NewLocalKey([]byte(key)[:32], rand.Reader)
	if err != nil {
		return err
	}
	mask := redact.New([]byte(key))
	teller := deliver.New(deliver.Deps{Store: a.Store, Channels: channels, Redact: mask, Now: a.Now, Log: a.Log})
	space := a.Space
	space.PublicURL = a.URL()
	a.Approvals = approval.New(approval.Deps{Store: a.Store, Blob: a.Blob, Space: space, Tokens: tokens, Resume: a, Tell: teller, Now: a.Now, Rand: rand.Reader, Log: a.Log})
	a.Triage = triage.New(triage.Deps{Store: a.Store, Space: space, Skills: lib, Start: starter{a}, Dead: a.events, Now: a.Now, Log: a.Log})
	a.undo = deliver.UndoLinks{Base: a.URL(), Secret: space.UndoSecret(), Secrets: a.Secrets}
	a.Reports = tell.New(tell.Deps{Store: a.Store, Blob: a.Blob, Space: space, PublicURL: a.URL(), Approvals: a.Approvals, Tell: teller, Admit: a.Triage, Undo: a.undo, Now: a.Now, Log: a.Log})
	inv := investigate.New(investigate.Deps{
		Store: a.Store, Blob: a.Blob, Space: space, Skills: lib.Active(space.Skills), Model: a.Model, ModelID: a.ModelID, Offline: analyst.Analyst{}, Tools: a.Tools, Redact: mask,
		Ledger: budget.Ledger{Store: a.Store, Ceiling: space.Budget.DollarsDay, Prices: space.Models.Prices, Now: a.Now}, Now: a.Now, Log: a.Log,
	})
	steps := map[string]func(context.Context, json.RawMessage) (json.RawMessage, error){
		"investigate": boot.Invoker(a.Log, inv.Advance),
		"rootcause":   boot.Invoker(a.Log, inv.Conclude),
		"mitigate":    boot.Invoker(a.Log, inv.Plan),
		"propose":     boot.Invoker(a.Log, a.Approvals.ProposeStep),
		"deliver":     boot.Invoker(a.Log, a.Reports.Deliver),
	}
	invoke := func(ctx context.Context, name string, payload json.RawMessage) (json.RawMessage, error) {
		return steps[name](ctx, payload)
	}
	if a.machine, err = machine.Open(ctx, a.Store, walk.Invoke(invoke), a.Observe, a.Log); err != nil {
		return err
	}
	a.server = &http.Server{Handler: a.routes(space, mask), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	return nil
}

// run starts the consumers, the server and the sweep.
func (a *App) run(ctx context.Context) {
	a.busy.Go(func() { a.alarms.Run(ctx, a.signer().Handle) })
	a.busy.Go(func() { a.events.Run(ctx, a.Triage.Handle) })
	a.busy.Go(func() {
		if err := a.server.Serve(a.ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.Log.Error("pages stopped", "err", err.Error())
		}
	})
	a.busy.Go(func() { a.sweep(ctx) })
}

// sweep finishes what a crash left, at once and then every minute, as the sweep function does on AWS.
func (a *App) sweep(ctx context.Context) {
	for {
		for name, fn := range map[string]func(context.Context) error{"triage": a.Triage.Sweep, "approvals": a.Approvals.Sweep} {
			if err := fn(ctx); err != nil && ctx.Err() == nil {
				a.Log.Warn("sweep", "part", name, "class", incident.ClassOf(err), "err", err.Error())
			}
		}
		select {
		case <-time.After(time.Minute):
		case <-ctx.Done():
			return
		}
	}
}

// Alarm hands over one CloudWatch alarm state change, as EventBridge puts it on the signer's queue.
func (a *App) Alarm(ctx context.Context, body []byte) error {
	return a.alarms.Send(ctx, a.Space.Name, body)
}

// Tickets is the stand-in's content as JSON, for people to read.
func (a *App) Tickets() ([]byte, error) {
	if a.stand == nil {
		return []byte("[]\n"), nil
	}
	return a.stand.instance.Dump()
}

// Stop ends everything that runs. What is unfinished is taken up by the next Start on the same folder. Repeats are safe.
func (a *App) Stop() {
	if a.cancel != nil {
		a.cancel()
	}
	if a.server != nil {
		_ = a.server.Close()
	} else if a.ln != nil {
		_ = a.ln.Close()
	}
	if a.stand != nil {
		_ = a.stand.server.Close()
	}
	a.busy.Wait()
	if a.machine != nil {
		a.machine.Drain()
	}
	if a.bolt != nil {
		if err := a.bolt.Close(); err != nil {
			a.Log.Warn("store not closed cleanly", "err", fmt.Sprint(err))
		}
	}
}
