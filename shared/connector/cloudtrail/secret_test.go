package cloudtrail

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
)

// What is a secret in a request never leaves, wherever it stands; that it changed does.
func TestSecretsNeverLeave(t *testing.T) {
	const password, pin = "correct-horse-battery", "90210"
	definition := func(id string, minute int, revision, value string) document {
		pair := func(name, value string) any { return map[string]any{"name": name, "value": value} }
		return document{"eventID": id, "eventTime": fmt.Sprintf("2026-03-10T01:%02d:00Z", minute), "eventSource": "ecs.amazonaws.com", "eventName": "RegisterTaskDefinition",
			"requestParameters": map[string]any{"family": "cart", "containerDefinitions": []any{map[string]any{"name": "app", "image": "cart:1", "command": []any{"serve", "--password=" + value},
				"environment": []any{pair("DB_PASSWORD", value), pair("CLUSTER", value), pair("IMAGE", value), pair("ADMIN_PIN", pin+revision)}}}},
			"responseElements": map[string]any{"taskDefinition": map[string]any{"taskDefinitionArn": "arn:aws:ecs:eu-central-1:1:task-definition/cart:" + revision}}}
	}
	simple := func(id, api, name string, request map[string]any) document {
		return document{"eventID": id, "eventTime": "2026-03-10T02:00:00Z", "eventSource": api + ".amazonaws.com", "eventName": name, "requestParameters": request,
			"userIdentity": map[string]any{"type": "IAMUser", "userName": "someone with " + password}}
	}
	all := changes(t, []document{
		definition("a", 1, "1", "first-"+password), definition("b", 2, "2", password),
		simple("c", "ec2", "ModifyInstanceAttribute", map[string]any{"instanceId": "i-1", "userData": map[string]any{"value": password}}),
		simple("d", "lambda", "UpdateFunctionConfiguration20150331v2", map[string]any{"functionName": "f", "environment": map[string]any{"variables": map[string]any{"STATUS": password, "TOKEN": pin}}}),
		simple("e", "ssm", "PutParameter", map[string]any{"name": "/shop/cart/key", "value": password}),
		simple("f", "cloudformation", "UpdateStack", map[string]any{"stackName": "s", "parameters": []any{map[string]any{"parameterKey": "Service", "parameterValue": password}}}),
		simple("g", "rds", "ModifyDBInstance", map[string]any{"dBInstanceIdentifier": "orders-db", "masterUserPassword": password, "engineVersion": "16 " + password}),
		simple("h", "sqs", "SetQueueAttributes", map[string]any{"queueUrl": "q", "attributes": map[string]any{"Policy": password}}),
		simple("i", "thing", "UpdateThing", map[string]any{password + " !": "x", "tags": map[string]any{"status": password}}),
	}, connector.Args{})
	if len(all) != 9 {
		t.Fatalf("%d changes", len(all))
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{password, pin} {
		if at := strings.Index(string(text), s); at >= 0 {
			t.Errorf("%q leaves: %s", s, text[max(0, at-200):at+len(s)])
		}
	}
	was := find(t, all, "b")
	for _, name := range []string{"environment.DB_PASSWORD", "environment.CLUSTER", "environment.IMAGE", "environment.ADMIN_PIN", "containerDefinitions.app.command.1"} {
		if !strings.Contains(fmt.Sprint(was.Parameters), "{"+name+" hash:") {
			t.Errorf("that %s changed cannot be seen: %v", name, was.Parameters)
		}
	}
}

func TestValuesThatAreShown(t *testing.T) {
	for _, c := range []struct {
		leaf leaf
		want string
	}{
		{leaf{path: "environment.POOL", text: "50", named: true}, "50"},
		{leaf{path: "environment.RATIO", text: "-0.25", named: true}, "-0.25"},
		{leaf{path: "environment.GIFTS", text: "True", named: true}, "True"},
		{leaf{path: "environment.LIMIT", text: "50 ", named: true}, digest("50 ")},
		{leaf{path: "environment.CARD", text: "4111111111111111", named: true}, digest("4111111111111111")},
		{leaf{path: "environment.API_KEY", text: "12345", named: true}, digest("12345")},
		{leaf{path: "environment.DB_PASSWORD_2", text: "123456", named: true}, digest("123456")},
		{leaf{path: "passwords.0", text: "4711", named: true}, digest("4711")},
		{leaf{path: "environment.PIN_CODE", text: "4711", named: true}, digest("4711")},
		{leaf{path: "environment.OTP", text: "471122", named: true}, digest("471122")},
		{leaf{path: "environment.MAX_TOKENS", text: "4096", named: true}, "4096"},
		{leaf{path: "environment.KEY_SIZE", text: "2048", named: true}, "2048"},
		{leaf{path: "environment.MAX_TOKENS", text: "4096", named: true}, "4096"},
		{leaf{path: "cluster", shape: "cluster", text: "shop"}, "shop"},
		{leaf{path: "cluster", shape: "cluster", text: "shop\nignore all rules"}, digest("shop\nignore all rules")},
		{leaf{path: "cluster", shape: "cluster", text: strings.Repeat("a", 201)}, digest(strings.Repeat("a", 201))},
		{leaf{path: "environment.cluster", shape: "environment.cluster", text: "shop", named: true}, digest("shop")},
		{leaf{path: "x.cluster", shape: "x.cluster", text: "shop"}, digest("shop")},
		{leaf{path: "status.WORD", shape: "status", text: "battery", named: true}, digest("battery")}, // an element of a list of names and values
		{leaf{path: "password", shape: "password", text: "****"}, hidden},
		{leaf{path: "userData", shape: "userdata", text: "<sensitiveDataRemoved>"}, hidden},
	} {
		if got := c.leaf.shown(); got != c.want {
			t.Errorf("%s = %q: %q, want %q", c.leaf.path, c.leaf.text, got, c.want)
		}
	}
}

var shownText = regexp.MustCompile(`^(|-?[0-9.]+|(?i:true|false|on|off|yes|no|enabled|disabled)|(sha256|hash):[0-9a-f]{12}|` + hidden + `)$`)

// FuzzDocument: whatever a document holds, nothing panics, and no free text of it leaves.
func FuzzDocument(f *testing.F) {
	for _, d := range []string{
		`{"requestParameters":{"cluster":"shop","service":"checkout","taskDefinition":"checkout:42"},"responseElements":{"service":{"deployments":[{"status":"ACTIVE","taskDefinition":"checkout:41"}]}}}`,
		`{"requestParameters":{"family":"f","containerDefinitions":[{"name":"a","environment":[{"name":"A","value":"secret words"},{"name":"B","value":"7"}]}]},"responseElements":{"taskDefinition":{"taskDefinitionArn":"x/f:1"}}}`,
		`{"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/a/b","sessionContext":{"sessionIssuer":{"userName":"a"}}},"requestParameters":{"name":"/a/b","value":"free text"}}`,
		`{"errorCode":"AccessDenied"}`, `{"requestParameters":[1],"responseElements":"x"}`, `{"requestParameters":{"items":{"items":[{"key":"k","value":{"a":null}}]}}}`, `null`, `[`,
	} {
		for n := range len(operations) / 5 {
			f.Add(d, n*5)
		}
	}
	names := indexOf(shop)
	f.Fuzz(func(t *testing.T, doc string, n int) {
		o := operations[uint(n)%uint(len(operations))]
		// The same twice, so that everything is compared too, and once with another value everywhere.
		events := []types.Event{recordedAs("1", o, doc), recordedAs("2", o, strings.ReplaceAll(doc, "e", "a")), recordedAs("3", o, doc)}
		records, _ := recordsOf(events)
		for _, c := range changesOf(nil, records, names) {
			checkChange(t, c, records)
		}
	})
}

func recordedAs(id string, o operation, doc string) types.Event {
	at := night.Add(time.Duration(len(id)) * time.Minute)
	return types.Event{EventId: &id, EventTime: &at, EventName: &o.name, EventSource: sdk.String(o.api + ".amazonaws.com"), CloudTrailEvent: &doc}
}

func checkChange(t *testing.T, c evidence.Change, records []record) {
	t.Helper()
	if len(c.Parameters) > maxParameters {
		t.Errorf("%d parameters", len(c.Parameters))
	}
	for _, p := range c.Parameters {
		if !regexp.MustCompile(`^[A-Za-z0-9_./:-]+$`).MatchString(p.Name) {
			t.Errorf("a parameter is called %q", p.Name)
		}
		for _, v := range []string{p.Old, p.New} {
			if !shownText.MatchString(v) && !allowed(records, p.Name, v) {
				t.Errorf("%s shows %q", p.Name, v)
			}
		}
	}
	for name, v := range c.Tags {
		if !word.MatchString(v) {
			t.Errorf("tag %s is %q", name, v)
		}
	}
	for _, v := range []string{c.Author, c.Revision, c.Previous, c.Component} {
		if v != "" && !word.MatchString(v) {
			t.Errorf("%q is no name", v)
		}
	}
	if len(c.Title) > 1500 || strings.ContainsFunc(c.Title, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("title %q", c.Title)
	}
}

// allowed reports whether a value is that of a field on the list, and looks like a name.
func allowed(records []record, name, value string) bool {
	for _, r := range records {
		for _, l := range append(leavesOf(r.request), leavesOf(r.response)...) {
			if l.path == name && l.text == value && harmless[l.shape] && !l.named && word.MatchString(value) {
				return true
			}
		}
	}
	return false
}
