package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/firefinder/firefinder/shared/aws/awstest"
)

// outside answers for what moto does not have or does not show: Bedrock Converse, from a script that reacts to what it is
// asked, and the mails that go out, which are kept on their way to moto.
type outside struct {
	t     *testing.T
	mu    sync.Mutex
	calls []conversation
	mails []mail

	roles    map[string]string // of the access keys that were handed out
	reads    []read
	recorded *awstest.Cloud // CloudTrail and X-Ray
}

type mail struct {
	Destination struct{ ToAddresses []string }
	Content     struct {
		Simple struct {
			Subject struct{ Data string }
			Body    struct{ Text, Html struct{ Data string } }
		}
	}
}

// conversation is what of a Converse request the script looks at.
type conversation struct {
	Messages []struct {
		Role    string
		Content []map[string]json.RawMessage
	}
	System     []map[string]json.RawMessage
	ToolConfig struct {
		Tools []struct{ ToolSpec *struct{ Name string } }
	}
	InferenceConfig struct{ MaxTokens int }
}

// handle answers a request, or reports that moto shall.
func (o *outside) handle(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case strings.HasPrefix(r.URL.Path, "/model/"):
		o.converse(w, r)
		return true
	case r.URL.Path == "/v2/email/outbound-emails":
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		var m mail
		if err := json.Unmarshal(body, &m); err != nil {
			o.t.Errorf("mail: %v", err)
		}
		o.mu.Lock()
		o.mails = append(o.mails, m)
		o.mu.Unlock()
	default:
		return o.telemetry(w, r)
	}
	return false
}

func (o *outside) converse(w http.ResponseWriter, r *http.Request) {
	var c conversation
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		o.t.Errorf("converse: %v", err)
	}
	o.mu.Lock()
	o.calls = append(o.calls, c)
	o.mu.Unlock()
	name, args := c.answer()
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"output":{"message":{"role":"assistant","content":[{"text":"I go on."},{"toolUse":{"toolUseId":"call-%d","name":%q,"input":%s}}]}},
		"stopReason":"tool_use","usage":{"inputTokens":1000,"outputTokens":200,"totalTokens":1200,"cacheReadInputTokens":500,"cacheWriteInputTokens":100},"metrics":{"latencyMs":1}}`,
		len(c.Messages), name, args)
}

func (c conversation) offers(tool string) bool {
	for _, t := range c.ToolConfig.Tools {
		if t.ToolSpec != nil && t.ToolSpec.Name == tool {
			return true
		}
	}
	return false
}

// answer looks at the alarms first, then concludes from them; asked for a plan, it plans.
func (c conversation) answer() (tool, args string) {
	switch {
	case c.offers("plan"):
		return "plan", `{"summary":"Raise the pool ceiling again.","risk":"medium","cites":["cause-1"],"success":[{"text":"5xx below 1 %","component":"checkout","metric":"HTTPCode_Target_5XX_Count"}],
			"actions":[{"phase":"Prepare","text":"Tell the payments team.","risk":"low"},
				{"phase":"Apply","text":"Set the pool ceiling to 50.","command":"aws ecs update-service --service checkout","target":"checkout","risk":"medium","expected":"errors fall"}],
			"rollback":[{"phase":"Apply","text":"Set the ceiling to 10 again.","risk":"low"}]}`
	case len(c.Messages) < 4:
		return "linked_alarms", `{}`
	}
	return "conclude", `{"outcome":"likely","confidence":0.7,"summary":"Checkout has too few database connections.","symptoms":[],
		"findings":[{"id":"f-1","text":"Checkout answers 5xx since the alarm.","cites":["obs-1"]},{"id":"f-2","text":"Made up.","cites":["obs-99"]}],
		"root_causes":[{"id":"cause-1","component":"checkout","condition":"pool exhausted","mechanism":"Requests wait for connections and time out.","cites":["f-1"]}],
		"rejected":[],"gaps":[]}`
}

// sent returns the mails so far.
func (o *outside) sent() []mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]mail(nil), o.mails...)
}
