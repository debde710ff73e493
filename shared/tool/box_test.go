package tool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/tool"
)

const secret = "hunter2hunter2"

type in struct {
	Component string `json:"component"`
	Limit     int    `json:"limit,omitempty"`
}

type out struct {
	Lines []string `json:"lines"`
}

// asks makes a tool that answers what the component's name asks for, and counts how often it ran.
func asks(name string, ran *int) tool.Tool {
	return tool.New(name, "For tests.", func(ctx context.Context, _ tool.Scope, a in) (out, string, error) {
		*ran++
		switch a.Component {
		case "denied":
			return out{}, "", incident.Errorf(incident.Denied, "logs: not allowed with password=%s", secret)
		case "unavailable":
			return out{}, "", incident.Errorf(incident.Unavailable, "logs: no answer")
		case "broken":
			return out{}, "", fmt.Errorf("an error without a class")
		case "leaky":
			return out{Lines: []string{"login with password=" + secret}}, "one line says password=" + secret, nil
		case "waits":
			return out{}, "", ctx.Err()
		}
		return out{Lines: []string{"ok"}}, "1 line", nil
	})
}

func box(t *testing.T, limit int) (*tool.Box, *int) {
	t.Helper()
	ran := new(int)
	b, err := tool.NewBox(redact.New([]byte("k")), limit, asks("logs", ran))
	if err != nil {
		t.Fatal(err)
	}
	return b, ran
}

func TestWhatCouldNotBeLookedAtIsAFailedOutcome(t *testing.T) {
	tests := []struct {
		name, tool, args string
		class            incident.Class
		ran              int
	}{
		{"unknown tool", "delete_table", `{"component":"a"}`, incident.NotFound, 0},
		{"access is missing", "logs", `{"component":"denied"}`, incident.Denied, 1},
		{"no answer", "logs", `{"component":"unavailable"}`, incident.Unavailable, 1},
		{"no class", "logs", `{"component":"broken"}`, incident.Internal, 1},
		{"wrong type", "logs", `{"component":7}`, incident.Invalid, 0},
		{"unknown field", "logs", `{"component":"a","url":"http://169.254.169.254/"}`, incident.Invalid, 0},
		{"missing field", "logs", `{"limit":1}`, incident.Invalid, 0},
		{"no arguments at all", "logs", ``, incident.Invalid, 0},
		{"not an object", "logs", `["a"]`, incident.Invalid, 0},
		{"not JSON", "logs", `{"component":`, incident.Invalid, 0},
		{"JSON with a tail", "logs", `{"component":"a"} {}`, incident.Invalid, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b, ran := box(t, 1<<20)
			got, err := b.Call(t.Context(), tool.Scope{}, tc.tool, json.RawMessage(tc.args))
			if err != nil {
				t.Fatalf("a failure must be an outcome, got the error %v", err)
			}
			if !got.Failed || got.Class != tc.class || got.Summary == "" || *ran != tc.ran {
				t.Errorf("%+v, the tool ran %d times", got, *ran)
			}
			var told struct{ Error string }
			if err := json.Unmarshal(got.Data, &told); err != nil || told.Error != got.Summary {
				t.Errorf("data %s must tell the reason and nothing else", got.Data)
			}
		})
	}
}

func TestASuccessCarriesWhereItLooked(t *testing.T) {
	b, _ := box(t, 1<<20)
	got, err := b.Call(t.Context(), tool.Scope{Account: "111122223333", Region: "eu-central-1"}, "logs", json.RawMessage(`{"component":"a"}`))
	want := tool.Outcome{Data: json.RawMessage(`{"lines":["ok"]}`), Summary: "1 line", Account: "111122223333", Region: "eu-central-1"}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %s", err, cmp.Diff(want, got))
	}
}

func TestSecretsLeaveTheBoxMasked(t *testing.T) {
	for _, component := range []string{"leaky", "denied"} {
		b, _ := box(t, 1<<20)
		got, err := b.Call(t.Context(), tool.Scope{}, "logs", json.RawMessage(`{"component":"`+component+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(got.Data), secret) || strings.Contains(got.Summary, secret) {
			t.Errorf("%s: %s / %s", component, got.Data, got.Summary)
		}
		if !strings.Contains(string(got.Data), "password=") {
			t.Errorf("%s: more than the secret is gone: %s", component, got.Data)
		}
	}
}

func TestTheNameOfAnUnknownToolIsMaskedAndShort(t *testing.T) {
	b, _ := box(t, 1<<20)
	for _, name := range []string{"password=" + secret, "x\x1b[2J\u202e", strings.Repeat("n", 1<<20)} {
		got, err := b.Call(t.Context(), tool.Scope{}, name, nil)
		if err != nil || !got.Failed || got.Class != incident.NotFound {
			t.Fatalf("%+v, %v", got, err)
		}
		if all := string(got.Data) + got.Summary; strings.Contains(all, secret) || strings.ContainsAny(all, "\x1b\u202e") || len(all) > 400 {
			t.Errorf("%.200q is told as %.300q", name, all)
		}
	}
}

func TestTheEndOfTheContextIsTheOnlyError(t *testing.T) {
	for _, component := range []string{"waits", "fine"} {
		b, ran := box(t, 1<<20)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got, err := b.Call(ctx, tool.Scope{}, "logs", json.RawMessage(`{"component":"`+component+`"}`))
		if !incident.Is(err, incident.Unavailable) || got.Data != nil || *ran != 1 {
			t.Errorf("%s: %+v, %v", component, got, err)
		}
	}
}

func TestTwoToolsWithOneNameAreRefused(t *testing.T) {
	ran := new(int)
	_, err := tool.NewBox(redact.New([]byte("k")), 1, asks("logs", ran), asks("metrics", ran), asks("logs", ran))
	if !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), "logs") {
		t.Errorf("%v", err)
	}
}

