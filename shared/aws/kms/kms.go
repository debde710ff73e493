// Package kms encrypts small secrets, such as task tokens, directly under one KMS key.
package kms

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

// MaxPlain is the most that KMS encrypts directly, in bytes.
const MaxPlain = 4096

// Box seals and opens small secrets under one key. It is safe for concurrent use.
type Box struct {
	client *kms.Client
	key    string
}

// New returns the box of a key (ARN or id). It calls no service.
func New(cfg sdk.Config, key string) *Box { return &Box{kms.NewFromConfig(cfg), key} }

// Seal encrypts a secret for the record it belongs to. The context names that record; it is not secret, appears in
// CloudTrail, and Open must give the same, so a sealed value copied to another record does not open there.
func (b *Box) Seal(ctx context.Context, plain []byte, record map[string]string) ([]byte, error) {
	if len(plain) == 0 || len(plain) > MaxPlain {
		return nil, incident.Errorf(incident.Invalid, "encrypt: %d bytes, must be 1 to %d", len(plain), MaxPlain)
	}
	out, err := b.client.Encrypt(ctx, &kms.EncryptInput{KeyId: &b.key, Plaintext: plain, EncryptionContext: record})
	if err != nil {
		return nil, aws.Own(err, "encrypt")
	}
	return out.CiphertextBlob, nil
}

// Open decrypts what Seal returned. Invalid: it was changed, or belongs to another record or key.
func (b *Box) Open(ctx context.Context, sealed []byte, record map[string]string) ([]byte, error) {
	out, err := b.client.Decrypt(ctx, &kms.DecryptInput{KeyId: &b.key, CiphertextBlob: sealed, EncryptionContext: record})
	if err != nil {
		return nil, aws.Own(err, "decrypt")
	}
	return out.Plaintext, nil
}
