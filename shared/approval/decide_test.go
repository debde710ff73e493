package approval

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

var (
	noon      = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	approvers = config.Approvals{TwoFor: "high", Timeout: 4 * time.Hour, People: []config.Approver{
		{Name: "Ada", Email: "ada@example.com"}, {Name: "Ben", Email: "ben@example.com"}, {Name: "Cleo", Email: "cleo@example.com"},
	}}
)

func pending(needed int, requester string) incident.Approval {
	return incident.Approval{
		ID: "apr-1", Investigation: "inv-1", PlanHash: "hash", State: incident.Pending, Requester: requester,
		Needed: needed, CreatedAt: noon.Add(-time.Hour), ExpiresAt: noon.Add(time.Hour),
	}
}

func vote(who string, decision incident.ApprovalState) incident.Vote {
	return incident.Vote{Decision: decision, By: incident.Person{Subject: who, Method: "test"}, PlanHash: "hash"}
}

func with(a incident.Approval, fn func(*incident.Approval)) incident.Approval {
	fn(&a)
	return a
}

func TestDecide(t *testing.T) {
	const ada, ben = "ada@example.com", "ben@example.com"
	one, two := pending(1, Automatic), pending(2, Automatic)
	half := with(two, func(a *incident.Approval) { a.Votes = []incident.Vote{vote(ada, incident.Approved)} })
	ended := func(s incident.ApprovalState) incident.Approval {
		return with(one, func(a *incident.Approval) { a.State, a.Votes = s, []incident.Vote{vote(ben, s)} })
	}
	expired := with(one, func(a *incident.Approval) { a.State = incident.Expired })
	wrong := vote(ada, incident.Approved)
	wrong.PlanHash = "other"
	for _, c := range []struct {
		name   string
		a      incident.Approval
		vote   incident.Vote
		at     time.Time
		reason incident.ReasonName
		state  incident.ApprovalState
		counts bool
		late   int
	}{
		{"approve", one, vote(ada, incident.Approved), noon, Accepted, incident.Approved, true, 0},
		{"reject", one, vote(ada, incident.Rejected), noon, Accepted, incident.Rejected, true, 0},
		{"address in other case", one, vote(" Ada@Example.com ", incident.Approved), noon, Accepted, incident.Approved, true, 0},
		{"last moment", one, vote(ada, incident.Approved), one.ExpiresAt.Add(-1), Accepted, incident.Approved, true, 0},
		{"at expiry", one, vote(ada, incident.Approved), one.ExpiresAt, Expired, incident.Expired, false, 1},
		{"after expiry was stored", expired, vote(ada, incident.Approved), noon, TooLate, incident.Expired, false, 1},
		{"first of two", two, vote(ada, incident.Approved), noon, NeedsSecondPerson, incident.Pending, true, 0},
		{"second of two", half, vote(ben, incident.Approved), noon, Accepted, incident.Approved, true, 0},
		{"same person twice", half, vote("ADA@example.com", incident.Approved), noon, SamePersonTwice, incident.Pending, false, 0},
		{"one rejection ends two", half, vote(ben, incident.Rejected), noon, Accepted, incident.Rejected, true, 0},
		{"change of mind", half, vote(ada, incident.Rejected), noon, Accepted, incident.Rejected, true, 0},
		{"repeat of the decision", ended(incident.Approved), vote(ben, incident.Approved), noon, AlreadyDecided, incident.Approved, false, 0},
		{"against the decision", ended(incident.Approved), vote(ada, incident.Rejected), noon, AlreadyDecided, incident.Approved, false, 1},
		{"approve what was rejected", ended(incident.Rejected), vote(ada, incident.Approved), noon, AlreadyDecided, incident.Rejected, false, 1},
		{"superseded", ended(incident.Superseded), vote(ada, incident.Approved), noon, Superseded, incident.Superseded, false, 0},
		{"other plan", one, wrong, noon, PlanChanged, incident.Pending, false, 0},
		{"stranger", one, vote("eve@example.com", incident.Approved), noon, NotAnApprover, incident.Pending, false, 0},
		{"nobody", one, vote("", incident.Approved), noon, NotAnApprover, incident.Pending, false, 0},
		{"stranger rejects", one, vote("eve@example.com", incident.Rejected), noon, NotAnApprover, incident.Pending, false, 0},
		{"own plan", pending(1, "Ada@example.com"), vote(ada, incident.Approved), noon, OwnPlan, incident.Pending, false, 0},
		{"withdraw own plan", pending(1, ada), vote(ada, incident.Rejected), noon, Accepted, incident.Rejected, true, 0},
		{"no decision", one, vote(ada, ""), noon, Unclear, incident.Pending, false, 0},
		{"odd decision", one, vote(ada, "approved"), noon, Unclear, incident.Pending, false, 0},
		{"vote to expire", one, vote(ada, incident.Expired), noon, Unclear, incident.Pending, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := c.a
			got, verdict := Decide(c.at, c.a, c.vote, approvers)
			if verdict.Reason != c.reason || got.State != c.state || verdict.Accepted != c.counts || len(got.Late) != c.late {
				t.Errorf("%s, %s, counts %v, %d late; want %s, %s, %v, %d", verdict.Reason, got.State, verdict.Accepted, len(got.Late), c.reason, c.state, c.counts, c.late)
			}
			if verdict.Detail == "" {
				t.Error("a verdict without a sentence for the person")
			}
			if changed := !cmp.Equal(before, got); changed != verdict.Changed {
				t.Errorf("Changed is %v, but the approval changed: %v", verdict.Changed, changed)
			}
			if decided := before.State == incident.Pending && got.State != incident.Pending; decided != verdict.Decided {
				t.Errorf("Decided is %v, want %v", verdict.Decided, decided)
			}
		})
	}
}

