package investigate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/tool"
)

const (
	draftKey  = "draft"
	maxTokens = 4096
	grace     = 3 // turns after the budget in which the offline analyst may bring the investigation to its end
	sameCall  = 2 // how often the same call may be made before the loop is told to stop
)

// drafted is the journal's form of a conclusion before checking.
type drafted struct {
	incident.Draft
	Analyst string `json:"analyst"`
	Partial string `json:"partial,omitempty"`
}

// turns runs turns until the model concludes, the budget ends or this slice's time is over.
func (w *worker) turns(ctx context.Context) (done bool, err error) {
	for {
		if deadline, ok := ctx.Deadline(); ok && deadline.Sub(time.Now()) < turnTime {
			return false, nil // the next slice goes on from the journal
		}
		if err := w.steer(ctx); err != nil {
			return false, err
		}
		done, err := w.turn(ctx)
		if done || err != nil {
			return done, err
		}
	}
}

// turn makes one model call and the tool calls it asks for.
func (w *worker) turn(ctx context.Context) (done bool, err error) {
	history, err := w.history(ctx)
	if err != nil {
		return false, err
	}
	if history.turn > w.Space.Budget.Turns+grace {
		return w.giveUp(ctx, history)
	}
	answer, partial, err := w.ask(ctx, history)
	if err != nil {
		return false, err
	}
	uses := answer.ToolUses()
	if len(uses) == 0 {
		return false, w.nudge(ctx, history.turn)
	}
	var refusal string
	if i := slices.IndexFunc(uses, func(use llm.ToolUse) bool { return use.Name == ConcludeTool }); i >= 0 {
		d, err := parseDraft(uses[i].Args)
		if err == nil {
			_, _, err = w.journal.Append(ctx, journal.Drafted, draftKey, drafted{Draft: d, Analyst: answer.Model, Partial: partial})
			return err == nil, err
		}
		refusal = err.Error()
	}
	return false, w.call(ctx, history, uses, refusal)
}

// ask makes the model call of the next turn, or returns the journalled response of a turn that was cut off. partial says
// why the offline analyst had to answer, if it did.
func (w *worker) ask(ctx context.Context, h history) (answer answered, partial string, err error) {
	key := turnKey(h.turn)
	if rec, ok := w.journal.Find(key); ok {
		err := w.journal.Decode(ctx, rec, &answer)
		return answer, h.partial, err
	}
	req := llm.Request{System: prompt("system.md", w.facts()), Messages: h.messages, Tools: w.specs(), MaxTokens: maxTokens}
	if _, _, err := w.journal.Append(ctx, journal.Asked, key+"/intent", map[string]any{"turn": h.turn, "messages": len(req.Messages)}); err != nil {
		return answer, "", err
	}
	share, bound := budget.Share(w.Space.Budget, h.spent)
	if share >= 1 {
		partial = "the budget for " + bound + " is used up"
	}
	if partial == "" {
		answer, err = w.converse(ctx, req)
		if err != nil && ctx.Err() == nil {
			w.log.WarnContext(ctx, "model call failed, the offline analyst takes over", "class", incident.ClassOf(err), "turn", h.turn)
			partial = "the model could not be used (" + w.Redact.Text(err.Error()) + ")"
		}
	}
	if partial != "" {
		answer.Response, err = w.Offline.Converse(ctx, req)
	}
	if err != nil {
		return answer, "", fmt.Errorf("turn %d: %w", h.turn, err)
	}
	answer.Response = w.received(h.turn, answer.Response)
	_, _, err = w.journal.Append(ctx, journal.Answered, key, answer)
	if partial != "" && err == nil {
		_, _, err = w.journal.Append(ctx, journal.Steered, key+"/partial", steering{Text: partial, Partial: true})
	}
	return answer, partial, err
}

// converse reserves money, calls the model and settles. Without a model the offline analyst answers, for nothing.
func (w *worker) converse(ctx context.Context, req llm.Request) (answered, error) {
	if w.ModelID == "" {
		resp, err := w.Offline.Converse(ctx, req)
		return answered{Response: resp}, err
	}
	raw, err := json.Marshal(req)
	if err != nil {
		return answered{}, err
	}
	most := llm.Usage{In: len(raw)/3 + 1, Out: req.MaxTokens}
	res, err := w.Ledger.Reserve(ctx, w.ModelID, most)
	if err != nil {
		return answered{}, err
	}
	resp, err := w.within(ctx, req)
	if err != nil {
		_, settleErr := w.Ledger.Settle(ctx, res, w.ModelID, llm.Usage{})
		if settleErr != nil {
			w.log.WarnContext(ctx, "reservation not released; it counts until the day ends", "class", incident.ClassOf(settleErr))
		}
		return answered{}, err
	}
	dollars, err := w.Ledger.Settle(ctx, res, w.ModelID, resp.Usage)
	return answered{Response: resp, Dollars: dollars}, err
}

// within makes the model call, with all its retries, in a part of the turn's time: what is left is for the offline
// analyst, so that a model that hangs ends in a partial answer and not in a slice that is killed.
func (w *worker) within(ctx context.Context, req llm.Request) (llm.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, modelTime)
	defer cancel()
	return w.Model.Converse(ctx, req)
}

