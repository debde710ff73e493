package bedrock

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// converse is a Converse server after the API reference: it checks what the service checks of every request, records it
// and answers from a script. The last answer repeats.
type converse struct {
	t      *testing.T
	script []answer

	mu    sync.Mutex
	calls []call
}

type call struct {
	model string
	body  request
	at    time.Time
}

// request is the wire form, with names as in the API reference.
type request struct {
	System   []map[string]any `json:"system"`
	Messages []struct {
		Role    string           `json:"role"`
		Content []map[string]any `json:"content"`
	} `json:"messages"`
	ToolConfig *struct {
		Tools []map[string]any `json:"tools"`
	} `json:"toolConfig"`
	InferenceConfig *struct {
		MaxTokens int `json:"maxTokens"`
	} `json:"inferenceConfig"`
	GuardrailConfig map[string]any `json:"guardrailConfig"`
}

type answer func(w http.ResponseWriter, r *http.Request)

func (c *converse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	model, ok := strings.CutPrefix(r.URL.EscapedPath(), "/model/")
	if model, ok = strings.CutSuffix(model, "/converse"); !ok || r.Method != http.MethodPost {
		c.t.Errorf("%s %s is not Converse", r.Method, r.URL)
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		c.t.Error("the request is not signed")
	}
	model, _ = url.PathUnescape(model)
	var body request
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&body); err != nil {
		c.t.Errorf("request: %v", err)
	}
	c.mu.Lock()
	c.calls = append(c.calls, call{model, body, time.Now()})
	reply := c.script[min(len(c.calls), len(c.script))-1]
	c.mu.Unlock()
	if fault := validate(body); fault != "" {
		failure(http.StatusBadRequest, "ValidationException", fault)(w, r)
		return
	}
	reply(w, r)
}

// validate refuses what the service refuses.
func validate(body request) string {
	points := 0
	var open []string
	if len(body.Messages) == 0 {
		return "messages must not be empty"
	}
	for i, m := range body.Messages {
		if want := []string{"user", "assistant"}[i%2]; m.Role != want {
			return fmt.Sprintf("message %d: roles must alternate, want %s", i, want)
		}
		results := map[string]bool{}
		var uses []string
		for _, b := range m.Content {
			if len(b) != 1 {
				return fmt.Sprintf("message %d: a block is one thing, got %v", i, b)
			}
			if text, ok := b["text"].(string); ok && strings.TrimSpace(text) == "" {
				return fmt.Sprintf("message %d: the text is blank", i)
			}
			if use, ok := b["toolUse"].(map[string]any); ok {
				if _, ok := use["input"].(map[string]any); !ok {
					return fmt.Sprintf("message %d: the input of a toolUse is not an object", i)
				}
				uses = append(uses, use["toolUseId"].(string))
			}
			if res, ok := b["toolResult"].(map[string]any); ok {
				if content, _ := res["content"].([]any); len(content) == 0 {
					return fmt.Sprintf("message %d: a toolResult without content", i)
				}
				results[res["toolUseId"].(string)] = true
			}
			if _, ok := b["cachePoint"]; ok {
				points++
			}
		}
		if len(m.Content) == 0 {
			return fmt.Sprintf("message %d: no content", i)
		}
		for _, id := range open {
			if !results[id] {
				return fmt.Sprintf("message %d: expected toolResult blocks for %s", i, id)
			}
		}
		if open = uses; len(uses) > 0 && body.ToolConfig == nil {
			return "the toolConfig field must be defined when using toolUse and toolResult content blocks"
		}
	}
	for _, b := range body.System {
		if _, ok := b["cachePoint"]; ok {
			points++
		}
	}
	if body.ToolConfig != nil {
		for _, b := range body.ToolConfig.Tools {
			if _, ok := b["cachePoint"]; ok {
				points++
			}
		}
	}
	if points > 4 {
		return fmt.Sprintf("%d cache points, at most 4", points)
	}
	return ""
}

func failure(status int, kind, message string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", kind)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
	}
}

var (
	throttled = failure(http.StatusTooManyRequests, "ThrottlingException", "Too many tokens, please wait before trying again.")
	broken    = failure(http.StatusInternalServerError, "InternalServerException", "The system encountered an unexpected error.")
	busy      = failure(http.StatusServiceUnavailable, "ServiceUnavailableException", "Too many connections.")
	notReady  = failure(http.StatusTooManyRequests, "ModelNotReadyException", "The model is not ready.")
	slow      = failure(http.StatusRequestTimeout, "ModelTimeoutException", "The model took too long.")
	denied    = failure(http.StatusForbidden, "AccessDeniedException", "You don't have access to the model with the specified model ID.")
	unknown   = failure(http.StatusNotFound, "ResourceNotFoundException", "Could not resolve the foundation model.")
	refused   = failure(http.StatusBadRequest, "ValidationException", "The model returned the following errors: input is too long")
)

// says answers with content blocks, given as JSON.
func says(stop, content string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"output":{"message":{"role":"assistant","content":%s}},"stopReason":%q,
			"usage":{"inputTokens":120,"outputTokens":34,"totalTokens":1154,"cacheReadInputTokens":900,"cacheWriteInputTokens":100},"metrics":{"latencyMs":812}}`, content, stop)
	}
}

var fine = says("end_turn", `[{"text":"done"}]`)

// inProcess carries requests to a handler without a network, so that time can be synthetic.
type inProcess struct{ http.Handler }

func (p inProcess) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil { // the handler outlived the caller's patience
		return nil, err
	}
	return w.Result(), nil
}

const claude, haiku = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"

func model(t *testing.T, opts Options, script ...answer) (*Model, *converse) {
	t.Helper()
	server := &converse{t: t, script: script}
	if opts.Profile == "" {
		opts.Profile = claude
	}
	m := New(sdk.Config{
		Region: "eu-central-1", HTTPClient: inProcess{server}, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}, opts)
	return m, server
}
