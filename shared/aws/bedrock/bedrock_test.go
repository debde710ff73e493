package bedrock

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

var (
	ask   = llm.Request{System: "You look.", MaxTokens: 512, Messages: []llm.Message{say(llm.User, "why?")}}
	logs  = llm.ToolSpec{Name: "logs", Description: "Searches logs", Schema: json.RawMessage(`{"type":"object","properties":{"limit":{"type":"integer","maximum":12345678901234567890}},"required":[]}`)}
	turns = []llm.Message{
		say(llm.User, "why?"),
		{Role: llm.Assistant, Blocks: []llm.Block{{Text: "Let me see."}, use("1", `{"q":"error","n":12345678901234567890,"f":0.10}`), use("2", "")}},
		{Role: llm.User, Blocks: []llm.Block{result1("2", ""), result1("1", `{"b":1,"a":[2]}`), {Text: "Hurry."}}},
	}
)

func say(role llm.Role, text string) llm.Message {
	return llm.Message{Role: role, Blocks: []llm.Block{{Text: text}}}
}

func use(id, args string) llm.Block {
	return llm.Block{ToolUse: &llm.ToolUse{ID: id, Name: "logs", Args: json.RawMessage(args)}}
}

func result1(id, content string) llm.Block {
	return llm.Block{ToolResult: &llm.ToolResult{ID: id, Content: json.RawMessage(content)}}
}

// TestOverHTTP sends one conversation with everything in it over a real connection, as functions do.
func TestOverHTTP(t *testing.T) {
	server := &converse{t: t, script: []answer{says("tool_use", `[{"text":"I look."},{"text":"  "},{"toolUse":{"toolUseId":"3","name":"logs","input":{"n":12345678901234567890,"f":0.10,"list":[]}}},{"toolUse":{"toolUseId":"4","name":"logs","input":{}}}]`)}}
	http1 := httptest.NewServer(server)
	defer http1.Close()
	cfg, err := aws.Load(t.Context(), aws.Options{Region: "eu-central-1", Endpoint: http1.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	profile := "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc"
	m := New(cfg, Options{Profile: profile, Underlying: "anthropic.claude-sonnet-4-5-20250929-v1:0", Guardrail: "gr1", GuardrailVersion: "3"})
	resp, err := m.Converse(t.Context(), llm.Request{System: "You look.", Messages: turns, Tools: []llm.ToolSpec{logs}, MaxTokens: 512})
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Response{
		Message: llm.Message{Role: llm.Assistant, Blocks: []llm.Block{{Text: "I look."}, use("3", `{"f":0.10,"list":[],"n":12345678901234567890}`), use("4", "{}")}},
		Stop:    "tool_use", Model: profile,
		Usage: llm.Usage{In: 120, Out: 34, CacheRead: 900, CacheWrite: 100},
	}
	if diff := cmp.Diff(want, resp); diff != "" {
		t.Error(diff)
	}
	got := server.calls[0]
	if got.model != profile {
		t.Errorf("model in the path: %s", got.model)
	}
	raw, _ := json.Marshal(got.body)
	wantBody := `{"system":[{"text":"You look."},{"cachePoint":{"type":"default"}}],
		"messages":[
			{"role":"user","content":[{"text":"why?"},{"cachePoint":{"type":"default"}}]},
			{"role":"assistant","content":[{"text":"Let me see."},
				{"toolUse":{"toolUseId":"1","name":"logs","input":{"f":0.10,"n":12345678901234567890,"q":"error"}}},
				{"toolUse":{"toolUseId":"2","name":"logs","input":{}}}]},
			{"role":"user","content":[
				{"toolResult":{"toolUseId":"2","content":[{"text":"{}"}],"status":"success"}},
				{"toolResult":{"toolUseId":"1","content":[{"text":"{\"b\":1,\"a\":[2]}"}],"status":"success"}},
				{"text":"Hurry."},{"cachePoint":{"type":"default"}}]}],
		"toolConfig":{"tools":[{"toolSpec":{"name":"logs","description":"Searches logs","inputSchema":{"json":{"properties":{"limit":{"maximum":12345678901234567890,"type":"integer"}},"required":[],"type":"object"}}}},{"cachePoint":{"type":"default"}}]},
		"inferenceConfig":{"maxTokens":512},
		"guardrailConfig":{"guardrailIdentifier":"gr1","guardrailVersion":"3"}}`
	if diff := cmp.Diff(canonical(t, wantBody), canonical(t, string(raw))); diff != "" {
		t.Error(diff)
	}
}

func canonical(t *testing.T, doc string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	out, _ := json.MarshalIndent(v, "", " ")
	return string(out)
}

func TestStops(t *testing.T) {
	for reason, want := range map[string]string{
		"end_turn": "end_turn", "stop_sequence": "end_turn", "tool_use": "tool_use", "max_tokens": "max_tokens",
		"model_context_window_exceeded": "max_tokens", "guardrail_intervened": "guardrail", "content_filtered": "guardrail",
	} {
		m, _ := model(t, Options{}, says(reason, `[{"text":"Sorry, no."}]`))
		resp, err := m.Converse(t.Context(), ask)
		if err != nil || resp.Stop != want || resp.Message.Text() != "Sorry, no." || resp.Usage.CacheRead != 900 {
			t.Errorf("%s: %+v, %v", reason, resp, err)
		}
	}
}

// TestMalformedAnswers: another attempt is made, and its answer counts.
func TestMalformedAnswers(t *testing.T) {
	for name, bad := range map[string]answer{
		"stop reason": says("malformed_tool_use", `[]`),
		"not JSON":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no message": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"stopReason":"end_turn","output":{}}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, server := model(t, Options{}, bad, fine)
				resp, err := m.Converse(t.Context(), ask)
				if err != nil || resp.Message.Text() != "done" || len(server.calls) != 2 {
					t.Errorf("%d calls, %+v, %v", len(server.calls), resp, err)
				}
			})
		})
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name     string
		fallback string
		script   []answer
		calls    []string // the models asked
		class    incident.Class
		says     string // part of the error
	}{
		{"once throttled", haiku, []answer{throttled, fine}, []string{claude, claude}, "", ""},
		{"server faults", haiku, []answer{broken, busy, fine}, []string{claude, claude, claude}, "", ""},
		{"three failures switch", haiku, []answer{throttled, throttled, throttled, fine}, []string{claude, claude, claude, haiku}, "", ""},
		{"no fallback", "", []answer{throttled, throttled, notReady, slow, fine}, []string{claude, claude, claude, claude, claude}, "", ""},
		{"all throttled", haiku, []answer{throttled}, []string{claude, claude, claude, haiku, haiku, haiku}, incident.Unavailable, "6 attempts"},
		{"all down", "", []answer{busy}, []string{claude, claude, claude, claude, claude, claude}, incident.Unavailable, "Too many connections"},
		{"no access", haiku, []answer{denied}, []string{claude}, incident.Denied, "bedrock:InvokeModel"},
		{"no such model", haiku, []answer{unknown}, []string{claude}, incident.Denied, "space file"},
		{"wrong request", haiku, []answer{refused}, []string{claude}, incident.Invalid, "input is too long"},
		{"fallback without access", haiku, []answer{throttled, throttled, throttled, denied}, []string{claude, claude, claude, haiku}, incident.Denied, haiku},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, server := model(t, Options{Fallback: c.fallback}, c.script...)
				resp, err := m.Converse(t.Context(), ask)
				var asked []string
				for _, call := range server.calls {
					asked = append(asked, call.model)
				}
				if diff := cmp.Diff(c.calls, asked); diff != "" {
					t.Error(diff)
				}
				if c.class == "" && (err != nil || resp.Model != c.calls[len(c.calls)-1] || resp.Message.Text() != "done") {
					t.Errorf("got %+v, %v", resp, err)
				}
				if c.class != "" && (!incident.Is(err, c.class) || !strings.Contains(err.Error(), c.says)) {
					t.Errorf("got %v (class %s), want %s with %q", err, incident.ClassOf(err), c.class, c.says)
				}
			})
		})
	}
}

