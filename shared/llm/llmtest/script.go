// Package llmtest plays a written conversation in place of a model, and holds the rules that every conversation obeys.
package llmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

// Script answers each call with the next step. It fails a call that breaks the rules of the Converse API, and any call
// after the last step. Safe for concurrent use.
type Script struct {
	Steps    []Step
	mu       sync.Mutex
	Requests []llm.Request // what was asked, in order
}

// Step is one answer, or a failure.
type Step struct {
	Text string
	Uses []llm.ToolUse
	Err  error
}

// Use makes a tool call; args is anything that encodes to a JSON object.
func Use(id, name string, args any) llm.ToolUse {
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return llm.ToolUse{ID: id, Name: name, Args: raw}
}

// Converse implements llm.Model.
func (s *Script) Converse(_ context.Context, req llm.Request) (llm.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := Check(req); err != nil {
		return llm.Response{}, err
	}
	if len(s.Requests) == len(s.Steps) {
		return llm.Response{}, incident.Errorf(incident.Invalid, "the script ends after %d calls", len(s.Steps))
	}
	step := s.Steps[len(s.Requests)]
	s.Requests = append(s.Requests, req)
	if step.Err != nil {
		return llm.Response{}, step.Err
	}
	m := llm.Message{Role: llm.Assistant}
	if step.Text != "" {
		m.Blocks = append(m.Blocks, llm.Block{Text: step.Text})
	}
	for _, u := range step.Uses {
		m.Blocks = append(m.Blocks, llm.Block{ToolUse: &u})
	}
	return llm.Response{Message: m, Stop: "tool_use", Model: "scripted", Usage: llm.Usage{In: 1000, Out: 100}}, nil
}

// Check says whether a request obeys the rules of the Converse API: roles alternate from the user, no message or block is
// empty, each tool use has its result in the next message and nowhere else, tools and a token limit are always given.
func Check(req llm.Request) error {
	if req.MaxTokens <= 0 || len(req.Tools) == 0 {
		return incident.Errorf(incident.Invalid, "a call needs max tokens and tools")
	}
	open := map[string]bool{}
	for i, m := range req.Messages {
		if want := []llm.Role{llm.User, llm.Assistant}[i%2]; m.Role != want {
			return incident.Errorf(incident.Invalid, "message %d is of %s, must be of %s", i, m.Role, want)
		}
		if len(m.Blocks) == 0 {
			return incident.Errorf(incident.Invalid, "message %d is empty", i)
		}
		uses := map[string]bool{}
		for _, b := range m.Blocks {
			switch {
			case b.ToolUse != nil:
				uses[b.ToolUse.ID] = true
			case b.ToolResult != nil:
				if !open[b.ToolResult.ID] {
					return incident.Errorf(incident.Invalid, "message %d answers %s, which was not asked", i, b.ToolResult.ID)
				}
				delete(open, b.ToolResult.ID)
			case b.Text == "":
				return incident.Errorf(incident.Invalid, "message %d has an empty block", i)
			}
		}
		if len(open) > 0 {
			return incident.Errorf(incident.Invalid, "message %d leaves tool uses unanswered: %s", i, fmt.Sprint(open))
		}
		open = uses
	}
	if len(req.Messages) == 0 || len(req.Messages)%2 == 0 {
		return incident.Errorf(incident.Invalid, "the last message must be the user's")
	}
	return nil
}
