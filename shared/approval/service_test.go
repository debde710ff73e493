package approval

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
)

func TestProposeAsksOnce(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-1")
	if a.State != incident.Pending || a.Needed != 1 || a.Requester != Automatic || !a.ExpiresAt.Equal(noon.Add(4*time.Hour-Margin)) {
		t.Errorf("approval %+v", a)
	}
	inv, err := record.Get(t.Context(), w.store, "inv-1")
	if err != nil || inv.State != incident.AwaitingApproval || inv.ApprovalID != a.ID {
		t.Errorf("investigation %s, approval %q, %v", inv.State, inv.ApprovalID, err)
	}
	if again := w.propose("task-2"); again.ID != a.ID {
		t.Errorf("a repeat made approval %s beside %s", again.ID, a.ID)
	}
	if len(w.told.notices) != 1 || w.told.seen["proposal/"+a.ID] != 1 {
		t.Fatalf("told %v", w.told.seen)
	}
	n := w.told.notices[0]
	if n.Kind != deliver.Proposal || n.Link != "https://fire.example.com/approve/"+a.ID || n.Code != Code(a.PlanHash) || n.Plan == nil || n.Approval.ID != a.ID {
		t.Errorf("notice %+v", n)
	}
	if !w.service().CheckSecret(t.Context(), a.ID, n.Secret) || w.service().CheckSecret(t.Context(), a.ID, n.Secret+"x") || w.service().CheckSecret(t.Context(), "apr-other", n.Secret) || w.service().CheckSecret(t.Context(), a.ID, "") {
		t.Error("the secret in the mail must open its own approval and nothing else")
	}
	w.vote(a, "ada@example.com", incident.Approved)
	if _, answered := w.tasks.out["task-1"]; answered {
		t.Error("the task of the first attempt was answered; it is gone")
	}
	if got := w.tasks.out["task-2"]; got != (workflow.Decision{ID: "inv-1", Decision: "APPROVED"}) {
		t.Errorf("task-2 got %+v", got)
	}
}

// TestNothingReadableAtRest: neither task token nor mail secret stands in the store or in the log.
func TestNothingReadableAtRest(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-token-plain")
	items, err := w.store.Query(t.Context(), "APPROVAL#"+a.ID, "", kv.Page{})
	if err != nil || len(items) != 2 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	w.vote(a, "ada@example.com", incident.Approved)
	text := w.logs.String()
	for _, item := range items {
		text += string(item.Body)
	}
	for _, secret := range []string{"task-token-plain", w.told.notices[0].Secret} {
		if strings.Contains(text, secret) {
			t.Errorf("found %q in %s", secret, text)
		}
	}
	if left := w.leftovers(a.ID); left != nil {
		t.Errorf("left over: %v", left)
	}
}

func TestChangedPlanSupersedes(t *testing.T) {
	w := newWorld(t)
	old := w.propose("task-1")
	p := samplePlan()
	p.Version, p.Risk = 2, incident.RiskHigh
	w.plan(p)
	next := w.propose("task-2")
	if next.ID == old.ID || next.Needed != 2 {
		t.Fatalf("new approval %+v", next)
	}
	if got := w.tasks.out["task-1"].Decision; got != "SUPERSEDED" {
		t.Errorf("the old task got %q", got)
	}
	a, v := w.vote(old, "ada@example.com", incident.Approved)
	if v.Reason != Superseded || a.State != incident.Superseded || v.Accepted {
		t.Errorf("vote on the old plan: %s, %s", v.Reason, a.State)
	}
	old.PlanHash = next.PlanHash // a page that was edited by hand
	if _, v := w.vote(old, "ada@example.com", incident.Approved); v.Reason != PlanChanged {
		t.Errorf("vote with the hash of another plan: %s", v.Reason)
	}
	if _, v := w.vote(next, "ada@example.com", incident.Approved); v.Reason != NeedsSecondPerson {
		t.Errorf("first of two: %s", v.Reason)
	}
	if _, answered := w.tasks.out["task-2"]; answered {
		t.Error("one of two people resumed the workflow")
	}
	if _, v := w.vote(next, "ben@example.com", incident.Approved); v.Reason != Accepted {
		t.Errorf("second of two: %s", v.Reason)
	}
	if len(w.told.notices) != 2 || w.tasks.out["task-2"].Decision != "APPROVED" {
		t.Errorf("told %d times, task-2 got %+v", len(w.told.notices), w.tasks.out["task-2"])
	}
}

