// Package secrets reads secrets from Secrets Manager: the current value and, while a rotation is under way, the previous
// one, so that a key can be changed without refusing anybody.
package secrets

import (
	"context"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// Times of the cache.
const (
	Fresh   = 5 * time.Minute  // how long values are used without asking again
	Retry   = 30 * time.Second // how often at most Refresh, or a failed read, asks again
	MaxHeld = 24 * time.Hour   // how long values are used while Secrets Manager cannot be reached
)

// Store reads and caches secrets. It is safe for concurrent use.
type Store struct {
	client *secretsmanager.Client
	now    func() time.Time

	mu   sync.Mutex
	held map[string]*entry
}

// New returns a store without content. It calls no service.
func New(cfg sdk.Config, now func() time.Time) *Store {
	return &Store{client: secretsmanager.NewFromConfig(cfg), now: now, held: map[string]*entry{}}
}

// entry is what is known of one secret. Its lock is held while it is read, so that a burst of callers reads once.
type entry struct {
	mu      sync.Mutex
	values  []config.Secret
	err     error     // of the last request
	readAt  time.Time // of values
	askedAt time.Time // of the last request, whatever came of it
}

// Active returns the current value and the previous one if there is one, from the cache if it is fresh. The values are
// as stored; callers that use them as keys call Check on each. NotFound: no such secret. Denied: no access to it. While
// Secrets Manager is away, values read within the last day are still served.
func (s *Store) Active(ctx context.Context, name string) ([]config.Secret, error) {
	return s.read(ctx, name, Fresh)
}

// Refresh returns the values after asking Secrets Manager again, unless it was asked within the last 30 seconds. It is
// for a signature that no known value explains: perhaps the key was rotated a moment ago.
func (s *Store) Refresh(ctx context.Context, name string) ([]config.Secret, error) {
	return s.read(ctx, name, Retry)
}

func (s *Store) read(ctx context.Context, name string, fresh time.Duration) ([]config.Secret, error) {
	e := s.entry(name)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := s.now()
	if e.err != nil {
		fresh = Retry
	}
	if e.askedAt.IsZero() || now.Sub(e.askedAt) >= fresh {
		if err := s.ask(ctx, name, e, now); err != nil {
			return nil, err
		}
	}
	held := e.readAt.Add(MaxHeld).After(now) && len(e.values) > 0
	if away := incident.Is(e.err, incident.Unavailable) || incident.Is(e.err, incident.Throttled); away && held {
		return e.values, nil
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.values, nil
}

func (s *Store) entry(name string) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[name] == nil {
		s.held[name] = &entry{}
	}
	return s.held[name]
}

// ask reads both stages and notes the outcome in the entry. The previous value is a convenience: if only it cannot be
// read, the current one serves. A caller that gives up says nothing about the secret: it gets the error, and the next
// caller asks again.
func (s *Store) ask(ctx context.Context, name string, e *entry, now time.Time) error {
	current, err := s.stage(ctx, name, "AWSCURRENT")
	if ctx.Err() != nil {
		return aws.Wrap(ctx.Err(), "read secret %s", name)
	}
	e.askedAt, e.err = now, err
	if err != nil {
		return nil
	}
	e.values, e.readAt = []config.Secret{current}, now
	if previous, err := s.stage(ctx, name, "AWSPREVIOUS"); err == nil {
		e.values = append(e.values, previous)
	}
	return nil
}

func (s *Store) stage(ctx context.Context, name, stage string) (config.Secret, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name, VersionStage: &stage})
	if err != nil {
		return config.Secret{}, aws.Wrap(err, "read secret %s", name)
	}
	if out.SecretString != nil {
		return config.NewSecret([]byte(*out.SecretString)), nil
	}
	return config.NewSecret(out.SecretBinary), nil
}
