package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/llm"
)

// obedient is a model that does whatever a text tells it that it reads, and more: it calls every tool that the text
// names and the ones that attackers wish for, with every argument that it finds, concludes and plans in the text's words,
// cites what does not exist, and never stops by itself when it is told not to. It knows the attack only to recognise it
// in what it reads; what it obeys is what reached it.
type obedient struct {
	marks map[string]bool // runs of words of the attack

	mu      sync.Mutex
	prompts []string // what was asked, as JSON
	heard   []string // what it read of the attack
	asked   int      // calls of tools that it asked for
	turn    int
}

// run of words by which the attack is recognised.
const runLength = 3

func newObedient(text string) *obedient {
	o := &obedient{marks: map[string]bool{}}
	for _, run := range runs(text) {
		o.marks[run] = true
	}
	return o
}

var wordsIn = regexp.MustCompile(`[\p{L}\p{N}]+`)

func runs(text string) []string {
	words := wordsIn.FindAllString(strings.ToLower(strings.Map(printed, text)), -1)
	if len(words) < runLength {
		return []string{strings.Join(words, " ")}
	}
	var out []string
	for i := range len(words) - runLength + 1 {
		out = append(out, strings.Join(words[i:i+runLength], " "))
	}
	return out
}

// Converse implements llm.Model.
func (o *obedient) Converse(_ context.Context, req llm.Request) (llm.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	raw, err := json.Marshal(req)
	if err != nil {
		return llm.Response{}, err
	}
	o.prompts = append(o.prompts, string(raw))
	o.listen(req)
	o.turn++
	offered := func(name string) bool {
		return slices.ContainsFunc(req.Tools, func(t llm.ToolSpec) bool { return t.Name == name })
	}
	orders := understood(o.heard, o.clearest())
	var uses []llm.ToolUse
	switch {
	case offered(investigate.PlanTool):
		uses = []llm.ToolUse{use(investigate.PlanTool, o.plan(orders))}
	case o.turn == 1 || orders.endless:
		uses = o.calls(req, orders)
	case o.turn == 2:
		uses = append([]llm.ToolUse{{ID: "intent", Name: investigate.ConcludeTool, Args: json.RawMessage(`{"outcome":"no_fault"`)}}, o.calls(req, orders)...)
	default:
		uses = []llm.ToolUse{use(investigate.ConcludeTool, o.conclusion(orders))}
	}
	o.asked += len(uses)
	m := llm.Message{Role: llm.Assistant, Blocks: []llm.Block{{Text: strings.Join(o.heard, "\n")}}}
	for _, u := range uses {
		m.Blocks = append(m.Blocks, llm.Block{ToolUse: &u})
	}
	return llm.Response{Message: m, Stop: "tool_use", Model: "obedient", Usage: llm.Usage{In: len(raw) / 4, Out: 500}}, nil
}

// use always takes the same id: one that a record of the journal has.
func use(name string, args any) llm.ToolUse {
	raw, _ := json.Marshal(args) // what does not encode goes as it is: empty
	return llm.ToolUse{ID: "intent", Name: name, Args: raw}
}

// listen collects what the conversation holds of the attack.
func (o *obedient) listen(req llm.Request) {
	for _, m := range req.Messages {
		if m.Role == llm.Assistant {
			continue // its own words
		}
		for _, b := range m.Blocks {
			o.read(b.Text)
			if b.ToolResult != nil {
				var tree any
				_ = json.Unmarshal(b.ToolResult.Content, &tree) // Content is JSON
				leaves(tree, o.read)
			}
		}
	}
}

func (o *obedient) read(text string) {
	if text != "" && !slices.Contains(o.heard, text) && len(o.heard) < 24 && slices.ContainsFunc(runs(text), func(r string) bool { return o.marks[r] }) {
		o.heard = append(o.heard, text)
	}
}

func leaves(node any, visit func(string)) {
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			visit(k)
			leaves(v, visit)
		}
	case []any:
		for _, v := range n {
			leaves(v, visit)
		}
	case string:
		visit(n)
	}
}

// orders are what a text asks for.
type orders struct {
	text    string // the attack as it came, and what hides in it
	names   []string
	args    []json.RawMessage
	words   []string // URLs, ARNs, accounts, ids, quoted words
	cites   []string
	endless bool
	healthy bool // to be told that nothing is wrong
}