// TestWaits pins the bounds of the jitter and that waits are really taken.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, server := model(t, Options{}, throttled)
		var bounds []time.Duration
		m.jitter = func(most time.Duration) time.Duration {
			bounds = append(bounds, most)
			return most - 1
		}
		_, _ = m.Converse(t.Context(), ask)
		want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}
		if diff := cmp.Diff(want, bounds); diff != "" {
			t.Error(diff)
		}
		for i, w := range want {
			if took := server.calls[i+1].at.Sub(server.calls[i].at); took != w-1 {
				t.Errorf("wait %d took %s", i+1, took)
			}
		}
	})
	m := New(testConfig(), Options{})
	for range 1000 {
		if d := m.jitter(time.Second); d < 0 || d >= time.Second {
			t.Fatalf("jitter out of bounds: %s", d)
		}
	}
}

// TestDeadline: no attempt begins that could not end in time, and a model that does not answer is left after 90 s.
func TestDeadline(t *testing.T) {
	hangs := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, c := range []struct {
		name   string
		script []answer
		time   time.Duration
		calls  int
		least  time.Duration
		most   time.Duration
	}{
		{"throttled near the end", []answer{throttled}, 5 * time.Second, 1, 0, time.Second},
		{"throttled with room for some", []answer{throttled}, 12 * time.Second, 4, 6 * time.Second, 8 * time.Second},
		{"hangs once", []answer{hangs, fine}, 150 * time.Second, 2, AttemptTime, AttemptTime + time.Second},
		{"hangs", []answer{hangs}, 150 * time.Second, 2, 150 * time.Second, 151 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, server := model(t, Options{}, c.script...)
				m.jitter = func(most time.Duration) time.Duration { return most - 1 }
				ctx, cancel := context.WithTimeout(t.Context(), c.time)
				defer cancel()
				start := time.Now()
				_, err := m.Converse(ctx, ask)
				if took := time.Since(start); took < c.least || took > c.most {
					t.Errorf("took %s", took)
				}
				if len(server.calls) != c.calls {
					t.Errorf("%d calls, want %d", len(server.calls), c.calls)
				}
				if c.name != "hangs once" && !incident.Is(err, incident.Unavailable) {
					t.Errorf("got %v, want class Unavailable", err)
				}
			})
		})
	}
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, server := model(t, Options{}, throttled)
		m.jitter = func(most time.Duration) time.Duration { return most - 1 }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		if _, err := m.Converse(ctx, ask); !incident.Is(err, incident.Unavailable) || len(server.calls) != 1 {
			t.Errorf("%d calls, %v", len(server.calls), err)
		}
	})
}
