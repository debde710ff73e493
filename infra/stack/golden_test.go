package stack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestTemplateGolden detects any change of the deployed stack. It says that something changed, not that it is wrong: the
// intents are tested one by one elsewhere.
func TestTemplateGolden(t *testing.T) {
	var b strings.Builder
	tmpl := of(t, "payments")
	for _, kind := range kinds(tmpl) {
		for _, r := range tmpl.all(kind) {
			if kind == "AWS::IAM::Policy" || kind == "AWS::IAM::Role" || kind == "AWS::StepFunctions::StateMachine" {
				continue // permissions have a golden file of their own, and the definition is a file already
			}
			body, err := json.MarshalIndent(r.props, "  ", "  ")
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %s (%s)\n  %s\n", kind, short(r.id), r.keep, assetHash.ReplaceAllString(string(body), "ASSET"))
		}
	}
	golden(t, "payments.stack.txt", b.String())
}

func kinds(tmpl template) []string {
	var out []string
	for _, r := range tmpl.resources {
		if !slices.Contains(out, r.kind) {
			out = append(out, r.kind)
		}
	}
	slices.Sort(out)
	return out
}

// TestPermissionsGolden is the whole of what each role may do, one statement a line block: the page for a security review.
func TestPermissionsGolden(t *testing.T) {
	for _, space := range []string{"payments", "search", "varied"} {
		var b strings.Builder
		for _, role := range rolesOf(of(t, space)) {
			fmt.Fprintf(&b, "%s, assumed by %s\n", role.name, role.trusts)
			for _, s := range role.statements {
				fmt.Fprintf(&b, "  %s %s\n", s.effect, s.sid)
				for _, line := range s.lines() {
					fmt.Fprintf(&b, "    %s\n", line)
				}
			}
			b.WriteString("\n")
		}
		golden(t, space+".permissions.txt", b.String())
	}
}
