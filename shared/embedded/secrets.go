package embedded

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// Secrets keeps a laptop's secrets in one file that only its owner can read. Whoever asks for a name that does not exist
// yet gets a fresh random one: on a laptop both ends of every secret are this process.
type Secrets struct {
	path   string
	mu     sync.Mutex
	values map[string]string
}

// OpenSecrets reads the file, if it exists.
func OpenSecrets(dir string) (*Secrets, error) {
	s := &Secrets{path: filepath.Join(dir, "secrets.json"), values: map[string]string{}}
	return s, s.load()
}

func (s *Secrets) load() error {
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return incident.Errorf(incident.Unavailable, "read secrets: %w", err)
	}
	if err := json.Unmarshal(data, &s.values); err != nil {
		return incident.Errorf(incident.Invalid, "%s: %w; remove the file to start over", s.path, err)
	}
	return nil
}

// Active returns the valid values of a secret, newest first.
func (s *Secrets) Active(_ context.Context, name string) ([]config.Secret, error) {
	value, err := s.get(name)
	if err != nil {
		return nil, err
	}
	return []config.Secret{config.NewSecret([]byte(value))}, nil
}

// Refresh is Active: a value that is in the file stays.
func (s *Secrets) Refresh(ctx context.Context, name string) ([]config.Secret, error) {
	return s.Active(ctx, name)
}

func (s *Secrets) get(name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.values[name]; !ok { // `firefinder send`, another process, may have made it a moment ago
		if err := s.load(); err != nil {
			return "", err
		}
	}
	if v, ok := s.values[name]; ok {
		return v, nil
	}
	s.values[name] = "whsec_" + base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text())) // fit for every scheme
	data, err := json.MarshalIndent(s.values, "", "  ")
	if err != nil {
		return "", err
	}
	tmp := s.path + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return "", incident.Errorf(incident.Unavailable, "keep secrets: %w", err)
	}
	return s.values[name], os.Rename(tmp, s.path)
}