func TestSpecsAreInOrderAndForbidUnknownFields(t *testing.T) {
	ran := new(int)
	b, err := tool.NewBox(redact.New([]byte("k")), 1, asks("b", ran), asks("a", ran))
	if err != nil {
		t.Fatal(err)
	}
	specs := b.Specs()
	if len(specs) != 2 || specs[0].Name != "b" || specs[1].Name != "a" || !b.Has("a") || b.Has("c") {
		t.Fatalf("%+v", specs)
	}
	var schema struct {
		Required []string
		Closed   json.RawMessage `json:"additionalProperties"`
	}
	if err := json.Unmarshal(specs[0].Schema, &schema); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(schema.Required, []string{"component"}) || len(schema.Closed) == 0 {
		t.Errorf("schema %s", specs[0].Schema)
	}
}

func TestALargeResultIsDistilledInTheBox(t *testing.T) {
	ran := new(int)
	many := tool.New("many", "For tests.", func(context.Context, tool.Scope, struct{}) (out, string, error) {
		*ran++
		return out{Lines: make([]string, 10_000)}, "10000 lines", nil
	})
	b, err := tool.NewBox(redact.New([]byte("k")), 2000, many)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Call(t.Context(), tool.Scope{}, "many", nil)
	if err != nil || got.Failed || len(got.Data) > 2000 || !strings.Contains(string(got.Data), "left out") {
		t.Errorf("%d bytes, %+.200v, %v", len(got.Data), got, err)
	}
}

func TestDistill(t *testing.T) {
	fits := json.RawMessage(`{"b": 1,  "a": [1.50, 2]}`)
	if got := tool.Distill(fits, len(fits)); !bytes.Equal(got, fits) {
		t.Errorf("a document that fits was changed: %s", got)
	}
	numbers := make([]int, 1000)
	for i := range numbers {
		numbers[i] = i
	}
	raw, _ := json.Marshal(numbers)
	var kept []any
	if err := json.Unmarshal(tool.Distill(raw, 600), &kept); err != nil {
		t.Fatal(err)
	}
	if len(kept) != 129 || kept[0] != 0.0 || kept[63] != 63.0 || kept[64] != "(872 left out)" || kept[65] != 936.0 || kept[128] != 999.0 {
		t.Errorf("%d elements: %v", len(kept), kept)
	}
	long, _ := json.Marshal(map[string]string{"diff": strings.Repeat("x", 9000), "name": "short"})
	var cut map[string]string
	if err := json.Unmarshal(tool.Distill(long, 3000), &cut); err != nil {
		t.Fatal(err)
	}
	if cut["name"] != "short" || cut["diff"] != strings.Repeat("x", 2048)+"(6952 bytes left out)" {
		t.Errorf("%v", cut)
	}
	wide := map[string]int{}
	for i := range 1000 {
		wide[fmt.Sprint("key", i)] = i
	}
	hopeless, _ := json.Marshal(wide)
	if got := string(tool.Distill(hopeless, 500)); !strings.Contains(got, "too large") || len(got) > 500 {
		t.Errorf("%s", got)
	}
}

// document draws any JSON value.
func document(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.StringN(-1, 400, -1).AsAny(),
	}
	if depth > 0 {
		leaves = append(leaves,
			rapid.SliceOfN(document(depth-1), 0, 40).AsAny(),
			rapid.MapOfN(rapid.StringN(1, 10, -1), document(depth-1), 0, 8).AsAny())
	}
	return rapid.OneOf(leaves...)
}

func TestWhatIsDistilledIsShortAndStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(document(3).Draw(t, "document"))
		if err != nil {
			t.Fatal(err)
		}
		limit := rapid.IntRange(150, 4000).Draw(t, "limit") // the note that nothing fits takes 120 bytes
		got := tool.Distill(raw, limit)
		if len(got) > limit || !json.Valid(got) {
			t.Fatalf("%d bytes of at most %d: %s", len(got), limit, got)
		}
		if again := tool.Distill(got, limit); !bytes.Equal(again, got) {
			t.Fatalf("distilled again: %s, then %s", got, again)
		}
		if len(raw) <= limit && !bytes.Equal(raw, got) {
			t.Fatalf("a document that fits was changed: %s to %s", raw, got)
		}
	})
}
