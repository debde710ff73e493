package bedrock

import (
	"bytes"
	"encoding/json"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	smithydocument "github.com/aws/smithy-go/document"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

// conversation is a request that keeps Converse's rules, in the SDK's terms but without cache points.
type conversation struct {
	system    string
	messages  []types.Message
	tools     []types.Tool
	maxTokens int
}

// arrange checks a request and puts it into the shape that Converse accepts: no empty text, no empty message, user and
// assistant in turn, every tool use answered in the next message, tools present when the history holds tool uses. What
// cannot be put right is Invalid.
func arrange(req llm.Request) (conversation, error) {
	if req.MaxTokens <= 0 {
		return conversation{}, incident.Errorf(incident.Invalid, "model call: MaxTokens must be set")
	}
	c := conversation{system: strings.TrimSpace(req.System), maxTokens: req.MaxTokens}
	messages := merge(req.Messages)
	if err := check(messages, len(req.Tools) > 0); err != nil {
		return conversation{}, err
	}
	for i, m := range messages {
		blocks, err := content(m.Blocks)
		if err != nil {
			return conversation{}, incident.Errorf(incident.Invalid, "model call: message %d: %w", i+1, err)
		}
		c.messages = append(c.messages, types.Message{Role: types.ConversationRole(m.Role), Content: blocks})
	}
	for _, spec := range req.Tools {
		schema, err := decode(spec.Schema)
		if err != nil {
			return conversation{}, incident.Errorf(incident.Invalid, "model call: schema of tool %s: %w", spec.Name, err)
		}
		c.tools = append(c.tools, &types.ToolMemberToolSpec{Value: types.ToolSpecification{
			Name: sdk.String(spec.Name), Description: sdk.String(spec.Description),
			InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)},
		}})
	}
	return c, nil
}

// merge drops what is empty and joins neighbours of one role.
func merge(messages []llm.Message) []llm.Message {
	var out []llm.Message
	for _, m := range messages {
		var blocks []llm.Block
		for _, b := range m.Blocks {
			if b.ToolUse != nil || b.ToolResult != nil || strings.TrimSpace(b.Text) != "" {
				blocks = append(blocks, b)
			}
		}
		switch {
		case len(blocks) == 0:
		case len(out) > 0 && out[len(out)-1].Role == m.Role:
			last := &out[len(out)-1]
			last.Blocks = append(last.Blocks, blocks...)
		default:
			out = append(out, llm.Message{Role: m.Role, Blocks: blocks})
		}
	}
	return out
}

func check(messages []llm.Message, tools bool) error {
	if len(messages) == 0 || messages[0].Role != llm.User || messages[len(messages)-1].Role != llm.User {
		return incident.Errorf(incident.Invalid, "model call: the history must begin and end with a message of the user")
	}
	var open []string // tool uses of the message before
	for i, m := range messages {
		var uses []string
		answered := map[string]bool{}
		for _, b := range m.Blocks {
			switch {
			case b.ToolUse != nil && m.Role != llm.Assistant, b.ToolResult != nil && m.Role != llm.User:
				return incident.Errorf(incident.Invalid, "model call: message %d: the %s cannot say that", i+1, m.Role)
			case b.ToolUse != nil:
				uses = append(uses, b.ToolUse.ID)
			case b.ToolResult != nil:
				answered[b.ToolResult.ID] = true
			}
		}
		for _, id := range open {
			if !answered[id] {
				return incident.Errorf(incident.Invalid, "model call: message %d: tool use %s has no result", i+1, id)
			}
			delete(answered, id)
		}
		if len(answered) > 0 {
			return incident.Errorf(incident.Invalid, "model call: message %d: a result answers no tool use of the message before", i+1)
		}
		if len(uses) > 0 && !tools {
			return incident.Errorf(incident.Invalid, "model call: the history holds tool uses, so the tools must be sent")
		}
		open = uses
	}
	return nil
}

