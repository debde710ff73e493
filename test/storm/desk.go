package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/embedded/boltkv"
	"github.com/firefinder/firefinder/shared/embedded/localqueue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/skills"
)

// number is the header that tells which alarm a delivery carries; the webhook does not look at it.
const number = "X-Storm-Number"

var secret = config.NewSecret([]byte("a-secret-of-the-storm-0123456789-0123456789"))

// desk is a space at work: webhook, queue, triage and store, wired as the embedded space wires them. Only executions are
// counted instead of walked.
type desk struct {
	dir      string
	bolt     *boltkv.Store
	door     *counter // the webhook's store
	carrier  *counter // the queue's
	judge    *judge   // triage's
	accepted []atomic.Int64
	started  atomic.Int64
	handler  http.Handler
	server   *http.Server
	ln       net.Listener
	cancel   context.CancelFunc
	busy     sync.WaitGroup
}

func newDesk(ctx context.Context, services int, s storm, synced bool) (d *desk, err error) {
	d = &desk{accepted: make([]atomic.Int64, len(s.bodies))}
	if d.dir, err = os.MkdirTemp("", "storm-"); err != nil {
		return nil, err
	}
	if d.bolt, err = boltkv.Open(filepath.Join(d.dir, "space.db"), boltkv.Options{NoSync: !synced}); err != nil {
		return nil, err
	}
	d.door, d.carrier = &counter{Store: d.bolt}, &counter{Store: d.bolt}
	d.judge = &judge{counter: counter{Store: d.bolt}, storm: s, decided: make([]atomic.Int64, len(s.bodies)), done: make(chan struct{}), clock: time.Now()}
	d.judge.left.Store(int64(len(s.bodies)))
	if err := d.wire(ctx, space(services)); err != nil {
		return nil, err
	}
	if d.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	d.server = &http.Server{Handler: http.HandlerFunc(d.accept), ReadHeaderTimeout: 5 * time.Second}
	d.busy.Go(func() { _ = d.server.Serve(d.ln) }) // ends with close
	return d, nil
}

func (d *desk) wire(ctx context.Context, space config.Space) error {
	ctx, d.cancel = context.WithCancel(ctx)
	lib, err := skill.Load(skills.FS, rule.Compiler())
	if err != nil {
		return err
	}
	events, err := localqueue.Open(ctx, d.carrier, "events", localqueue.ForTriage())
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	d.handler = source.Handler(source.Deps{
		Space: space, Sources: catalogue.All(space), Secrets: keys{}, Queue: events, Dead: events, Blob: &blob.Memory{}, Store: d.door, Now: time.Now, Log: log,
	})
	judge := triage.New(triage.Deps{Store: d.judge, Space: space, Skills: lib, Start: d, Dead: events, Now: time.Now, Log: log})
	d.busy.Go(func() { events.Run(ctx, judge.Handle) })
	return nil
}

// accept notes when a delivery comes in.
func (d *desk) accept(w http.ResponseWriter, r *http.Request) {
	if i, err := strconv.Atoi(r.Header.Get(number)); err == nil {
		d.accepted[i].CompareAndSwap(0, int64(time.Since(d.judge.clock)))
	}
	d.handler.ServeHTTP(w, r)
}

// Start implements triage.Starter.
func (d *desk) Start(context.Context, string, workflow.Input) error {
	d.started.Add(1)
	return nil
}

// keys implements source.Secrets.
type keys struct{}

func (keys) Active(context.Context, string) ([]config.Secret, error) {
	return []config.Secret{secret}, nil
}
func (keys) Refresh(context.Context, string) ([]config.Secret, error) {
	return []config.Secret{secret}, nil
}

// drained waits until every alarm is decided.
func (d *desk) drained() error {
	select {
	case <-d.judge.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%d alarms are not decided %v after the last delivery", d.judge.left.Load(), patience)
	}
}

// lost counts alarms without a stored decision, read back from the store.
func (d *desk) lost(ctx context.Context) int {
	n := 0
	for id := range d.judge.storm.number {
		if a, err := record.GetAlarm(ctx, d.bolt, id); err != nil || a.Decision.Outcome == "" {
			n++
		}
	}
	return n
}

func (d *desk) close() {
	d.cancel()
	_ = d.server.Close()
	d.busy.Wait()
	_ = d.bolt.Close()
	_ = os.RemoveAll(d.dir)
}
