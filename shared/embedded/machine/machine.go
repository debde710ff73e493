// Package machine runs executions of the state machine file in one process. Executions are remembered in kv: a name
// starts once, and what a crash left unfinished is walked again from its start. That is safe because every step of the
// machine resumes from the journal.
package machine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/shared/workflow/walk"
)

const partition = "EXECUTIONS"

type execution struct {
	Input json.RawMessage `json:"input"`
	Done  bool            `json:"done"`
	Error string          `json:"error,omitempty"` // class of the failure
}

// Machine starts executions and answers task tokens. Make one with Open.
type Machine struct {
	store  kv.Store
	runner walk.Runner
	log    *slog.Logger
	ctx    context.Context // ends all executions
	busy   sync.WaitGroup
	mu     sync.Mutex
	tokens map[string]chan json.RawMessage
}

// Open parses the shipped machine and resumes executions that did not finish. Executions end when ctx does; Wait
// returns once they have.
func Open(ctx context.Context, store kv.Store, invoke walk.Invoke, observe func(walk.Step), log *slog.Logger) (*Machine, error) {
	doc, err := walk.Parse(workflow.Definition)
	if err != nil {
		return nil, err
	}
	m := &Machine{store: store, log: log, ctx: ctx, tokens: map[string]chan json.RawMessage{}}
	m.runner = walk.Runner{Machine: doc, Invoke: invoke, Tokens: m, Observe: observe}
	items, err := store.Query(ctx, partition, "", kv.Page{})
	if err != nil {
		return nil, fmt.Errorf("resume executions: %w", err)
	}
	for _, item := range items {
		var e execution
		if err := item.Decode(&e); err != nil {
			return nil, err
		}
		if !e.Done {
			m.run(item.SK, e)
		}
	}
	return m, nil
}

// Start starts an execution. A name that was started before is success, as the name decides what the execution is.
func (m *Machine) Start(ctx context.Context, name string, in workflow.Input) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	e := execution{Input: raw}
	err = m.store.Commit(ctx, kv.Put(kv.Key{PK: partition, SK: name}, e, kv.Absent()))
	if incident.Is(err, incident.Conflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start execution %s: %w", name, err)
	}
	m.run(name, e)
	return nil
}

func (m *Machine) run(name string, e execution) {
	m.busy.Go(func() {
		_, err := m.runner.Run(m.ctx, name, e.Input)
		if m.ctx.Err() != nil {
			return // stopped, not finished: the next process goes on
		}
		e.Done = true
		if err != nil {
			e.Error = string(incident.ClassOf(err))
			m.log.Error("execution failed", "execution", name, "class", e.Error, "err", err.Error())
		}
		if err := m.store.Commit(m.ctx, kv.Put(kv.Key{PK: partition, SK: name}, e, kv.Always())); err != nil {
			m.log.Warn("execution's end not stored; it will be walked again", "execution", name, "class", incident.ClassOf(err))
		}
	})
}

// Drain blocks until all executions have ended.
func (m *Machine) Drain() { m.busy.Wait() }

// Issue implements walk.Tokens.
func (m *Machine) Issue() string {
	token := rand.Text()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens[token] = make(chan json.RawMessage, 1)
	return token
}

// Wait implements walk.Tokens.
func (m *Machine) Wait(ctx context.Context, token string) (json.RawMessage, error) {
	m.mu.Lock()
	answer := m.tokens[token]
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.tokens, token)
	}()
	select {
	case out := <-answer:
		return out, nil
	case <-ctx.Done():
		return nil, incident.Errorf(incident.Unavailable, "nobody answered: %w", ctx.Err())
	}
}

// Succeed answers a task token. NotFound means that nothing waits for it any more: the answer is late.
func (m *Machine) Succeed(_ context.Context, token string, out workflow.Decision) error {
	raw, err := json.Marshal(out)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	answer, ok := m.tokens[token]
	if !ok {
		return incident.Errorf(incident.NotFound, "nothing waits for this decision any more")
	}
	select {
	case answer <- raw:
	default: // answered already: the same decision again
	}
	return nil
}
