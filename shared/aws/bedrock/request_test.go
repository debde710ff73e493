package bedrock

import (
	"encoding/json"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

func testConfig() sdk.Config { return sdk.Config{Region: "eu-central-1"} }

// TestRefusedBeforeSending: a history that Converse would refuse is named here, and nothing is sent.
func TestRefusedBeforeSending(t *testing.T) {
	tools := []llm.ToolSpec{logs}
	user, assistant := say(llm.User, "why?"), llm.Message{Role: llm.Assistant, Blocks: []llm.Block{use("1", "{}"), use("2", "{}")}}
	answers := func(ids ...string) llm.Message {
		m := llm.Message{Role: llm.User}
		for _, id := range ids {
			m.Blocks = append(m.Blocks, result1(id, "{}"))
		}
		return m
	}
	for name, c := range map[string]struct {
		req  llm.Request
		says string
	}{
		"no limit":            {llm.Request{Messages: []llm.Message{user}}, "MaxTokens"},
		"nothing":             {llm.Request{MaxTokens: 1}, "begin and end"},
		"only blank":          {llm.Request{MaxTokens: 1, Messages: []llm.Message{say(llm.User, " \n")}}, "begin and end"},
		"assistant begins":    {llm.Request{MaxTokens: 1, Messages: []llm.Message{say(llm.Assistant, "hm"), user}}, "begin and end"},
		"assistant ends":      {llm.Request{MaxTokens: 1, Messages: []llm.Message{user, say(llm.Assistant, "hm")}}, "begin and end"},
		"use unanswered":      {llm.Request{MaxTokens: 1, Tools: tools, Messages: []llm.Message{user, assistant, answers("1")}}, "tool use 2 has no result"},
		"use answered late":   {llm.Request{MaxTokens: 1, Tools: tools, Messages: []llm.Message{user, assistant, user, say(llm.Assistant, "hm"), answers("1", "2")}}, "tool use 1 has no result"},
		"answer without use":  {llm.Request{MaxTokens: 1, Tools: tools, Messages: []llm.Message{user, assistant, answers("1", "2", "3")}}, "answers no tool use"},
		"tools left out":      {llm.Request{MaxTokens: 1, Messages: []llm.Message{user, assistant, answers("1", "2")}}, "tools must be sent"},
		"user uses a tool":    {llm.Request{MaxTokens: 1, Tools: tools, Messages: []llm.Message{{Role: llm.User, Blocks: []llm.Block{use("1", "{}")}}}}, "cannot say"},
		"arguments not JSON":  {llm.Request{MaxTokens: 1, Tools: tools, Messages: []llm.Message{user, {Role: llm.Assistant, Blocks: []llm.Block{use("1", "{")}}, answers("1")}}, "arguments of logs"},
		"schema not a object": {llm.Request{MaxTokens: 1, Tools: []llm.ToolSpec{{Name: "x", Schema: json.RawMessage("[]")}}, Messages: []llm.Message{user}}, "schema of tool x"},
	} {
		t.Run(name, func(t *testing.T) {
			m, server := model(t, Options{}, fine)
			_, err := m.Converse(t.Context(), c.req)
			if !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want Invalid with %q", err, c.says)
			}
			if len(server.calls) != 0 {
				t.Error("a request was sent")
			}
		})
	}
}

// TestArranged: what can be put right is, without touching the caller's history.
func TestArranged(t *testing.T) {
	history := []llm.Message{
		say(llm.User, "why?"), say(llm.User, "and since when?"), {Role: llm.Assistant}, say(llm.Assistant, " "), say(llm.User, ""), say(llm.User, "go on"),
	}
	before, _ := json.Marshal(history)
	m, server := model(t, Options{Profile: "mistral.mistral-large-2407-v1:0"}, fine)
	if _, err := m.Converse(t.Context(), llm.Request{Messages: history, MaxTokens: 9}); err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(server.calls[0].body)
	want := `{"system":null,"messages":[{"role":"user","content":[{"text":"why?"},{"text":"and since when?"},{"text":"go on"}]}],"toolConfig":null,"inferenceConfig":{"maxTokens":9},"guardrailConfig":null}`
	if diff := cmp.Diff(canonical(t, want), canonical(t, string(raw))); diff != "" {
		t.Error(diff)
	}
	if after, _ := json.Marshal(history); string(after) != string(before) {
		t.Errorf("the caller's history was changed: %s", after)
	}
}

