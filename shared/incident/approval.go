package incident

import "time"

// ApprovalState is where an approval stands. Everything but Approved means: not approved.
type ApprovalState string

// The approval states.
const (
	Pending    ApprovalState = "PENDING"
	Approved   ApprovalState = "APPROVED"
	Rejected   ApprovalState = "REJECTED"
	Expired    ApprovalState = "EXPIRED"
	Superseded ApprovalState = "SUPERSEDED"
)

// Person is who decided and how we know.
type Person struct {
	Subject string `json:"subject"` // stable id: mail address or directory subject
	Name    string `json:"name,omitempty"`
	Method  string `json:"method"` // oidc, slack, cli, "possession of mailbox", demo
}

// Vote is one person's decision on the exact plan with hash PlanHash.
type Vote struct {
	Decision ApprovalState `json:"decision"` // Approved or Rejected
	By       Person        `json:"by"`
	At       time.Time     `json:"at"`
	Comment  string        `json:"comment,omitempty"`
	PlanHash string        `json:"plan_hash"`
	Late     bool          `json:"late,omitempty"` // came after the approval ended; recorded, without effect
}

// Approval is one decision on one exact plan.
type Approval struct {
	ID            string        `json:"id"`
	Investigation string        `json:"investigation"`
	PlanHash      string        `json:"plan_hash"` // SHA-256, hex, of the plan's canonical JSON
	State         ApprovalState `json:"state"`
	Requester     string        `json:"requester"`
	Needed        int           `json:"needed"` // distinct people needed to approve: 1, or 2 for high risk
	Votes         []Vote        `json:"votes,omitempty"`
	Late          []Vote        `json:"late,omitempty"`
	CreatedAt     time.Time     `json:"created_at"`
	ExpiresAt     time.Time     `json:"expires_at"`
	DecidedAt     time.Time     `json:"decided_at,omitzero"`
	Workflow      Handover      `json:"workflow,omitempty"`
}

// Handover is what became of a decision at the workflow that waits for it. Empty: it was not told yet.
type Handover string

// The handovers.
const (
	Resumed Handover = "resumed" // it took the decision
	TooLate Handover = "late"    // it had gone on without it; the decision is recorded and has no effect
	Unclear Handover = "unclear" // the answer to an earlier attempt was lost, and it no longer waits
)
