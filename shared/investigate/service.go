package investigate

import (
	"context"
	"log/slog"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/tool"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Deps is what a Service needs.
type Deps struct {
	Store   kv.Store
	Blob    blob.Store
	Space   config.Space
	Skills  skill.Library
	Model   llm.Model // the strong model
	ModelID string    // its name in the price table; empty: there is no model, the offline analyst answers
	Offline llm.Model // the offline analyst: takes over when the model is away or the budget is spent
	Tools   []tool.Tool
	Redact  tool.Redactor
	Ledger  budget.Ledger
	Now     func() time.Time
	Log     *slog.Logger
}

// Service runs the steps investigate, rootcause and mitigate. All steps are safe to repeat.
type Service struct {
	Deps
}

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

const (
	turnTime   = 150 * time.Second // the longest that one turn may take
	modelTime  = 100 * time.Second // of it, for one model call with its retries
	toolTime   = 45 * time.Second  // of it, for all tool calls together
	toolResult = 64 << 10          // bytes of one tool result that the model sees
	lookback   = 24 * time.Hour    // how far back changes are read
	before     = 3 * time.Hour     // how far back telemetry is read
	after      = 2 * time.Hour
)

// Advance runs one bounded slice of an investigation and says whether it is done. It resumes from the journal. Conflict
// means that another worker took over.
func (s *Service) Advance(ctx context.Context, in workflow.Input) (workflow.Progress, error) {
	w, err := s.worker(ctx, in.ID)
	if err != nil {
		return workflow.Progress{}, err
	}
	if w.inv.State == incident.Cancelled {
		return workflow.Progress{}, incident.Errorf(incident.Denied, "investigation %s was cancelled", in.ID)
	}
	if _, done := w.journal.Find(draftKey); done {
		return workflow.Progress{ID: in.ID, Done: true}, nil
	}
	if err := w.enter(ctx, incident.Investigating); err != nil {
		return workflow.Progress{}, err
	}
	if err := w.collect(ctx); err != nil {
		return workflow.Progress{}, err
	}
	done, err := w.turns(ctx)
	return workflow.Progress{ID: in.ID, Done: done}, err
}

// worker is one invocation's hold on an investigation.
type worker struct {
	*Service
	inv     incident.Investigation
	journal *journal.Journal
	box     *tool.Box
	log     *slog.Logger
}

func (s *Service) worker(ctx context.Context, id string) (*worker, error) {
	inv, err := record.Get(ctx, s.Store, id)
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(ctx, s.Store, s.Blob, id, s.Now)
	if err != nil {
		return nil, err
	}
	w := &worker{Service: s, inv: inv, journal: j, log: s.Log.With("investigation", id)}
	w.box, err = tool.NewBox(s.Redact, s.Space.Budget.Bytes, append(w.ownTools(), s.Tools...)...)
	return w, err
}

// enter moves the investigation forward to a state. A repeated step never moves it back; a finished investigation for
// which a plan is asked goes on from its end.
func (w *worker) enter(ctx context.Context, state incident.State) error {
	inv, err := record.Update(ctx, w.Store, w.Now(), w.inv.ID, func(inv *incident.Investigation) error {
		if inv.State.Final() && w.inv.State != inv.State {
			return incident.Errorf(incident.Conflict, "investigation %s ended as %s meanwhile", inv.ID, inv.State)
		}
		if inv.State.Before(state) || inv.State.Final() {
			inv.State, inv.StateReason = state, ""
		}
		return nil
	})
	w.inv = inv
	return err
}

// scope is what tools may look at.
func (w *worker) scope(ctx context.Context) (tool.Scope, error) {
	now := w.Now()
	scope := tool.Scope{
		Space: w.inv.Space, Account: w.Space.Account, Region: w.Space.Region,
		From: w.inv.OpenedAt.Add(-lookback), To: w.inv.OpenedAt.Add(after), Now: now, Rules: map[string]string{},
	}
	if now.Before(scope.To) {
		scope.To = now
	}
	alarms, err := record.Alarms(ctx, w.Store, w.inv.ID)
	if err != nil {
		return scope, err
	}
	learned, err := triage.Learned(ctx, w.Store)
	if err != nil {
		return scope, err
	}
	var centre []string
	for _, a := range alarms {
		centre = append(centre, a.Event.Service)
		if rule := a.Event.Rule; rule != "" {
			scope.Rules[rule] = a.Event.Service
		}
	}
	scope.Components = triage.GraphOf(w.Space, learned...).Around(centre...)
	return scope, nil
}