func TestFailedResult(t *testing.T) {
	m, server := model(t, Options{}, fine)
	history := []llm.Message{say(llm.User, "why?"), {Role: llm.Assistant, Blocks: []llm.Block{use("1", "{}")}},
		{Role: llm.User, Blocks: []llm.Block{{Text: "first"}, {ToolResult: &llm.ToolResult{ID: "1", Content: json.RawMessage(`{"error":"no access"}`), Failed: true}}}}}
	if _, err := m.Converse(t.Context(), llm.Request{Messages: history, Tools: []llm.ToolSpec{logs}, MaxTokens: 9}); err != nil {
		t.Fatal(err)
	}
	last := server.calls[0].body.Messages[2].Content
	if res, ok := last[0]["toolResult"].(map[string]any); !ok || res["status"] != "error" {
		t.Errorf("results come first and say that they failed: %v", last)
	}
}

// TestCachePoints counts where the points stand, per model, and that a long history never has more than four.
func TestCachePoints(t *testing.T) {
	const arn = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc"
	var long []llm.Message
	for range 5 {
		long = append(long, say(llm.User, "more"), say(llm.Assistant, "so"))
	}
	long = append(long, say(llm.User, "last"))
	for _, c := range []struct {
		profile, underlying string
		tools, system       int
		messages            []int // indices of messages that end with a point
	}{
		{claude, "", 1, 1, []int{8, 10}},
		{arn, "anthropic.claude-sonnet-4-5-20250929-v1:0", 1, 1, []int{8, 10}},
		{"eu.amazon.nova-pro-v1:0", "", 0, 1, []int{8, 10}},
		{arn, "", 0, 0, nil},
		{"meta.llama3-1-70b-instruct-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0", 0, 0, nil},
	} {
		m, server := model(t, Options{Profile: c.profile, Underlying: c.underlying}, fine)
		if _, err := m.Converse(t.Context(), llm.Request{System: "s", Messages: long, Tools: []llm.ToolSpec{logs}, MaxTokens: 9}); err != nil {
			t.Fatal(err)
		}
		body := server.calls[0].body
		var at []int
		for i, m := range body.Messages {
			if _, ok := m.Content[len(m.Content)-1]["cachePoint"]; ok {
				at = append(at, i)
			}
		}
		if len(body.ToolConfig.Tools)-1 != c.tools || len(body.System)-1 != c.system || !cmp.Equal(at, c.messages) {
			t.Errorf("%s over %q: tools %d, system %d, messages %v", c.profile, c.underlying, len(body.ToolConfig.Tools)-1, len(body.System)-1, at)
		}
	}
}

// TestSameBytes: the request is the same every time, since the prompt cache compares bytes.
func TestSameBytes(t *testing.T) {
	m, server := model(t, Options{}, fine)
	for range 20 {
		if _, err := m.Converse(t.Context(), llm.Request{System: "s", Messages: turns, Tools: []llm.ToolSpec{logs}, MaxTokens: 9}); err != nil {
			t.Fatal(err)
		}
	}
	for _, call := range server.calls[1:] {
		if diff := cmp.Diff(server.calls[0].body, call.body); diff != "" {
			t.Fatal(diff)
		}
	}
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":{"":1,"b":[null,true,-0.0,1e9]}}`, `{"a":"\u0000\ud800"}`, `[]`, `{"a":1}x`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		m, _ := model(t, Options{}, fine)
		history := []llm.Message{say(llm.User, "why?"), {Role: llm.Assistant, Blocks: []llm.Block{use("1", raw)}}, {Role: llm.User, Blocks: []llm.Block{result1("1", "{}")}}}
		_, err := m.Converse(t.Context(), llm.Request{Messages: history, Tools: []llm.ToolSpec{logs}, MaxTokens: 9})
		if err != nil && !incident.Is(err, incident.Invalid) {
			t.Errorf("%q: %v", raw, err) // refused by us, or accepted by the service; never sent and refused
		}
	})
}
