package bedrock

import (
	"encoding/json"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

// stops translates why the model stopped.
var stops = map[types.StopReason]string{
	types.StopReasonEndTurn:                    "end_turn",
	types.StopReasonStopSequence:               "end_turn",
	types.StopReasonToolUse:                    "tool_use",
	types.StopReasonMaxTokens:                  "max_tokens",
	types.StopReasonModelContextWindowExceeded: "max_tokens",
	types.StopReasonGuardrailIntervened:        "guardrail",
	types.StopReasonContentFiltered:            "guardrail",
}

// response translates an answer. One that is malformed is Unavailable: another attempt may do better.
func response(profile string, out *bedrockruntime.ConverseOutput) (llm.Response, error) {
	stop, known := stops[out.StopReason]
	if !known { // malformed_model_output, malformed_tool_use, or newer than this code
		return llm.Response{}, incident.Errorf(incident.Unavailable, "model %s: stopped with %q", profile, out.StopReason)
	}
	resp := llm.Response{Message: llm.Message{Role: llm.Assistant}, Stop: stop, Model: profile}
	if u := out.Usage; u != nil {
		resp.Usage = llm.Usage{
			In: int(sdk.ToInt32(u.InputTokens)), Out: int(sdk.ToInt32(u.OutputTokens)),
			CacheRead: int(sdk.ToInt32(u.CacheReadInputTokens)), CacheWrite: int(sdk.ToInt32(u.CacheWriteInputTokens)),
		}
	}
	message, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok {
		return llm.Response{}, incident.Errorf(incident.Unavailable, "model %s: the answer holds no message", profile)
	}
	for _, block := range message.Value.Content {
		switch b := block.(type) {
		case *types.ContentBlockMemberText:
			if strings.TrimSpace(b.Value) != "" {
				resp.Message.Blocks = append(resp.Message.Blocks, llm.Block{Text: b.Value})
			}
		case *types.ContentBlockMemberToolUse:
			args, err := arguments(b.Value)
			if err != nil {
				return llm.Response{}, incident.Errorf(incident.Unavailable, "model %s: arguments of %s: %w", profile, sdk.ToString(b.Value.Name), err)
			}
			resp.Message.Blocks = append(resp.Message.Blocks, llm.Block{ToolUse: &llm.ToolUse{
				ID: sdk.ToString(b.Value.ToolUseId), Name: sdk.ToString(b.Value.Name), Args: args}})
		}
	}
	return resp, nil
}

// arguments are always a JSON object: a tool without parameters may be called with none.
func arguments(use types.ToolUseBlock) (json.RawMessage, error) {
	if use.Input == nil {
		return json.RawMessage("{}"), nil
	}
	raw, err := use.Input.MarshalSmithyDocument()
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage("{}"), nil
	}
	return raw, nil
}
