// Package s3 is blob.Store over one S3 bucket, and the place of journal copies that must not change.
package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
)

// MaxDocument is the largest document that Get reads, in bytes.
const MaxDocument = 64 << 20

// Store implements blob.Store: document <hash> is the object documents/<hash>. It is safe for concurrent use.
type Store struct {
	client *s3.Client
	bucket string
}

var _ blob.Store = (*Store)(nil)

// New returns the store of a bucket. It calls no service.
func New(cfg sdk.Config, bucket string) *Store {
	return &Store{s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil                                    // a single endpoint has no bucket subdomains
		o.ResponseChecksumValidation = sdk.ResponseChecksumValidationWhenRequired // Get compares with the hash anyway
	}), bucket}
}

// Put implements blob.Store. It needs permission to write only: the object is made if it does not exist, and that it
// exists already is success.
func (s *Store) Put(ctx context.Context, data []byte, contentType string) (string, error) {
	hash := blob.Hash(data)
	for range puts {
		in := s.object("documents/"+hash, data, contentType)
		in.IfNoneMatch = sdk.String("*")
		_, err := s.client.PutObject(ctx, in)
		switch {
		case err == nil || aws.Code(err) == "PreconditionFailed":
			return hash, nil
		case aws.Code(err) != "ConditionalRequestConflict": // somebody else is putting it and may yet fail
			return "", s.wrap(err, "store document of %d bytes", len(data))
		}
	}
	return "", incident.Errorf(incident.Unavailable, "store document of %d bytes: others are storing the same one", len(data))
}

const puts = 3

// Get implements blob.Store. Bytes that do not have the hash fail Internal: somebody changed the object.
func (s *Store) Get(ctx context.Context, hash string) ([]byte, error) {
	if len(hash) != 2*sha256.Size || strings.Trim(hash, "0123456789abcdef") != "" {
		return nil, incident.Errorf(incident.NotFound, "document %q: not a document hash", hash)
	}
	data, err := s.read(ctx, "documents/"+hash)
	if err != nil {
		return nil, err
	}
	if blob.Hash(data) != hash {
		return nil, incident.Errorf(incident.Internal, "document %s: the object was changed, its bytes have another hash", hash)
	}
	return data, nil
}

// Keep writes an object by name for as long as the bucket's lock or until holds. With a time, the object is locked in
// compliance mode until then: nobody, the account's root included, can delete or replace that version. A repeat writes
// another version; earlier ones stay. It is for copies of a finished journal.
func (s *Store) Keep(ctx context.Context, name string, data []byte, contentType string, until time.Time) error {
	in := s.object(name, data, contentType)
	if !until.IsZero() {
		in.ObjectLockMode, in.ObjectLockRetainUntilDate = types.ObjectLockModeCompliance, &until
	}
	_, err := s.client.PutObject(ctx, in)
	return s.wrap(err, "keep %s", name)
}

// object carries its own SHA-256, so what arrives damaged is refused by S3.
func (s *Store) object(key string, data []byte, contentType string) *s3.PutObjectInput {
	sum := sha256.Sum256(data)
	return &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(data), ContentLength: sdk.Int64(int64(len(data))), ContentType: &contentType,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: sdk.String(base64.StdEncoding.EncodeToString(sum[:])), Metadata: map[string]string{"sha256": hex.EncodeToString(sum[:])},
	}
}

func (s *Store) read(ctx context.Context, key string) ([]byte, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return nil, s.wrap(err, "read %s", key)
	}
	defer func() { _ = out.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(out.Body, MaxDocument+1))
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "read %s: %w", key, err)
	}
	if len(data) > MaxDocument {
		return nil, incident.Errorf(incident.Invalid, "read %s: larger than %d bytes", key, MaxDocument)
	}
	return data, nil
}

// wrap tells a missing bucket, which a deployment mends, from a missing document.
func (s *Store) wrap(err error, format string, args ...any) error {
	if aws.Code(err) == "NoSuchBucket" {
		return incident.Errorf(incident.Unavailable, "bucket %s does not exist; deploy the space first: %w", s.bucket, err)
	}
	return aws.Own(err, format, args...)
}
