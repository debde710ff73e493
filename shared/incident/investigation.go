package incident

import "time"

// State is where an investigation stands.
type State string

// The states of an investigation. Completed, Failed, TimedOut and Cancelled are final.
const (
	Opened           State = "OPENED"
	Queued           State = "QUEUED"
	Investigating    State = "INVESTIGATING"
	RootCauseFound   State = "ROOT_CAUSE"
	Planning         State = "PLANNING"
	AwaitingApproval State = "AWAITING_APPROVAL"
	Completed        State = "COMPLETED"
	Failed           State = "FAILED"
	TimedOut         State = "TIMED_OUT"
	Cancelled        State = "CANCELLED"
)

// Final reports whether no further work will happen.
func (s State) Final() bool {
	return s == Completed || s == Failed || s == TimedOut || s == Cancelled
}

// Before reports whether the state comes earlier in an investigation's life than other. Final states come last.
func (s State) Before(other State) bool { return s.place() < other.place() }

func (s State) place() int {
	for i, at := range []State{Opened, Queued, Investigating, RootCauseFound, Planning, AwaitingApproval} {
		if s == at {
			return i
		}
	}
	return 6
}

// Running reports whether the investigation occupies a place under the space's cap.
func (s State) Running() bool {
	return s == Investigating || s == RootCauseFound || s == Planning
}

// Investigation is the head record: what it is about and where it stands. Evidence, conclusion and plan are kept apart
// and fetched by id.
type Investigation struct {
	ID          string    `json:"id"`
	Space       string    `json:"space"`
	Title       string    `json:"title"`
	Priority    Priority  `json:"priority"`
	Service     string    `json:"service,omitempty"`
	State       State     `json:"state"`
	StateReason string    `json:"state_reason,omitempty"`
	OpenedAt    time.Time `json:"opened_at"` // event time of the opening alarm
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Opener      Event     `json:"opener"`
	Follows     string    `json:"follows,omitempty"` // predecessor of a follow-up
	Ticket      string    `json:"ticket,omitempty"`  // number shown to people

	Admitted       bool   `json:"admitted,omitempty"` // it has a place under the space's cap
	StartConfirmed bool   `json:"start_confirmed"`    // the workflow execution is known to exist
	Outcome        string `json:"outcome,omitempty"`
	Summary        string `json:"summary,omitempty"` // one sentence, once concluded
	PlanHash       string `json:"plan_hash,omitempty"`
	ApprovalID     string `json:"approval_id,omitempty"`
}
