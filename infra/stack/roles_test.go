package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type role struct {
	name       string
	trusts     string
	statements []statement
}

type statement struct {
	sid, effect                    string
	actions, notActions, resources []string
	condition                      map[string]any
}

func (s statement) lines() []string {
	var out []string
	for _, a := range s.actions {
		out = append(out, a)
	}
	for _, a := range s.notActions {
		out = append(out, "everything but "+a)
	}
	for _, r := range s.resources {
		out = append(out, "on "+r)
	}
	if s.condition != nil {
		c, _ := json.Marshal(s.condition)
		out = append(out, "if "+string(c))
	}
	return out
}

// rolesOf gathers every role with the statements of its own and of attached policies.
func rolesOf(tmpl template) []role {
	byRef := map[string]*role{}
	var out []*role
	for _, r := range tmpl.all("AWS::IAM::Role") {
		made := &role{name: short(r.id), trusts: trusts(r)}
		for i := range list(r.at("Policies")) {
			made.statements = append(made.statements, statements(r, "Policies", fmt.Sprint(i), "PolicyDocument", "Statement")...)
		}
		if r.at("ManagedPolicyArns") != nil {
			made.statements = append(made.statements, statement{sid: "MANAGED", actions: []string{"*"}})
		}
		byRef["${"+short(r.id)+"}"] = made
		out = append(out, made)
	}
	for _, p := range tmpl.all("AWS::IAM::Policy") {
		for _, ref := range list(p.at("Roles")) {
			byRef[ref].statements = append(byRef[ref].statements, statements(p, "PolicyDocument", "Statement")...)
		}
	}
	var roles []role
	for _, r := range out {
		roles = append(roles, *r)
	}
	return roles
}

func trusts(r resource) string {
	var out []string
	for i := range r.at("AssumeRolePolicyDocument", "Statement").([]any) {
		p, _ := r.at("AssumeRolePolicyDocument", "Statement", fmt.Sprint(i), "Principal").(map[string]any)
		for _, kind := range slices.Sorted(maps.Keys(p)) {
			out = append(out, fmt.Sprint(p[kind]))
		}
	}
	return strings.Join(out, ", ")
}

func statements(r resource, path ...string) []statement {
	var out []statement
	all, _ := r.at(path...).([]any)
	for _, v := range all {
		m := v.(map[string]any)
		s := statement{effect: m["Effect"].(string), actions: list(m["Action"]), notActions: list(m["NotAction"]), resources: list(m["Resource"])}
		s.sid, _ = m["Sid"].(string)
		s.condition, _ = m["Condition"].(map[string]any)
		out = append(out, s)
	}
	return out
}

// each calls f with every statement of every role of every space.
func each(t *testing.T, f func(space string, r role, s statement)) {
	t.Helper()
	n := 0
	for _, space := range []string{"payments", "search", "varied"} {
		for _, r := range rolesOf(of(t, space)) {
			for _, s := range r.statements {
				f(space, r, s)
				n++
			}
		}
	}
	if n < 150 {
		t.Fatalf("only %d statements seen: the test looks at the wrong place", n)
	}
}

// holders are the roles of a space that have an action on anything.
func holders(t *testing.T, space, action string) []string {
	t.Helper()
	var out []string
	for _, r := range rolesOf(of(t, space)) {
		for _, s := range r.statements {
			if s.effect == "Allow" && slices.Contains(s.actions, action) && !slices.Contains(out, r.name) {
				out = append(out, r.name)
			}
		}
	}
	return out
}

func TestNoWildcardActions(t *testing.T) {
	each(t, func(space string, r role, s statement) {
		for _, a := range slices.Concat(s.actions, s.notActions) {
			if strings.ContainsAny(a, "*?") {
				t.Errorf("%s %s %s: action %s has a wildcard", space, r.name, s.sid, a)
			}
		}
		if s.sid == "" {
			t.Errorf("%s %s: a statement has no name: %v", space, r.name, s.actions)
		}
	})
}

func TestWildcardResourcesHaveAReason(t *testing.T) {
	used := map[string]bool{}
	each(t, func(space string, r role, s statement) {
		for _, resource := range s.resources {
			if !strings.ContainsAny(strings.ReplaceAll(resource, "${", "<"), "*?") {
				continue
			}
			ok := slices.ContainsFunc(wildcards, func(w wildcard) bool {
				written := strings.NewReplacer("${", "<", "}", ">").Replace(resource)
				pattern := strings.ReplaceAll(w.finding, `\w+`, `\w*`) // ids are without their hash here
				match := w.sid == s.sid && regexp.MustCompile("^"+pattern+"$").MatchString(written)
				used[w.sid] = used[w.sid] || match
				return match
			})
			if !ok {
				t.Errorf("%s %s %s: resource %s has a wildcard and no reason in reasons.go", space, r.name, s.sid, resource)
			}
		}
	})
	for _, w := range wildcards {
		if !used[w.sid] && w.why != existing {
			t.Errorf("reasons.go: nothing uses the exception for %s; remove it", w.sid)
		}
		if len(w.why) < 40 {
			t.Errorf("reasons.go: %s: %q is no reason", w.sid, w.why)
		}
	}
}