func content(blocks []llm.Block) ([]types.ContentBlock, error) {
	var results, rest []types.ContentBlock
	for _, b := range blocks {
		switch {
		case b.ToolUse != nil:
			args, err := decode(b.ToolUse.Args)
			if err != nil {
				return nil, incident.Errorf(incident.Invalid, "arguments of %s: %w", b.ToolUse.Name, err)
			}
			rest = append(rest, &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{
				ToolUseId: sdk.String(b.ToolUse.ID), Name: sdk.String(b.ToolUse.Name), Input: document.NewLazyDocument(args)}})
		case b.ToolResult != nil:
			results = append(results, result(*b.ToolResult))
		default:
			rest = append(rest, &types.ContentBlockMemberText{Value: b.Text})
		}
	}
	return append(results, rest...), nil // models ask for results before any text that rides along
}

// result sends the JSON of a tool result as the text that it is: byte for byte what the journal holds, with its order of
// fields, and the same on every call, which the prompt cache depends on.
func result(r llm.ToolResult) types.ContentBlock {
	text, status := string(r.Content), types.ToolResultStatusSuccess
	if strings.TrimSpace(text) == "" || text == "null" {
		text = "{}"
	}
	if r.Failed {
		status = types.ToolResultStatusError
	}
	return &types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{
		ToolUseId: sdk.String(r.ID), Status: status, Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: text}}}}
}

// decode reads a JSON object into what an SDK document encodes: numbers keep their digits, keys are sorted when encoded.
// Nothing stands for the empty object.
func decode(raw json.RawMessage) (map[string]any, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || string(trimmed) == "null" {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return nil, err
	}
	return convert(object).(map[string]any), nil
}

func convert(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "") // a document cannot carry an empty key
		for k := range v {
			v[k] = convert(v[k])
		}
	case []any:
		for i := range v {
			v[i] = convert(v[i])
		}
	case json.Number:
		return smithydocument.Number(v)
	}
	return v
}

// input adds what depends on the profile: cache points and guardrail.
func (m *Model) input(profile string, c conversation) *bedrockruntime.ConverseInput {
	in := &bedrockruntime.ConverseInput{
		ModelId:         &profile,
		Messages:        c.messages,
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: sdk.Int32(int32(c.maxTokens))},
	}
	inTools, inText := m.caches(profile)
	if c.system != "" {
		in.System = []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: c.system}}
		if inText {
			in.System = append(in.System, &types.SystemContentBlockMemberCachePoint{Value: cachePoint})
		}
	}
	if len(c.tools) > 0 {
		in.ToolConfig = &types.ToolConfiguration{Tools: c.tools}
		if inTools {
			in.ToolConfig.Tools = append(c.tools[:len(c.tools):len(c.tools)], &types.ToolMemberCachePoint{Value: cachePoint})
		}
	}
	if inText {
		in.Messages = cached(c.messages)
	}
	if m.opts.Guardrail != "" {
		version := m.opts.GuardrailVersion
		if version == "" {
			version = "DRAFT"
		}
		in.GuardrailConfig = &types.GuardrailConfiguration{GuardrailIdentifier: &m.opts.Guardrail, GuardrailVersion: &version}
	}
	return in
}

var cachePoint = types.CachePointBlock{Type: types.CachePointTypeDefault}

// caches says where a model takes cache points: Claude in tools, system and messages, Nova in system and messages, others
// nowhere (they refuse them). Source: "Prompt caching" in the Amazon Bedrock user guide.
func (m *Model) caches(profile string) (inTools, inText bool) {
	name := profile
	if m.opts.Underlying != "" && strings.HasPrefix(profile, "arn:") {
		name = m.opts.Underlying
	}
	claude := strings.Contains(name, "anthropic.")
	return claude, claude || strings.Contains(name, "amazon.nova")
}

// cached ends the last two messages of the user with a cache point: the later one stores the history up to here, the
// earlier one is where the last call stored it. With those after tools and system that makes four, the most there may be.
func cached(messages []types.Message) []types.Message {
	out := append([]types.Message(nil), messages...)
	for i, n := len(out)-1, 0; i >= 0 && n < 2; i -= 2 { // user and assistant take turns, the user has the last word
		out[i].Content = append(out[i].Content[:len(out[i].Content):len(out[i].Content)], &types.ContentBlockMemberCachePoint{Value: cachePoint})
		n++
	}
	return out
}