func TestReturnToAnOlderPlanAsksAgain(t *testing.T) {
	w := newWorld(t)
	first := w.propose("task-1")
	p := samplePlan()
	p.Version = 2
	w.plan(p)
	w.propose("task-2")
	w.plan(samplePlan())
	third := w.propose("task-3")
	if third.ID == first.ID || third.State != incident.Pending || third.PlanHash != first.PlanHash {
		t.Errorf("third approval %+v", third)
	}
}

func TestExpiry(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-1")
	w.clock.pass(4*time.Hour - Margin - time.Second)
	w.sweep()
	if w.current().State != incident.Pending {
		t.Fatal("expired too early")
	}
	w.clock.pass(time.Second)
	w.sweep()
	w.sweep()
	if got := w.current(); got.State != incident.Expired || got.Workflow != incident.Resumed || w.tasks.out["task-1"].Decision != "EXPIRED" {
		t.Errorf("%+v, task got %+v", got, w.tasks.out)
	}
	got, v := w.vote(a, "ada@example.com", incident.Approved)
	if v.Reason != TooLate || len(got.Late) != 1 || !got.Late[0].Late {
		t.Errorf("%s, late %+v", v.Reason, got.Late)
	}
	if left := w.leftovers(a.ID); left != nil || w.tasks.calls != 1 {
		t.Errorf("left over: %v, workflow told %d times", left, w.tasks.calls)
	}
}

// TestVoteAfterTimeWithoutSweep: the vote itself finds that time is over, and the workflow is told.
func TestVoteAfterTimeWithoutSweep(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-1")
	w.clock.pass(5 * time.Hour)
	got, v := w.vote(a, "ada@example.com", incident.Approved)
	if v.Reason != Expired || got.State != incident.Expired || w.tasks.out["task-1"].Decision != "EXPIRED" {
		t.Errorf("%s, %s, task got %+v", v.Reason, got.State, w.tasks.out)
	}
}

func TestWorkflowThatWentOn(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-1")
	delete(w.tasks.waiting, "task-1")
	w.vote(a, "ada@example.com", incident.Approved)
	w.clock.pass(time.Hour)
	w.sweep()
	got := w.current()
	if got.Workflow != incident.TooLate || w.tasks.calls != 1 {
		t.Errorf("workflow %q after %d calls", got.Workflow, w.tasks.calls)
	}
	if left := w.leftovers(a.ID); left != nil {
		t.Errorf("left over: %v", left)
	}
}

// TestProposeAfterDecision: a task that was retried while somebody decided is answered at once.
func TestProposeAfterDecision(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-1")
	w.vote(a, "ada@example.com", incident.Rejected)
	if again := w.propose("task-2"); again.ID != a.ID || again.State != incident.Rejected {
		t.Errorf("%+v", again)
	}
	if w.tasks.out["task-2"].Decision != "REJECTED" || len(w.told.notices) != 1 || w.leftovers(a.ID) != nil {
		t.Errorf("task-2 got %+v, told %d times, left %v", w.tasks.out["task-2"], len(w.told.notices), w.leftovers(a.ID))
	}
}

// TestProposeMayNotAnswer: where the step that asks has no right to answer tasks, a sweep elsewhere does it.
func TestProposeMayNotAnswer(t *testing.T) {
	w := newWorld(t)
	old := w.propose("task-1")
	resume := w.deps.Resume
	w.deps.Resume = nil
	p := samplePlan()
	p.Version = 2
	w.plan(p)
	next := w.propose("task-2")
	w.vote(next, "ada@example.com", incident.Rejected)
	w.propose("task-3")
	if len(w.tasks.out) != 0 {
		t.Errorf("answered %v", w.tasks.out)
	}
	w.deps.Resume = resume
	w.sweep()
	if w.tasks.out["task-1"].Decision != "SUPERSEDED" || w.tasks.out["task-3"].Decision != "REJECTED" || w.leftovers(old.ID) != nil || w.leftovers(next.ID) != nil {
		t.Errorf("answered %v", w.tasks.out)
	}
}

func TestProposeAfterExpiryAsksAgain(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-1")
	w.clock.pass(5 * time.Hour)
	w.sweep()
	if again := w.propose("task-2"); again.ID == a.ID || again.State != incident.Pending || !again.ExpiresAt.After(w.clock.Now()) {
		t.Errorf("%+v", again)
	}
}