// inside is where each action may act. An action that is not here is not allowed to any function; what writes is bound to
// the space's own parts.
var inside = map[string]string{
	"bedrock:ApplyGuardrail":              `arn:.*:guardrail/.+`,
	"bedrock:InvokeModel":                 `arn:.*:(inference-profile|foundation-model|application-inference-profile)/.+`,
	"dynamodb:ConditionCheckItem":         `\$\{Table\.Arn\}`,
	"dynamodb:DeleteItem":                 `\$\{Table\.Arn\}`,
	"dynamodb:GetItem":                    `\$\{Table\.Arn\}`,
	"dynamodb:Query":                      `\$\{Table\.Arn\}`,
	"dynamodb:UpdateItem":                 `\$\{Table\.Arn\}`,
	"events:PutEvents":                    `arn:.*:event-bus/(default|incidents)`,
	"kms:Decrypt":                         `\$\{(Data|Token)Key\.Arn\}`,
	"kms:DescribeKey":                     `\$\{DataKey\.Arn\}`,
	"kms:Encrypt":                         `\$\{(Data|Token)Key\.Arn\}`,
	"kms:GenerateDataKey":                 `\$\{DataKey\.Arn\}`,
	"kms:GenerateDataKeyWithoutPlaintext": `\$\{DataKey\.Arn\}`,
	"kms:ReEncryptFrom":                   `\$\{DataKey\.Arn\}`,
	"kms:ReEncryptTo":                     `\$\{DataKey\.Arn\}`,
	"logs:CreateLogStream":                `\$\{\w+Logs\.Arn\}`,
	"logs:PutLogEvents":                   `\$\{\w+Logs\.Arn\}`,
	"s3:GetObject":                        `\$\{Artifacts\.Arn\}/documents/\*`,
	"s3:ListBucket":                       `\$\{Artifacts\.Arn\}`,
	"s3:PutObject":                        `\$\{Artifacts\.Arn\}/documents/\*|\$\{Journal\.Arn\}/\*`,
	"s3:PutObjectRetention":               `\$\{Journal\.Arn\}/\*`,
	"secretsmanager:GetSecretValue":       `\$\{Secret\w+\}|arn:.*:secret:shared/devops-agent/webhook-\?{6}`,
	"ses:SendEmail":                       `arn:.*:identity/(firefinder@)?example\.com`,
	"sqs:ChangeMessageVisibility":         `\$\{(Alarms|Triage)Queue\.Arn\}`,
	"sqs:DeleteMessage":                   `\$\{(Alarms|Triage)Queue\.Arn\}`,
	"sqs:GetQueueAttributes":              `\$\{(Alarms|Triage)Queue\.Arn\}`,
	"sqs:ReceiveMessage":                  `\$\{(Alarms|Triage)Queue\.Arn\}`,
	"sqs:SendMessage":                     `\$\{TriageQueue(Dead)?\.Arn\}`,
	"states:SendTaskFailure":              `\$\{Machine\}`,
	"states:SendTaskSuccess":              `\$\{Machine\}`,
	"states:StartExecution":               `\$\{Machine\}`,
	"sts:AssumeRole":                      `\$\{Reader\.Arn\}|arn:aws:iam::444455556666:role/firefinder-reader`,
}

func TestFunctionsActInsideTheirSpace(t *testing.T) {
	used := map[string]bool{}
	each(t, func(space string, r role, s statement) {
		if r.name == "Reader" || r.name == "MachineRole" {
			return
		}
		if s.effect != "Allow" || len(s.notActions) > 0 {
			t.Errorf("%s %s %s: functions have plain permissions only", space, r.name, s.sid)
		}
		for _, action := range s.actions {
			used[action] = true
			for _, resource := range s.resources {
				if inside[action] == "" || !regexp.MustCompile("^("+inside[action]+")$").MatchString(resource) {
					t.Errorf("%s %s %s: %s on %s is outside", space, r.name, s.sid, action, resource)
				}
			}
		}
	})
	for action := range inside {
		if !used[action] {
			t.Errorf("no role has %s any more; remove it from the table", action)
		}
	}
}