// TestDecideRules checks what must hold for every sequence of votes.
func TestDecideRules(t *testing.T) {
	people := []string{"ada@example.com", "ben@example.com", "cleo@example.com", "eve@example.com", "ADA@example.com", ""}
	decisions := []incident.ApprovalState{incident.Approved, incident.Rejected, incident.Expired, ""}
	rapid.Check(t, func(t *rapid.T) {
		a := pending(rapid.IntRange(1, 2).Draw(t, "needed"), rapid.SampledFrom([]string{Automatic, "ben@example.com"}).Draw(t, "requester"))
		now := noon
		for range rapid.IntRange(1, 12).Draw(t, "votes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes")) * time.Minute)
			v := vote(rapid.SampledFrom(people).Draw(t, "who"), rapid.SampledFrom(decisions).Draw(t, "decision"))
			v.PlanHash = rapid.SampledFrom([]string{"hash", "hash", "hash", "other"}).Draw(t, "hash")
			before := a
			next, verdict := Decide(now, a, v, approvers)
			if before.State != incident.Pending && (next.State != before.State || !cmp.Equal(next.Votes, before.Votes)) {
				t.Fatalf("a decided approval changed: %v -> %v", before, next)
			}
			if verdict.Accepted && (v.PlanHash != a.PlanHash || !now.Before(a.ExpiresAt) || !approvers.IsApprover(v.By.Subject)) {
				t.Fatalf("accepted %v", v)
			}
			a = next
		}
		checkApproved(t, a)
	})
}

func checkApproved(t *rapid.T, a incident.Approval) {
	if a.State != incident.Approved {
		return
	}
	who := map[string]bool{}
	for _, v := range a.Votes {
		if v.Decision != incident.Approved || v.PlanHash != a.PlanHash || v.By.Subject == a.Requester || v.By.Subject != strings.ToLower(v.By.Subject) {
			t.Fatalf("approved with vote %v", v)
		}
		who[v.By.Subject] = true
	}
	if len(who) < a.Needed {
		t.Fatalf("approved by %d people, need %d", len(who), a.Needed)
	}
}