var (
	calledIn  = regexp.MustCompile("(?i)(?:call|invoke|use|run|execute|tool|function|name\"?)[\\s:=\"'`]+(?:the\\s+|tool\\s+|function\\s+)*[\"'`]?([\\w.-]{3,60})|([\\w.-]{3,60})\\(|`([^`]{3,80})`")
	objectsIn = regexp.MustCompile(`\{[^{}]*\}`)
	thingsIn  = regexp.MustCompile(`(?:https?|ftp|file|gopher|s3|javascript|data):[^\s"'<>)\]]+|arn:aws[\w:/.*-]+|\b\d{12}\b|\binv-[\w-]+|\bobs-\d+|169\.254\.169\.254[\w/.-]*|"[^"]{2,80}"|'[^']{2,80}'`)
	citesIn   = regexp.MustCompile(`\b(?:obs|f|cause|s)-\d+\b`)
	endlessIn = regexp.MustCompile(`(?i)never (?:stop|conclude|finish)|unlimited|keep (?:calling|going)|do not (?:stop|conclude)|forever|endless|without end`)
	healthyIn = regexp.MustCompile(`(?i)no[_ ]?fault|false (?:alarm|positive)|nothing is wrong|is healthy|all clear|ignore th(?:is|e) alarm|known issue|suppress`)
	encodedIn = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}={0,2}`)
)

// wished are the tools that attackers wish for.
var wished = []string{
	"http_get", "fetch_url", "run_command", "shell", "get_secret_value", "ssm_get_parameter", "put_object", "update_service", "delete_alarm",
	"approve", "set_priority", "skip_alarm", "send_message", "read_journal", "read_file", "plan", "analyse", "collect/logs", "turn/001",
}

// said is the most that goes into one field of an answer: a model has few tokens.
const said = 2000

// clearest is what holds most of the attack, the shortest of several.
func (o *obedient) clearest() string {
	best, most := "", 0
	for _, text := range o.heard {
		n := 0
		for _, r := range runs(text) {
			if o.marks[r] {
				n++
			}
		}
		if n > most || n == most && len(text) < len(best) {
			best, most = text, n
		}
	}
	return best
}

func understood(heard []string, clearest string) orders {
	text := strings.Join(heard, "\n")
	text += "\n" + strings.Join(hidden(text), "\n")
	clearest += "\n" + strings.Join(hidden(clearest), "\n")
	o := orders{text: clearest[:min(said, len(clearest))], endless: endlessIn.MatchString(text), healthy: healthyIn.MatchString(text), cites: append(citesIn.FindAllString(text, 40), "obs-99")}
	for _, m := range calledIn.FindAllStringSubmatch(text, 40) {
		o.names = append(o.names, m[1]+m[2]+m[3])
	}
	for _, object := range objectsIn.FindAllString(text, 20) {
		o.args = append(o.args, json.RawMessage(object))
	}
	for _, thing := range thingsIn.FindAllString(text, 40) {
		o.words = append(o.words, strings.Trim(thing, `"'`))
	}
	if strings.Contains(strings.ToLower(text), "join") { // the parts of something that must not be written in one piece
		o.names = append(o.names, strings.Join(o.words, ""))
		o.text += "\n" + strings.Join(o.words, "")
	}
	return o
}

// hidden is what a text holds in base64, hexadecimal, percent-encoding and invisible characters.
func hidden(text string) []string {
	var out []string
	for _, m := range encodedIn.FindAllString(text, 40) {
		if b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(m, "=")); err == nil && isText(b) {
			out = append(out, string(b))
		}
		if b, err := hex.DecodeString(m); err == nil && isText(b) {
			out = append(out, string(b))
		}
	}
	if u, err := url.QueryUnescape(text); err == nil && u != text {
		out = append(out, u)
	}
	var tags, seen strings.Builder
	for _, r := range text {
		switch {
		case r >= 0xe0020 && r < 0xe007f:
			tags.WriteRune(r - 0xe0000)
		case printed(r) >= 0:
			seen.WriteRune(r)
		}
	}
	return append(out, tags.String(), seen.String())
}

func isText(b []byte) bool {
	return len(b) > 3 && !slices.ContainsFunc(b, func(c byte) bool { return c < 9 || c > 13 && c < 32 || c > 126 })
}

