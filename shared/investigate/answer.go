package investigate

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/firefinder/firefinder/shared/llm"
)

// Bounds of one answer. A model that keeps to its tokens stays far below.
const (
	maxUses = 16       // tool calls; what is asked for beyond them is not made
	maxName = 64       // bytes of a tool's name, as Converse allows
	maxText = 64 << 10 // bytes of a text and of one call's arguments
)

// answered is the journal's form of a model response.
type answered struct {
	llm.Response
	Dollars float64 `json:"dollars"`
}

// received is a model's answer as it enters journal and history: text and arguments redacted and bounded, names of tools
// in the characters of names, ids of ours (a model's could collide with a key of the journal), nothing that the next
// request could not carry.
func (w *worker) received(turn int, r llm.Response) llm.Response {
	out := r
	out.Message = llm.Message{Role: llm.Assistant}
	uses := 0
	for _, b := range r.Message.Blocks {
		switch {
		case b.ToolUse != nil && uses < maxUses:
			uses++
			out.Message.Blocks = append(out.Message.Blocks, llm.Block{ToolUse: &llm.ToolUse{
				ID: fmt.Sprintf("t%d-%d", turn, uses), Name: w.toolName(b.ToolUse.Name), Args: w.arguments(b.ToolUse.Args),
			}})
		case strings.TrimSpace(b.Text) != "":
			out.Message.Blocks = append(out.Message.Blocks, llm.Block{Text: w.Redact.Text(head(b.Text, maxText))})
		}
	}
	if len(out.Message.Blocks) == 0 {
		out.Message.Blocks = []llm.Block{{Text: "(no answer)"}}
	}
	return out
}

func (w *worker) toolName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, w.Redact.Text(head(name, 4*maxName)))
	if clean == "" {
		return "unnamed"
	}
	return head(clean, maxName)
}

// arguments are a JSON object, redacted. What is none becomes one that says so and fits no tool.
func (w *worker) arguments(raw json.RawMessage) json.RawMessage {
	var object map[string]json.RawMessage
	switch {
	case len(raw) == 0:
		return json.RawMessage("{}")
	case len(raw) > maxText:
		return json.RawMessage(fmt.Sprintf(`{"left_out":"%d bytes of arguments are too many"}`, len(raw)))
	case json.Unmarshal(raw, &object) != nil || object == nil:
		return json.RawMessage(`{"left_out":"the arguments are not a JSON object"}`)
	}
	return w.Redact.JSON(raw)
}

// head is the beginning of s, at most n bytes, never half a character.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
