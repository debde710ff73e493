package approval

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
)

// world is one space with an investigation that has a plan.
type world struct {
	t     testing.TB
	deps  Deps
	store *faulty
	tasks *tasks
	told  *teller
	clock *clockwork
	logs  bytes.Buffer
}

func newWorld(t testing.TB) *world {
	w := &world{
		t: t, store: &faulty{Store: kv.NewMemory(), left: -1}, clock: &clockwork{now: noon},
		tasks: &tasks{waiting: map[string]bool{}, out: map[string]workflow.Decision{}}, told: &teller{seen: map[string]int{}},
	}
	rng := &randomness{r: rand.NewChaCha8([32]byte{1})}
	key, err := NewLocalKey(bytes.Repeat([]byte{7}, 32), rng)
	if err != nil {
		t.Fatal(err)
	}
	w.deps = Deps{
		Store: w.store, Blob: new(blob.Memory), Tokens: key, Resume: w.tasks, Tell: w.told, Now: w.clock.Now, Rand: rng,
		Space: config.Space{Name: "payments", PublicURL: "https://fire.example.com/", Approvals: approvers},
		Log:   slog.New(slog.NewTextHandler(&w.logs, nil)),
	}
	inv := incident.Investigation{ID: "inv-1", Space: "payments", Title: "checkout 5xx", State: incident.Planning, OpenedAt: noon}
	if err := w.store.Commit(t.Context(), record.Open(inv)...); err != nil {
		t.Fatal(err)
	}
	w.plan(samplePlan())
	return w
}

func (w *world) service() *Service { return New(w.deps) }

// plan makes p the investigation's current plan, as the mitigate step does.
func (w *world) plan(p incident.Plan) string {
	w.t.Helper()
	ctx := context.Background()
	hash, err := Keep(ctx, w.deps.Blob, p)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := record.Update(ctx, w.store, w.clock.Now(), "inv-1", func(inv *incident.Investigation) error {
		inv.PlanHash = hash
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return hash
}

// propose starts a task that waits with this token.
func (w *world) propose(token string) incident.Approval {
	w.t.Helper()
	w.tasks.start(token)
	if err := w.service().Propose(context.Background(), workflow.Proposal{ID: "inv-1", Token: token}); err != nil {
		w.t.Fatal(err)
	}
	return w.current()
}

func (w *world) current() incident.Approval {
	w.t.Helper()
	inv, err := record.Get(context.Background(), w.store, "inv-1")
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.service().Get(context.Background(), inv.ApprovalID)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) vote(a incident.Approval, who string, decision incident.ApprovalState) (incident.Approval, Verdict) {
	w.t.Helper()
	got, v, err := w.service().Decide(context.Background(), a.ID, a.PlanHash, decision, incident.Person{Subject: who, Method: "test"}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return got, v
}

func (w *world) sweep() {
	w.t.Helper()
	if err := w.service().Sweep(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// leftovers are the keys of an approval that must be gone once its workflow was told.
func (w *world) leftovers(id string) (out []string) {
	for _, key := range []kv.Key{tokenKey(id), outboxKey(id), listKey(id)} {
		if _, err := w.store.Get(context.Background(), key); !incident.Is(err, incident.NotFound) {
			out = append(out, key.PK+"/"+key.SK)
		}
	}
	return out
}

type clockwork struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clockwork) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clockwork) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type randomness struct {
	mu sync.Mutex
	r  io.Reader
}

func (r *randomness) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.Read(p)
}

// tasks are waiting tasks: each token is answered once, and is unknown afterwards. crash makes the answer get lost.
type tasks struct {
	mu      sync.Mutex
	waiting map[string]bool
	out     map[string]workflow.Decision
	calls   int
	crash   func(before bool) error
}

func (k *tasks) start(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting[token] = true
}

func (k *tasks) Succeed(_ context.Context, token string, out workflow.Decision) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.crash != nil {
		if err := k.crash(true); err != nil {
			return err
		}
	}
	k.calls++
	if !k.waiting[token] {
		return incident.Errorf(incident.NotFound, "task timed out")
	}
	delete(k.waiting, token)
	k.out[token] = out
	if k.crash != nil {
		return k.crash(false)
	}
	return nil
}

// teller says each key once, like the real one.
type teller struct {
	mu      sync.Mutex
	notices []deliver.Notice
	seen    map[string]int
	fail    error
	crash   func(before bool) error
}

func (l *teller) Tell(_ context.Context, n deliver.Notice) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.crash != nil {
		if err := l.crash(true); err != nil {
			return err
		}
	}
	if l.seen[n.Key]++; l.seen[n.Key] == 1 {
		l.notices = append(l.notices, n)
	}
	if l.crash != nil {
		if err := l.crash(false); err != nil {
			return err
		}
	}
	return l.fail
}

// faulty is a store on a machine that dies: after left more effects everything fails. A negative left never does.
type faulty struct {
	kv.Store
	mu    sync.Mutex
	left  int
	after bool // the last effect happens, but its answer is lost
	dead  bool
}

var errDead = incident.Errorf(incident.Unavailable, "the process died")

// step counts one effect; before tells whether it is about to happen or has happened.
func (f *faulty) step(before bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return errDead
	}
	if f.left < 0 || before == f.after {
		return nil
	}
	if f.left--; f.left < 0 {
		f.dead = true
		return errDead
	}
	return nil
}

func (f *faulty) revive() { f.left, f.dead = -1, false }

func (f *faulty) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	if f.dead {
		return kv.Item{}, errDead
	}
	return f.Store.Get(ctx, key)
}

func (f *faulty) Commit(ctx context.Context, ops ...kv.Op) error {
	if err := f.step(true); err != nil {
		return err
	}
	if err := f.Store.Commit(ctx, ops...); err != nil {
		return err
	}
	return f.step(false)
}
