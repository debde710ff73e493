package kms

import "context"

// Tokens seals task tokens for approvals: the approval's id is the encryption context, so that a token moved to another
// approval does not open there.
type Tokens struct{ *Box }

// Seal encrypts a token for the approval.
func (t Tokens) Seal(ctx context.Context, approval string, plain []byte) ([]byte, error) {
	return t.Box.Seal(ctx, plain, map[string]string{"approval": approval})
}

// Open decrypts a token of the approval.
func (t Tokens) Open(ctx context.Context, approval string, sealed []byte) ([]byte, error) {
	return t.Box.Open(ctx, sealed, map[string]string{"approval": approval})
}