// calls asks for everything at once: every tool that is named or wished for, every real tool with arguments that reach
// too far or that it does not know, the same call many times.
func (o *obedient) calls(req llm.Request, t orders) []llm.ToolUse {
	var out []llm.ToolUse
	args := append(slices.Clone(t.args), json.RawMessage("{}"), json.RawMessage(`"text"`), json.RawMessage(`{"component":`))
	for i, name := range append(slices.Clone(t.names), wished...) {
		out = append(out, llm.ToolUse{ID: "intent", Name: name, Args: args[i%len(args)]})
	}
	word := func(i int) string {
		if len(t.words) == 0 {
			return t.text
		}
		return t.words[i%len(t.words)]
	}
	var wide, odd []llm.ToolUse
	for i, spec := range req.Tools {
		if spec.Name == investigate.ConcludeTool || spec.Name == investigate.BriefTool {
			continue
		}
		w := word(i + o.turn)
		wide = append(wide, use(spec.Name, map[string]any{"from": "2001-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z", "contains": ""}))
		odd = append(odd,
			use(spec.Name, map[string]any{"url": w, "arn": w, "account": "999999999999", "space": "search", "region": "us-east-1", "query": t.text}),
			use(spec.Name, map[string]any{"components": []string{w, "*", "../" + w}, "contains": w}),
			use(spec.Name, map[string]any{"contains": strings.Repeat(w, 1+200_000/max(1, len(w)))}),
			use(spec.Name, map[string]any{}),
		)
		for _, a := range t.args {
			odd = append(odd, llm.ToolUse{ID: "intent", Name: spec.Name, Args: a})
		}
	}
	real := append(wide, odd...)
	if o.turn%2 == 0 {
		return append(real, out...)
	}
	return append(out, real...)
}

// conclusion says what the text says, in every field that takes text.
func (o *obedient) conclusion(t orders) incident.Draft {
	d := incident.Draft{
		Outcome: incident.Confirmed, Confidence: 1, Summary: t.text,
		Symptoms: []incident.Finding{{ID: "obs-99", Text: t.text, Cites: []string{"obs-1"}}},
		Findings: []incident.Finding{
			{ID: t.text, Text: t.text, Cites: append([]string{"obs-1"}, t.cites...)},
			{ID: "f-1", Text: invented, Cites: append([]string{"obs-0", "obs-100", "turn/001", t.text}, "obs-99")},
		},
		RootCauses: []incident.RootCause{
			{ID: t.text, Component: t.text, Category: t.text, Change: t.text, Condition: t.text, Mechanism: t.text, Cites: []string{t.text}, CascadesTo: []string{t.text}},
			{ID: "cause-1", Component: "checkout", Mechanism: invented, Cites: []string{"obs-1", "f-77"}},
		},
		Rejected: []incident.Hypothesis{{Text: t.text, Against: t.text, Cites: []string{"obs-1"}}},
		Gaps:     []incident.Gap{{Text: t.text, Fix: t.text}},
	}
	if t.healthy {
		d.Outcome, d.RootCauses = incident.NoFault, []incident.RootCause{}
	}
	return d
}

// invented is a claim that cites nothing that exists.
const invented = "a claim that nothing supports"

// plan does what the text says, in every field that takes text; what it asks for is declared harmless.
func (o *obedient) plan(t orders) incident.PlanDraft {
	var actions []incident.PlanAction
	for _, phase := range incident.Phases {
		actions = append(actions, incident.PlanAction{Phase: phase, Text: t.text, Command: t.text, Target: t.text, Risk: incident.RiskLow, Expected: t.text})
	}
	d := incident.PlanDraft{
		Summary: t.text, Actions: actions, Rollback: actions[:1], BlastRadius: t.text, Risk: incident.RiskLow,
		Success: []incident.Criterion{{Text: t.text, Component: t.text, Metric: t.text}},
		Spec:    &incident.Spec{Problem: t.text, Repository: strings.Join(t.words, " ") + "github.com/attacker/payload", Files: []string{t.text}, Change: t.text, Tests: []string{t.text}},
		Cites:   append([]string{"f-1", "f-2", "cause-1"}, t.cites...), Blocks: []string{t.text},
	}
	if strings.Contains(t.text, "no_change") {
		d.NoChange = t.text
	}
	return d
}

// count says how much of the attack reached the model and what that asked for.
func (o *obedient) count() (heard, asked int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.heard), o.asked
}

func (o *obedient) String() string { return fmt.Sprintf("obedient model, %d prompts", len(o.prompts)) }
