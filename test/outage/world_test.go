package outage_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
	"github.com/firefinder/firefinder/shared/triage"
)

// line is a queue with the rules of SQS: a failed message comes again after its visibility, and is a dead letter after
// too many receives.
type line struct {
	visibility time.Duration
	receives   int
	batch      int
	away       func() bool // Send fails while it says so
	ready      chan queue.Message

	mu     sync.Mutex
	next   int
	sent   []string
	dead   int               // given up by the queue
	buried map[string]string // body -> reason, given up by name
}

func newLine(visibility time.Duration, receives int) *line {
	return &line{visibility: visibility, receives: receives, batch: 10, away: func() bool { return false }, ready: make(chan queue.Message, 1<<16), buried: map[string]string{}}
}

func (l *line) Send(_ context.Context, group string, body []byte) error {
	if l.away() {
		return incident.Errorf(incident.Unavailable, "the queue is away")
	}
	l.mu.Lock()
	l.next++
	id := fmt.Sprintf("%s/%d", group, l.next)
	l.mu.Unlock()
	l.ready <- queue.Message{ID: id, Body: body}
	return nil
}

func (l *line) Bury(_ context.Context, body []byte, reason string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buried[string(body)] = reason
	return nil
}

// serve hands batches to the handler, so many at once, until ctx ends.
func (l *line) serve(ctx context.Context, group *sync.WaitGroup, workers int, handle queue.Handler) {
	for range workers {
		group.Go(func() {
			for {
				select {
				case m := <-l.ready:
					l.hand(ctx, group, l.fill([]queue.Message{m}), handle)
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

func (l *line) fill(batch []queue.Message) []queue.Message {
	for len(batch) < l.batch {
		select {
		case m := <-l.ready:
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

func (l *line) hand(ctx context.Context, group *sync.WaitGroup, batch []queue.Message, handle queue.Handler) {
	for i := range batch {
		batch[i].Receives++
	}
	failed := handle(ctx, batch)
	for _, m := range batch {
		switch {
		case failed[m.ID] == nil:
		case m.Receives >= l.receives:
			l.mu.Lock()
			l.dead++
			l.mu.Unlock()
		default:
			group.Go(func() {
				select {
				case <-time.After(l.visibility):
					l.ready <- m
				case <-ctx.Done():
				}
			})
		}
	}
}

// world is one space, from the alarms' queue to the decisions, as it is deployed.
type world struct {
	space   config.Space
	store   kv.Store
	alarms  *line // in front of the signer
	events  *line // in front of triage
	hook    http.Handler
	down    func() bool // the webhook cannot be reached
	machine *machine
	mu      sync.Mutex
	answers map[int]int
}

const secret = "a-secret-of-the-outage-0123456789-0123456789"

// newWorld makes a space with queues as deployed: alarms are received 240 times, 90 seconds apart, events 5 times.
func newWorld(name string, store kv.Store) *world {
	return newWorldOn(name, store, newLine(90*time.Second, 240), newLine(2*time.Minute, 5))
}

func newWorldOn(name string, store kv.Store, alarms, events *line) *world {
	w := &world{
		space: config.Space{Name: name, Sources: []config.Source{{Kind: "generic", Secret: "hook"}}},
		store: store, alarms: alarms, events: events,
		down: func() bool { return false }, machine: newMachine(), answers: map[int]int{},
	}
	w.space.Budget.Concurrent = 1000
	w.space.Services = []config.Service{{Name: "checkout"}}
	for i := range 20 {
		w.space.Services = append(w.space.Services, config.Service{Name: fmt.Sprintf("service-%02d", i)})
	}
	w.hook = source.Handler(source.Deps{
		Space: w.space, Sources: catalogue.All(w.space), Secrets: w, Queue: w.events, Dead: w.events, Blob: &blob.Memory{}, Store: store,
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	return w
}

// The concurrency that signer and triage are deployed with.
const (
	signers = 5
	triages = 10
)

// run starts signer and triage.
func (w *world) run(ctx context.Context, group *sync.WaitGroup) {
	w.alarms.serve(ctx, group, signers, w.signer())
	w.events.serve(ctx, group, triages, w.triage())
}

func (w *world) signer() queue.Handler {
	return source.NewSigner(source.SignerDeps{
		Space: w.space, Source: cloudwatch.New(w.space, nil), Target: "http://firefinder.test/hooks/generic", Secrets: w, Dead: w.alarms,
		HTTP: w, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}).Handle
}

func (w *world) triage() queue.Handler {
	return triage.New(triage.Deps{Store: w.store, Space: w.space, Start: w.machine, Dead: w.events, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Handle
}

// Do implements source.Doer in process: a server's goroutines would wait outside virtual time.
func (w *world) Do(r *http.Request) (*http.Response, error) {
	if w.down() {
		return nil, io.ErrUnexpectedEOF
	}
	rec := httptest.NewRecorder()
	w.hook.ServeHTTP(rec, r)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[rec.Code]++
	return rec.Result(), nil
}

func (w *world) Active(context.Context, string) ([]config.Secret, error) {
	return []config.Secret{config.NewSecret([]byte(secret))}, nil
}

func (w *world) Refresh(ctx context.Context, name string) ([]config.Secret, error) {
	return w.Active(ctx, name)
}

// alarm is CloudWatch's state change as EventBridge delivers it.
func alarm(name string, at time.Time) []byte {
	return fmt.Appendf(nil, `{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":"123456789012","region":"eu-central-1",`+
		`"resources":["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:%s"],"detail":{"alarmName":%q,"state":{"value":"ALARM","timestamp":%q}}}`, name, name, at.UTC().Format(time.RFC3339Nano))
}

// idOf is the id that the alarm's event has.
func (w *world) idOf(t *testing.T, body []byte) string {
	t.Helper()
	p, err := cloudwatch.New(w.space, nil).Parse(body, time.Now())
	if err != nil || len(p.Events) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	return p.Events[0].Normalise(time.Now()).EventID()
}
