package approval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
)

func crowd(n int) config.Approvals {
	out := approvers
	out.People = nil
	for i := range n {
		out.People = append(out.People, config.Approver{Email: fmt.Sprintf("p%d@example.com", i)})
	}
	return out
}

// TestHundredAtOnce (T16): a hundred people approve and reject at the same moment, some twice, some the wrong plan,
// while the task is proposed again and sweeps run. Exactly one decision holds and everybody is told the same.
func TestHundredAtOnce(t *testing.T) {
	w := newWorld(t)
	w.deps.Space.Approvals = crowd(100)
	a := w.propose("task-0")
	var wg sync.WaitGroup
	var mu sync.Mutex
	accepted, seen := 0, map[incident.ApprovalState]int{}
	s := w.service()
	for i := range 100 {
		wg.Go(func() {
			decision, hash := incident.Approved, a.PlanHash
			if i%2 == 1 {
				decision = incident.Rejected
			}
			if i%10 == 4 {
				hash = "0000"
			}
			for range 1 + i%3/2 {
				got, v, err := s.Decide(context.Background(), a.ID, hash, decision, incident.Person{Subject: fmt.Sprintf("p%d@example.com", i)}, "")
				mu.Lock()
				switch {
				case err != nil:
					t.Error(err)
				case v.Accepted:
					accepted++
				}
				if hash == a.PlanHash {
					seen[got.State]++
				} else if v.Reason != PlanChanged {
					t.Errorf("wrong plan: %s", v.Reason)
				}
				mu.Unlock()
			}
		})
	}
	wg.Go(func() { w.sweep() })
	wg.Wait()
	final := w.current()
	if accepted != 1 || len(final.Votes) != 1 || len(seen) != 1 || seen[final.State] == 0 {
		t.Errorf("%d accepted, votes %v, states seen %v", accepted, final.Votes, seen)
	}
	if w.tasks.calls != 1 || w.tasks.out["task-0"].Decision != string(final.State) || final.Workflow != incident.Resumed {
		t.Errorf("workflow told %d times: %+v (%s)", w.tasks.calls, w.tasks.out, final.Workflow)
	}
}

// TestProposalsAtOnce: attempts of one task that overlap make one approval and one message.
func TestProposalsAtOnce(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := w.service().Propose(context.Background(), workflow.Proposal{ID: "inv-1", Token: fmt.Sprint("task-", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(w.told.notices) != 1 || len(w.told.seen) != 1 {
		t.Errorf("told %v", w.told.seen)
	}
}

type ballot struct {
	who      int
	decision incident.ApprovalState
}

type answer struct {
	state    incident.ApprovalState
	accepted bool
}

// election is what the service must look like from outside: votes of a space that needs two approvals, one at a time.
var election = porcupine.Model{
	Init: func() any { return "" }, // who approved so far, or the final state
	Step: func(state, in, out any) (bool, any) {
		st, b, a := state.(string), in.(ballot), out.(answer)
		next, want := st, answer{state: incident.Pending}
		switch {
		case st == "APPROVED" || st == "REJECTED":
			want.state = incident.ApprovalState(st)
		case b.decision == incident.Rejected:
			next, want = "REJECTED", answer{incident.Rejected, true}
		case st == "":
			next, want.accepted = fmt.Sprint(b.who), true
		case st != fmt.Sprint(b.who):
			next, want = "APPROVED", answer{incident.Approved, true}
		}
		return a == want, next
	},
}

// TestLinearizable (T16): many small races of five people against one approval that needs two; every history of answers
// must be explained by some order of the votes.
func TestLinearizable(t *testing.T) {
	for seed := range uint64(60) {
		w := newWorld(t)
		w.deps.Space.Approvals = crowd(5)
		p := samplePlan()
		p.Risk = incident.RiskHigh
		w.plan(p)
		a := w.propose("task-1")
		history := race(w, a, rand.New(rand.NewPCG(seed, 1)))
		if !porcupine.CheckOperations(election, history) {
			t.Fatalf("seed %d: no order of the votes explains %+v", seed, history)
		}
		final := w.current()
		if decided := final.State != incident.Pending; decided != (w.tasks.calls == 1) || (decided && w.tasks.out["task-1"].Decision != string(final.State)) {
			t.Fatalf("seed %d: %s, workflow told %d times: %v", seed, final.State, w.tasks.calls, w.tasks.out)
		}
	}
}

func race(w *world, a incident.Approval, rng *rand.Rand) []porcupine.Operation {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var history []porcupine.Operation
	begin := time.Now()
	s := w.service()
	for client := range 5 {
		votes := []ballot{}
		for range 2 {
			b := ballot{client, incident.Approved}
			if rng.IntN(4) == 0 {
				b.decision = incident.Rejected
			}
			votes = append(votes, b)
		}
		wg.Go(func() {
			for _, b := range votes {
				call := time.Since(begin).Nanoseconds()
				got, v, err := s.Decide(context.Background(), a.ID, a.PlanHash, b.decision, incident.Person{Subject: fmt.Sprintf("p%d@example.com", b.who)}, "")
				back := time.Since(begin).Nanoseconds()
				if err != nil {
					w.t.Error(err)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: b, Call: call, Output: answer{got.State, v.Accepted}, Return: back})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return history
}