// TestFewHoldThePowerfulActions names, for each action that starts, decides, reads a secret or costs money, all who have it.
func TestFewHoldThePowerfulActions(t *testing.T) {
	for action, want := range map[string][]string{
		"bedrock:InvokeModel":           {"InvestigateRole", "MitigateRole", "RootcauseRole"},
		"sts:AssumeRole":                {"InvestigateRole"},
		"states:StartExecution":         {"SweepRole", "TriageRole"},
		"states:SendTaskSuccess":        {"ApproveRole", "SweepRole"},
		"states:SendTaskFailure":        {"ApproveRole", "SweepRole"},
		"lambda:InvokeFunction":         {"MachineRole"},
		"ses:SendEmail":                 {"DeliverRole", "ProposeRole"},
		"secretsmanager:GetSecretValue": {"ApproveRole", "DeliverRole", "ProposeRole", "SignerRole", "WebhookRole"},
		"events:PutEvents":              {"DeliverRole", "ProposeRole"},
	} {
		if diff := cmp.Diff(want, holders(t, "payments", action)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
	}
	if got := holders(t, "search", "bedrock:InvokeModel"); got != nil {
		t.Errorf("search names no model, yet %v may call one", got)
	}
}

func TestSecretsPerRole(t *testing.T) {
	got := map[string][]string{}
	for _, r := range rolesOf(of(t, "payments")) {
		for _, s := range r.statements {
			if slices.Contains(s.actions, "secretsmanager:GetSecretValue") {
				got[r.name] = append(got[r.name], s.resources...)
			}
		}
	}
	want := map[string][]string{
		"SignerRole":  {"${Secretsourcegeneric}"},
		"WebhookRole": {"${Secretsourcegeneric}", "${Secretsourcepagerduty}", "${Secretsourceservicenow}"},
		"ProposeRole": {"${Secretslack}"},
		"ApproveRole": {"${Secretslack}", "${Secretundo}"},
		"DeliverRole": {"${Secretservicenow}", "${Secretslack}", "${Secretundo}"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets per role (-want +got):\n%s", diff)
	}
}

// TestTokenKey: who makes a token unreadable cannot read it again, and who reads it cannot be called by the machine.
func TestTokenKey(t *testing.T) {
	got := map[string][]string{}
	each(t, func(space string, r role, s statement) {
		if space == "payments" && slices.Contains(s.resources, "${TokenKey.Arn}") {
			got[r.name] = append(got[r.name], s.actions...)
		}
	})
	want := map[string][]string{"ProposeRole": {"kms:Encrypt"}, "ApproveRole": {"kms:Decrypt"}, "SweepRole": {"kms:Decrypt"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("token key (-want +got):\n%s", diff)
	}
}

// TestDataKeyOnlyThroughServices: no function uses the data key directly.
func TestDataKeyOnlyThroughServices(t *testing.T) {
	each(t, func(space string, r role, s statement) {
		if !slices.Contains(s.resources, "${DataKey.Arn}") {
			return
		}
		equals, _ := s.condition["StringEquals"].(map[string]any)
		if via, _ := equals["kms:ViaService"].(string); !strings.HasSuffix(via, ".amazonaws.com") {
			t.Errorf("%s %s %s: the data key may be used directly", space, r.name, s.sid)
		}
	})
}

func TestMailOnlyFromItsAddress(t *testing.T) {
	each(t, func(space string, r role, s statement) {
		if !slices.Contains(s.actions, "ses:SendEmail") {
			return
		}
		want := map[string]any{"StringEquals": map[string]any{"ses:FromAddress": "firefinder@example.com"}}
		if diff := cmp.Diff(want, s.condition); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", space, r.name, diff)
		}
	})
}

// TestModelsAreNamed: the profile and every model behind it, nothing else, and the models only through the profile.
func TestModelsAreNamed(t *testing.T) {
	got := map[string][]string{}
	conditions := map[string]any{}
	for _, space := range []string{"payments", "varied"} {
		for _, r := range rolesOf(of(t, space)) {
			for _, s := range r.statements {
				if r.name == "InvestigateRole" && strings.HasPrefix(s.actions[0], "bedrock:") {
					got[space+" "+s.sid] = s.resources
					if s.condition != nil {
						conditions[space] = s.condition
					}
				}
			}
		}
	}
	profile := "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/"
	want := map[string][]string{
		"payments CallModels": {profile + "global.anthropic.claude-sonnet-4-5-20250929-v1:0", profile + "global.anthropic.claude-haiku-4-5-20251001-v1:0"},
		"payments CallModelsBehindProfiles": {"arn:${AWS::Partition}:bedrock:*::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
			"arn:${AWS::Partition}:bedrock:*::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"},
		"varied CallModels": {"arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0",
			"arn:aws:bedrock:eu-central-1:111122223333:application-inference-profile/abcdefghijkl",
			"arn:aws:bedrock:eu-central-1:111122223333:inference-profile/eu.amazon.nova-pro-v1:0"},
		"varied CallModelsBehindProfiles": {"arn:aws:bedrock:*::foundation-model/amazon.nova-pro-v1:0",
			"arn:aws:bedrock:*::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0"},
		"varied ApplyGuardrail": {"arn:aws:bedrock:eu-central-1:111122223333:guardrail/gr1234567890"},
	}
	if diff := cmp.Diff(want, got, sorted); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
	through := map[string]any{"StringEquals": map[string]any{"bedrock:InferenceProfileArn": []any{
		"arn:aws:bedrock:eu-central-1:111122223333:application-inference-profile/abcdefghijkl",
		"arn:aws:bedrock:eu-central-1:111122223333:inference-profile/eu.amazon.nova-pro-v1:0",
	}}}
	if diff := cmp.Diff(through, conditions["varied"]); diff != "" {
		t.Errorf("condition (-want +got):\n%s", diff)
	}
}

var sorted = cmp.Transformer("sorted", func(v []string) []string { return slices.Sorted(slices.Values(v)) })
