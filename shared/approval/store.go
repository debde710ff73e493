package approval

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// maxSecrets bounds how many mails about one approval stay valid: as many as a proposal is attempted.
const maxSecrets = 8

// stored is an approval with what only this package reads.
type stored struct {
	incident.Approval
	Secrets []string  `json:"secrets,omitempty"` // SHA-256 of the secrets in mails
	ToldAt  time.Time `json:"told_at,omitzero"`  // when approvers were told
}

// outbox is a decision that has not reached the workflow.
type outbox struct {
	Decision incident.ApprovalState `json:"decision"`
	Attempts int                    `json:"attempts"` // that were begun
	Begun    time.Time              `json:"begun,omitzero"`
}

// entry lists an approval that is not over.
type entry struct {
	Investigation string    `json:"investigation"`
	ExpiresAt     time.Time `json:"expires_at"`
}

type token struct {
	Sealed []byte `json:"sealed"`
}

func metaKey(id string) kv.Key   { return kv.Key{PK: "APPROVAL#" + id, SK: "META"} }
func tokenKey(id string) kv.Key  { return kv.Key{PK: "APPROVAL#" + id, SK: "TOKEN"} }
func outboxKey(id string) kv.Key { return kv.Key{PK: "APPROVAL#" + id, SK: "OUTBOX"} }
func listKey(id string) kv.Key   { return kv.Key{PK: listPartition, SK: id} }

const listPartition = "APPROVALS"

func (s *Service) load(ctx context.Context, id string) (stored, int64, error) {
	var a stored
	if id == "" || len(id) > 64 {
		return a, 0, incident.Errorf(incident.NotFound, "this is no approval id; open the link from the message again")
	}
	v, found, err := kv.Read(ctx, s.d.Store, metaKey(id), &a)
	if err == nil && !found {
		err = incident.Errorf(incident.NotFound, "approval %s does not exist; open the link from the message again", id)
	}
	return a, v, err
}

// Get reads an approval. NotFound when there is none.
func (s *Service) Get(ctx context.Context, id string) (incident.Approval, error) {
	a, _, err := s.load(ctx, id)
	return a.Approval, err
}

// Plan reads the exact bytes an approval asks about, verifies their hash and decodes them.
func (s *Service) Plan(ctx context.Context, a incident.Approval) (incident.Plan, []byte, error) {
	return ReadPlan(ctx, s.d.Blob, a.PlanHash)
}

// CheckSecret reports whether the secret is one that was mailed about this approval. It takes the same time for every
// wrong secret; any failure to read counts as wrong.
func (s *Service) CheckSecret(ctx context.Context, id, secret string) bool {
	a, _, err := s.load(ctx, id)
	sum := []byte(secretSum(secret))
	right := 0
	for _, want := range a.Secrets {
		right |= subtle.ConstantTimeCompare(sum, []byte(want))
	}
	return err == nil && right == 1
}

func secretSum(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
