package approval

import (
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// The reasons of a verdict.
const (
	Accepted          incident.ReasonName = "accepted"            // this vote decided
	NeedsSecondPerson incident.ReasonName = "needs_second_person" // counted; another person must approve too
	AlreadyDecided    incident.ReasonName = "already_decided"     // somebody was first
	TooLate           incident.ReasonName = "late"                // the approval had expired before
	Expired           incident.ReasonName = "expired"             // the approval expires now, at this vote
	Superseded        incident.ReasonName = "superseded"          // a newer plan replaced this one
	PlanChanged       incident.ReasonName = "plan_changed"        // the vote names another plan than the one asked about
	NotAnApprover     incident.ReasonName = "not_an_approver"
	OwnPlan           incident.ReasonName = "own_plan" // nobody approves a plan that they asked for
	SamePersonTwice   incident.ReasonName = "same_person_twice"
	Unclear           incident.ReasonName = "unclear" // neither approve nor reject
)

// Automatic is the requester of plans that nobody asked for: anyone on the list may approve them.
const Automatic = "firefinder"

// maxLate bounds the votes that are kept although they had no effect.
const maxLate = 20

// Verdict says what became of one vote.
type Verdict struct {
	Accepted bool // the vote counts
	Decided  bool // the approval left PENDING with it
	Changed  bool // there is something to store
	Reason   incident.ReasonName
	Detail   string // a sentence for the person who voted
}

// Decide says what a vote means for an approval and returns the approval as it should be stored. It does no I/O; equal
// inputs give equal answers. Only Accepted votes count; whatever is in doubt is not an approval. A rejection by one
// person decides, however many are needed to approve. Votes against an approval that ended are kept in Late.
func Decide(now time.Time, a incident.Approval, vote incident.Vote, approvers config.Approvals) (incident.Approval, Verdict) {
	vote.At = now
	vote.By.Subject = normal(vote.By.Subject)
	if v, refused := refuse(a, vote, approvers); refused {
		return a, v
	}
	if a.State != incident.Pending {
		return ended(a, vote)
	}
	if !now.Before(a.ExpiresAt) {
		a = Expire(now, a)
		a.Late = keepLate(a.Late, vote)
		return a, Verdict{Decided: true, Changed: true, Reason: Expired, Detail: "The approval expired at " + clock(a.ExpiresAt) + ". Your decision was recorded without effect."}
	}
	if vote.Decision == incident.Rejected {
		return decided(a, vote), Verdict{Accepted: true, Decided: true, Changed: true, Reason: Accepted, Detail: "You rejected the plan."}
	}
	return approve(a, vote)
}

// Expire is the approval after nobody decided in time.
func Expire(now time.Time, a incident.Approval) incident.Approval {
	a.State, a.DecidedAt = incident.Expired, now
	return a
}

// refuse covers votes that are nobody's to cast: they leave no trace in the approval.
func refuse(a incident.Approval, vote incident.Vote, approvers config.Approvals) (Verdict, bool) {
	no := func(name incident.ReasonName, detail string) (Verdict, bool) {
		return Verdict{Reason: name, Detail: detail}, true
	}
	switch {
	case vote.Decision != incident.Approved && vote.Decision != incident.Rejected:
		return no(Unclear, "The decision was neither approve nor reject, so nothing was decided.")
	case vote.By.Subject == "" || !approvers.IsApprover(vote.By.Subject):
		return no(NotAnApprover, "This address is not on the space's list of approvers. Ask one of them, or have the list changed.")
	case vote.PlanHash != a.PlanHash:
		return no(PlanChanged, "The decision names another plan than this approval asks about. Reload the page and read the plan again.")
	case vote.Decision == incident.Approved && vote.By.Subject == normal(a.Requester):
		return no(OwnPlan, "You asked for this plan, so another approver has to approve it.")
	}
	return Verdict{}, false
}

// ended answers a vote on an approval that is no longer pending.
func ended(a incident.Approval, vote incident.Vote) (incident.Approval, Verdict) {
	switch a.State {
	case incident.Superseded:
		return a, Verdict{Reason: Superseded, Detail: "A newer plan replaced this one. Open the message about the newer plan."}
	case incident.Expired:
		late := keepLate(a.Late, vote)
		changed := len(late) > len(a.Late)
		a.Late = late
		return a, Verdict{Changed: changed, Reason: TooLate, Detail: "The approval expired at " + clock(a.ExpiresAt) + ". Your decision was recorded without effect."}
	}
	v := Verdict{Reason: AlreadyDecided, Detail: "The plan was already " + strings.ToLower(string(a.State)) + by(a) + "."}
	if vote.Decision != a.State { // somebody disagrees with what was decided: worth keeping
		late := keepLate(a.Late, vote)
		v.Changed = len(late) > len(a.Late)
		a.Late = late
	}
	return a, v
}

func approve(a incident.Approval, vote incident.Vote) (incident.Approval, Verdict) {
	if slices.ContainsFunc(a.Votes, func(v incident.Vote) bool { return v.By.Subject == vote.By.Subject }) {
		return a, Verdict{Reason: SamePersonTwice, Detail: "You approved this plan already. A second person has to approve it too."}
	}
	if len(a.Votes)+1 < a.Needed {
		a.Votes = append(slices.Clone(a.Votes), vote)
		return a, Verdict{Accepted: true, Changed: true, Reason: NeedsSecondPerson, Detail: "Your approval was recorded. The plan's risk asks for a second person, who has not approved yet."}
	}
	return decided(a, vote), Verdict{Accepted: true, Decided: true, Changed: true, Reason: Accepted, Detail: "You approved the plan."}
}

func decided(a incident.Approval, vote incident.Vote) incident.Approval {
	a.Votes = append(slices.Clone(a.Votes), vote)
	a.State, a.DecidedAt = vote.Decision, vote.At
	return a
}

// keepLate keeps a person's first late vote of each kind, up to a bound.
func keepLate(late []incident.Vote, vote incident.Vote) []incident.Vote {
	same := func(v incident.Vote) bool { return v.By.Subject == vote.By.Subject && v.Decision == vote.Decision }
	if len(late) >= maxLate || slices.ContainsFunc(late, same) {
		return late
	}
	vote.Late = true
	return append(slices.Clone(late), vote)
}

// by names who decided and when.
func by(a incident.Approval) string {
	if len(a.Votes) == 0 {
		return ""
	}
	last := a.Votes[len(a.Votes)-1]
	name := last.By.Name
	if name == "" {
		name = last.By.Subject
	}
	return " by " + name + " at " + clock(last.At)
}

func clock(t time.Time) string { return t.UTC().Format("15:04 UTC on 2 January 2006") }

// normal is the form in which mail addresses are compared and stored.
func normal(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
