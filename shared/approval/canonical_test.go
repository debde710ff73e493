package approval

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
)

func samplePlan() incident.Plan {
	return incident.Plan{
		Investigation: "inv-1", Version: 1, Summary: "Raise the pool ceiling of checkout to 40 again",
		Actions: []incident.PlanAction{
			{Phase: incident.Prepare, Text: "Note the current task definition", Risk: incident.RiskLow},
			{Phase: incident.Apply, Text: "Deploy the previous revision", Command: "aws ecs update-service --cluster shop --service checkout --task-definition checkout:41", Target: "checkout", Risk: incident.RiskMedium, Expected: "<5 % errors within 3 minutes"},
		},
		Rollback:    []incident.PlanAction{{Phase: incident.Apply, Text: "Deploy revision 42", Risk: incident.RiskLow}},
		BlastRadius: "checkout only", Risk: incident.RiskMedium,
		Success:   []incident.Criterion{{Text: "5xx under 1 %", Component: "checkout", Metric: "HTTPCode_Target_5XX_Count"}},
		Spec:      &incident.Spec{Problem: "pool too small", Files: []string{"config/db.yaml"}, Change: "max: 40"},
		Cites:     []string{"cause-1"},
		Requester: Automatic, Analyst: "offline analyst",
	}
}

func TestCanonicalForm(t *testing.T) {
	got := string(Canonical(incident.Plan{Summary: "a<b>&\u2028\x01\x7f\"\\\n\t\b\f\r é \U0001F525"}))
	want := `{"actions":[],"analyst":"","blocks":[],"cites":[],"investigation":"","requester":"","risk":"","rollback":[],"success":[],` +
		`"summary":"a<b>&` + "\u2028" + `\u0001` + "\x7f" + `\"\\\n\t\b\f\r é ` + "\U0001F525" + `","version":0}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestKeepsEveryPlan: what people are shown is what was stored.
func TestKeepsEveryPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		plan := incident.Plan{Summary: text.Draw(t, "summary"), Version: int(rapid.Int32().Draw(t, "version")), Requester: text.Draw(t, "requester")}
		for range rapid.IntRange(0, 3).Draw(t, "actions") {
			plan.Actions = append(plan.Actions, incident.PlanAction{Text: text.Draw(t, "text"), Command: text.Draw(t, "command"), Risk: incident.RiskLow})
		}
		docs := new(blob.Memory)
		hash, err := Keep(context.Background(), docs, plan)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := ReadPlan(context.Background(), docs, hash)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(plan, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}

// TestEveryByteCounts (T17): no changed byte of a stored plan passes for the plan that was hashed.
func TestEveryByteCounts(t *testing.T) {
	data := Canonical(samplePlan())
	hash := blob.Hash(data)
	for i := range data {
		for _, flip := range []byte{0x01, 0x20, 0x80, 0xff} {
			changed := append([]byte(nil), data...)
			changed[i] ^= flip
			if _, err := decodePlan(hash, changed); !incident.Is(err, incident.Invalid) {
				t.Fatalf("byte %d xor %#x: %v", i, flip, err)
			}
		}
	}
	if _, err := decodePlan(hash, data); err != nil {
		t.Fatalf("the plan itself: %v", err)
	}
}

// TestOrderDoesNotCount (T17): the same plan written in another order has the same canonical bytes.
func TestOrderDoesNotCount(t *testing.T) {
	want := Canonical(samplePlan())
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		shuffled := shuffle(t, rng, want)
		got, err := canonicalJSON(shuffled)
		if err != nil || string(got) != string(want) {
			t.Fatalf("%v\n%s\n%s", err, shuffled, got)
		}
		var plan incident.Plan
		if err := json.Unmarshal(shuffled, &plan); err != nil || Hash(plan) != blob.Hash(want) {
			t.Fatalf("%v: hash of the shuffled plan differs", err)
		}
	}
}

// shuffle writes the objects of a JSON document with their keys in random order.
func shuffle(t *testing.T, rng *rand.Rand, raw []byte) []byte {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(raw, &object) == nil && object != nil:
		var parts []string
		for key, v := range object {
			parts = append(parts, `"`+key+`" : `+string(shuffle(t, rng, v)))
		}
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return []byte("{" + strings.Join(parts, ",\n") + "}")
	case json.Unmarshal(raw, &list) == nil && list != nil:
		var parts []string
		for _, v := range list {
			parts = append(parts, string(shuffle(t, rng, v)))
		}
		return []byte("[" + strings.Join(parts, " , ") + "]")
	}
	return raw
}

// TestNothingHides: bytes that hash right but hold more than a plan shows are refused.
func TestNothingHides(t *testing.T) {
	plain := string(Canonical(samplePlan()))
	for name, data := range map[string]string{
		"unknown field":    strings.Replace(plain, `{"actions"`, `{"aaa":"do more","actions"`, 1),
		"repeated key":     strings.Replace(plain, `"summary":`, `"summary":"harmless","summary":`, 1),
		"other case":       strings.Replace(plain, `"summary":`, `"Summary":`, 1),
		"space":            plain + " ",
		"second value":     plain + "{}",
		"null list":        strings.Replace(plain, `"blocks":[]`, `"blocks":null`, 1),
		"escaped letter":   strings.Replace(plain, `Raise`, `\u0052aise`, 1),
		"broken surrogate": strings.Replace(plain, `Raise`, `\ud800`, 1),
		"not JSON":         "plan",
		"empty":            "",
	} {
		if data == plain {
			t.Fatalf("%s: the sample did not change", name)
		}
		if _, err := decodePlan(blob.Hash([]byte(data)), []byte(data)); !incident.Is(err, incident.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCode(t *testing.T) {
	hash := Hash(samplePlan())
	code := Code(hash)
	if len(code) != 6 || strings.ContainsAny(code, "ILOU") {
		t.Errorf("code %q", code)
	}
	for _, typed := range []string{code, strings.ToLower(code), " " + code[:3] + "-" + code[3:] + "\n", strings.NewReplacer("0", "o", "1", "l").Replace(code)} {
		if !CodeMatches(hash, typed) {
			t.Errorf("%q does not match %s", typed, code)
		}
	}
	for _, typed := range []string{"", "AAAAAA", code[:5], code + code[:1], hash[:6]} {
		if CodeMatches(hash, typed) {
			t.Errorf("%q matches %s", typed, code)
		}
	}
	seen := map[string]bool{}
	for v := range 2000 {
		p := samplePlan()
		p.Version = v
		seen[Code(Hash(p))] = true
	}
	if len(seen) < 1990 {
		t.Errorf("2000 plans have only %d codes", len(seen))
	}
}

func FuzzDecodePlan(f *testing.F) {
	f.Add(Canonical(samplePlan()))
	f.Add([]byte(`{"actions":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := decodePlan(blob.Hash(data), data)
		if err == nil && string(Canonical(plan)) != string(data) {
			t.Fatalf("accepted bytes that are not what is shown: %q", data)
		}
	})
}
