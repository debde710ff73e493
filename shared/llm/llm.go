// Package llm is the model port, shaped like the Bedrock Converse API but free of any SDK. A history that holds tool
// uses needs Tools on every call, and each tool use needs its result in the next message.
package llm

import (
	"context"
	"encoding/json"
)

// Role of a message.
type Role string

// The roles.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// ToolUse is a call that the model asks for.
type ToolUse struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

// ToolResult answers a ToolUse.
type ToolResult struct {
	ID      string          `json:"id"`
	Content json.RawMessage `json:"content"` // JSON object, already redacted and capped
	Failed  bool            `json:"failed,omitempty"`
}

// Block is one piece of a message: exactly one field is set.
type Block struct {
	Text       string      `json:"text,omitempty"`
	ToolUse    *ToolUse    `json:"tool_use,omitempty"`
	ToolResult *ToolResult `json:"tool_result,omitempty"`
}

// Message is one turn of the conversation.
type Message struct {
	Role   Role    `json:"role"`
	Blocks []Block `json:"blocks"`
}

// ToolSpec describes a tool to the model, in our words.
type ToolSpec struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"` // JSON Schema of the arguments, an object
}

// Request is one model call. MaxTokens is always set by callers.
type Request struct {
	System    string     `json:"system"`
	Messages  []Message  `json:"messages"`
	Tools     []ToolSpec `json:"tools"`
	MaxTokens int        `json:"max_tokens"`
}

// Usage is what a call cost, in tokens.
type Usage struct {
	In         int `json:"in"`
	Out        int `json:"out"`
	CacheRead  int `json:"cache_read,omitempty"`
	CacheWrite int `json:"cache_write,omitempty"`
}

// Response is the model's answer. Stop is tool_use, end_turn, max_tokens or guardrail.
type Response struct {
	Message Message `json:"message"`
	Stop    string  `json:"stop"`
	Usage   Usage   `json:"usage"`
	Model   string  `json:"model"` // the model that really answered (after fallback)
}

// ToolUses returns the calls that the response asks for.
func (r Response) ToolUses() []ToolUse {
	var out []ToolUse
	for _, b := range r.Message.Blocks {
		if b.ToolUse != nil {
			out = append(out, *b.ToolUse)
		}
	}
	return out
}

// Text joins the text blocks of a message.
func (m Message) Text() string {
	var s string
	for _, b := range m.Blocks {
		s += b.Text
	}
	return s
}

// Model converses. Errors: Throttled and Unavailable (retried by the caller's policy), Invalid (the request is wrong),
// Denied (no access to the model). A call has no side effect; repeating it costs tokens.
type Model interface {
	Converse(ctx context.Context, req Request) (Response, error)
}