// call runs the tools of one turn in parallel and journals each result. A conclusion that was refused gets the reasons,
// so that the model can mend it; the budget bounds how often.
func (w *worker) call(ctx context.Context, h history, uses []llm.ToolUse, refusal string) error {
	scope, err := w.scope(ctx)
	if err != nil {
		return err
	}
	outcomes := make([]tool.Outcome, len(uses))
	var calls []toolCall
	for i, use := range uses {
		if _, done := w.journal.Find(useKey(h.turn, use)); done {
			continue
		}
		if why := w.refusal(h, use, i, refusal); why != "" {
			outcomes[i] = tool.Failed(incident.Invalid, why)
			continue
		}
		h.made[use.Name+string(use.Args)]++
		calls = append(calls, toolCall{use.Name, use.Args, &outcomes[i]})
	}
	if err := w.together(ctx, scope, calls); err != nil {
		return err
	}
	for i, use := range uses {
		args := use.Args
		if use.Name == ConcludeTool {
			args = nil // a whole conclusion; it stands in the turn's record
		}
		if _, err := w.observe(ctx, useKey(h.turn, use), use.Name, args, outcomes[i]); err != nil {
			return err
		}
	}
	return nil
}

// toolCall is a call to make, and where its outcome goes.
type toolCall struct {
	name string
	args json.RawMessage
	out  *tool.Outcome
}

// together makes tool calls in parallel, a few at a time, within the time that a turn has for tools. What has no answer by
// then has failed; it fails only when ctx has ended.
func (w *worker) together(ctx context.Context, scope tool.Scope, calls []toolCall) error {
	within, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	group := errgroup.Group{}
	group.SetLimit(4)
	for _, c := range calls {
		group.Go(func() error {
			out, err := w.box.Call(within, scope, c.name, c.args)
			switch {
			case err != nil && ctx.Err() != nil:
				return err
			case err != nil:
				out = tool.Failed(incident.Unavailable, "no answer within "+toolTime.String())
			}
			*c.out = out
			return nil
		})
	}
	return group.Wait()
}

// refusal says why the i-th call of a turn is not made, or nothing.
func (w *worker) refusal(h history, use llm.ToolUse, i int, conclusion string) string {
	switch most := w.Space.Budget.Tools; {
	case use.Name == ConcludeTool:
		return conclusion
	case h.made[use.Name+string(use.Args)] >= sameCall:
		return "this exact call was made before; its result stands above. Look elsewhere or conclude."
	case most > 0 && h.spent.Tools+i >= most:
		return "the budget for tool calls is used up. Conclude."
	}
	return ""
}

// giveUp ends an investigation that nobody brought to a conclusion: it says so, and blames nothing.
func (w *worker) giveUp(ctx context.Context, h history) (bool, error) {
	d := drafted{Analyst: "none", Partial: h.partial, Draft: incident.Draft{
		Outcome: incident.Inconclusive, Summary: "The investigation ran out of its budget without a conclusion that could be used.",
		Symptoms: []incident.Finding{}, Findings: []incident.Finding{}, RootCauses: []incident.RootCause{}, Rejected: []incident.Hypothesis{},
		Gaps: []incident.Gap{{Text: "no usable conclusion was proposed", Fix: "read the observations, or start the investigation again"}},
	}}
	_, _, err := w.journal.Append(ctx, journal.Drafted, draftKey, d)
	return err == nil, err
}

// steering is a message that reaches the loop between turns.
type steering struct {
	Text    string `json:"text"`
	Partial bool   `json:"partial,omitempty"`
}

// nudge asks a model that answered with text alone to use its tools.
func (w *worker) nudge(ctx context.Context, turn int) error {
	_, _, err := w.journal.Append(ctx, journal.Steered, fmt.Sprintf("steer/%03d/nudge", turn),
		steering{Text: "Answer with tool calls only: look further, or call conclude."})
	return err
}

// steer journals what arrived since the last turn: late alarms that triage linked, notes of people. What is journalled
// stays; the message it became is part of every later history.
func (w *worker) steer(ctx context.Context) error {
	items, err := w.Store.Query(ctx, record.Partition(w.inv.ID), "STEER#", kv.Page{})
	if err != nil {
		return fmt.Errorf("read steering of %s: %w", w.inv.ID, err)
	}
	turn := w.nextTurn() - 1
	known := map[string]bool{}
	for _, rec := range w.journal.Records() {
		if rec.Kind == journal.Steered {
			known[rec.Key[strings.LastIndex(rec.Key, "/")+1:]] = true
		}
	}
	for _, item := range items {
		if known[item.SK] {
			continue
		}
		var note struct {
			Text string `json:"text"`
		}
		if err := item.Decode(&note); err != nil {
			return err
		}
		key := fmt.Sprintf("steer/%03d/%s", turn, item.SK)
		if _, _, err := w.journal.Append(ctx, journal.Steered, key, steering{Text: w.Redact.Text(note.Text)}); err != nil {
			return err
		}
	}
	return nil
}
