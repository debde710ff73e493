package approval

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
)

// TestCrashAnywhere stops the process before or after each effect (commit, message, answer to the workflow) of the way
// from proposal to decision, then goes on as the platform does: the task is retried with a new token, the person repeats,
// sweep runs. In the end there is one decision, the waiting task has it, and nothing is left over.
func TestCrashAnywhere(t *testing.T) {
	for _, after := range []bool{false, true} {
		points := 0
		for point := 0; crashAt(t, point, after); point++ {
			points++
		}
		if points < 10 {
			t.Errorf("only %d crash points with after=%v: the way is longer than that", points, after)
		}
	}
}

// crashAt runs the way with a crash at one effect; it reports whether the crash happened at all.
func crashAt(t *testing.T, point int, after bool) bool {
	w := newWorld(t)
	name := fmt.Sprintf("crash at effect %d, after=%v", point, after)
	w.store.left, w.store.after = point, after
	w.tasks.crash, w.told.crash = w.store.step, w.store.step
	ctx := context.Background()
	s := w.service()
	waiting := "task-1"
	w.tasks.start(waiting)
	err := s.Propose(ctx, workflow.Proposal{ID: "inv-1", Token: waiting})
	if err != nil { // the failed task is retried
		w.store.revive()
		delete(w.tasks.waiting, waiting)
		waiting = "task-2"
		w.tasks.start(waiting)
		if err := s.Propose(ctx, workflow.Proposal{ID: "inv-1", Token: waiting}); err != nil {
			t.Fatalf("%s: propose again: %v", name, err)
		}
	}
	a := w.approvalBehind()
	_, _, err = s.Decide(ctx, a.ID, a.PlanHash, incident.Approved, incident.Person{Subject: "ada@example.com"}, "")
	crashed := w.store.dead || err != nil || waiting == "task-2"
	w.store.revive()
	if err != nil {
		if _, _, err = s.Decide(ctx, a.ID, a.PlanHash, incident.Approved, incident.Person{Subject: "ada@example.com"}, ""); err != nil {
			t.Fatalf("%s: decide again: %v", name, err)
		}
	}
	w.clock.pass(2 * time.Minute)
	w.sweep()
	w.checkOver(name, waiting)
	return crashed
}

// approvalBehind reads the current approval past a store that may be dead.
func (w *world) approvalBehind() incident.Approval {
	dead := w.store.dead
	w.store.dead = false
	a := w.current()
	w.store.dead = dead
	return a
}

func (w *world) checkOver(name, waiting string) {
	t := w.t
	final := w.current()
	if final.State != incident.Approved || len(final.Votes) != 1 {
		t.Errorf("%s: %s with %d votes", name, final.State, len(final.Votes))
	}
	if got := w.tasks.out[waiting].Decision; got != "APPROVED" || len(w.tasks.out) != 1 {
		t.Errorf("%s: tasks got %v, want %s approved", name, w.tasks.out, waiting)
	}
	if final.Workflow != incident.Resumed && final.Workflow != incident.Unclear {
		t.Errorf("%s: workflow %q", name, final.Workflow)
	}
	if len(w.told.notices) != 1 {
		t.Errorf("%s: told %d times", name, len(w.told.notices))
	}
	if left := w.leftovers(final.ID); left != nil {
		t.Errorf("%s: left over: %v", name, left)
	}
	if s := w.told.notices[0].Secret; !w.service().CheckSecret(context.Background(), final.ID, s) {
		t.Errorf("%s: the mail that was sent does not open the page", name)
	}
}