// TestTellFails: the repeat tells again, and whichever mail arrived opens the page.
func TestTellFails(t *testing.T) {
	w := newWorld(t)
	w.told.fail = incident.Errorf(incident.Unavailable, "mail server is away")
	w.tasks.start("task-1")
	if err := w.service().Propose(t.Context(), workflow.Proposal{ID: "inv-1", Token: "task-1"}); !incident.Is(err, incident.Unavailable) {
		t.Fatalf("%v", err)
	}
	first := w.told.notices[0].Secret
	w.told.fail, w.told.seen = nil, map[string]int{}
	a := w.propose("task-2")
	second := w.told.notices[1].Secret
	if first == second || !w.service().CheckSecret(t.Context(), a.ID, first) || !w.service().CheckSecret(t.Context(), a.ID, second) {
		t.Error("both mails must open the page")
	}
}

func TestProposeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		class  incident.Class
		change func(*incident.Investigation)
	}{
		"no plan":      {incident.NotFound, func(inv *incident.Investigation) { inv.PlanHash = blob.Hash(nil) }},
		"cancelled":    {incident.Denied, func(inv *incident.Investigation) { inv.State = incident.Cancelled }},
		"lost pointer": {incident.NotFound, func(inv *incident.Investigation) { inv.ApprovalID = "apr-none" }},
	} {
		w := newWorld(t)
		_, err := record.Update(t.Context(), w.store, noon, "inv-1", func(inv *incident.Investigation) error { c.change(inv); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := w.service().Propose(t.Context(), workflow.Proposal{ID: "inv-1", Token: "t"}); !incident.Is(err, c.class) {
			t.Errorf("%s: %v", name, err)
		}
		if len(w.told.notices) != 0 {
			t.Errorf("%s: somebody was asked", name)
		}
	}
	w := newWorld(t)
	if err := w.service().Propose(t.Context(), workflow.Proposal{ID: "inv-none"}); !incident.Is(err, incident.NotFound) {
		t.Errorf("unknown investigation: %v", err)
	}
	if _, _, err := w.service().Decide(t.Context(), "apr-none", "h", incident.Approved, incident.Person{}, ""); !incident.Is(err, incident.NotFound) {
		t.Errorf("unknown approval: %v", err)
	}
}

func TestJournalTellsTheStory(t *testing.T) {
	w := newWorld(t)
	a := w.propose("task-1")
	w.vote(a, "ada@example.com", incident.Approved)
	w.vote(a, "ben@example.com", incident.Rejected)
	w.vote(a, "ben@example.com", incident.Rejected)
	records, err := journal.Read(t.Context(), w.store, "inv-1")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range records {
		keys = append(keys, strings.ReplaceAll(r.Key, a.ID, "*"))
	}
	want := "proposed/* vote/*/APPROVED/ada@example.com decided/* vote/*/REJECTED/ben@example.com"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("journal: %s\nwant     %s", got, want)
	}
	if err := journal.Verify(records, ""); err != nil {
		t.Error(err)
	}
}

func TestLocalKey(t *testing.T) {
	w := newWorld(t)
	k := w.deps.Tokens
	ctx := context.Background()
	one, _ := k.Seal(ctx, []byte("token"), about("apr-1"))
	two, _ := k.Seal(ctx, []byte("token"), about("apr-1"))
	if string(one) == string(two) {
		t.Error("the same token sealed twice looks the same")
	}
	if plain, err := k.Open(ctx, one, about("apr-1")); err != nil || string(plain) != "token" {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := k.Open(ctx, one, about("apr-2")); !incident.Is(err, incident.Invalid) {
		t.Errorf("opened for another approval: %v", err)
	}
	for i := range one {
		changed := append([]byte(nil), one...)
		changed[i] ^= 1
		if _, err := k.Open(ctx, changed, about("apr-1")); !incident.Is(err, incident.Invalid) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	if _, err := k.Open(ctx, one[:5], about("apr-1")); !incident.Is(err, incident.Invalid) {
		t.Errorf("short: %v", err)
	}
	if _, err := NewLocalKey(make([]byte, 16), nil); !incident.Is(err, incident.Invalid) {
		t.Errorf("short key: %v", err)
	}
}
