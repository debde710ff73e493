package cloudtrail

import (
	"reflect"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
)

const event = "0a000000-0000-4000-8000-0000000000"

type parameters = []evidence.Parameter

func TestWhatARecordBecomes(t *testing.T) {
	all := changes(t, recorded(t), connector.Args{})
	for _, want := range []struct {
		id, kind, component, title, author, revision, previous string
		parameters                                             parameters
	}{
		{"01", "deployment", "checkout", "UpdateService checkout (task definition checkout:42)", "checkout-pipeline/run-8902", "checkout:42", "checkout:41", parameters{
			{Name: "environment.DB_POOL_MAX", Old: "50", New: "10"}, {Name: "environment.FEATURE_GIFTS", Old: "true"},
			{Name: "environment.LOG_FORMAT", Old: sealed("text"), New: sealed("json")}}},
		{"02", "scaling", "cart", "UpdateService cart (desired count 3)", "AWSServiceRoleForApplicationAutoScaling_ECSService/AutoScaling-UpdateDesiredCapacity", "", "", parameters{{Name: "desiredCount", New: "3"}}},
		{"03", "deployment", "payments", "UpdateFunctionCode shop-payments (version 17)", "lena", "17", "", nil},
		{"04", "config", "payments", "UpdateFunctionConfiguration shop-payments (memory 256, timeout 3)", "lena", "", "", parameters{
			{Name: "environment.RETRIES", New: "5"}, {Name: "environment.UPSTREAM", New: sealed("payments.example.com")}, {Name: "memorySize", New: "256"}, {Name: "timeout", New: "3"}}},
		{"05", "config", "orders-db", "ModifyDBInstance orders-db (class db.t4g.medium, was db.r6g.large, storage 200)", "dba/mira", "", "", parameters{
			{Name: "dBInstanceClass", Old: "db.r6g.large", New: "db.t4g.medium"}, {Name: "allocatedStorage", New: "200"}, {Name: "applyImmediately", New: "true"}, {Name: "masterUserPassword", New: hidden}}},
		{"07", "config", "", "ModifyDBParameterGroup orders-pg16", "root", "", "", parameters{{Name: "parameters.max_connections", Old: "400", New: "40"}}},
		{"08", "scaling", "orders-db", "UpdateTable shop-orders (read capacity 100, write capacity 5, was 80)", "jonas", "", "", parameters{
			{Name: "provisionedThroughput.writeCapacityUnits", Old: "80", New: "5"}}},
		{"09", "deployment", "", "UpdateStack shop-network", "jonas", "", "", nil},
		{"10", "infrastructure", "", "RevokeSecurityGroupIngress sg-0a1b2c3d4e5f60718 (port 5432, from 10.0.0.0/16)", "jonas", "", "", parameters{
			{Name: "ipPermissions.0.fromPort", New: "5432"}, {Name: "ipPermissions.0.ipProtocol", New: "tcp"}, {Name: "ipPermissions.0.ipRanges.0.cidrIp", New: "10.0.0.0/16"},
			{Name: "ipPermissions.0.ipRanges.0.description", New: sealed("the shop's tasks")}, {Name: "ipPermissions.0.toPort", New: "5432"}}},
		{"11", "config", "checkout", "ModifyTargetGroup checkout-blue", "jonas", "", "", parameters{{Name: "healthCheckPath", New: "/ready"}, {Name: "healthCheckTimeoutSeconds", New: "2"}}},
		{"12", "config", "checkout", "PutParameter /shop/checkout/pool-size", "jonas", "", "", parameters{{Name: "/shop/checkout/pool-size", New: hidden}}},
		{"41", "deployment", "checkout", "RegisterTaskDefinition checkout (task definition checkout:41)", "checkout-pipeline/run-8841", "checkout:41", "", nil},
	} {
		got := find(t, all, event+want.id)
		if got.Kind != want.kind || got.Component != want.component || got.Title != want.title || got.Author != want.author || got.Revision != want.revision || got.Previous != want.previous {
			t.Errorf("%s: %+v\nwant %+v", want.id, got, want)
		}
		if !reflect.DeepEqual(got.Parameters, want.parameters) {
			t.Errorf("%s: parameters %+v\nwant %+v", want.id, got.Parameters, want.parameters)
		}
	}
	if len(all) != 13 {
		t.Errorf("%d changes: the failed call, the sign-in, the log stream, the interface, the role or the definition that a service uses is among them", len(all))
	}
}

func TestTags(t *testing.T) {
	got := find(t, changes(t, recorded(t), connector.Args{}), event+"01").Tags
	want := map[string]string{"operation": "UpdateService", "api": "ecs", "region": "eu-central-1", "account": "111122223333", "cluster": "shop", "family": "checkout",
		"image": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/checkout:9f3c2ab", "registered": event + "42"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	if by := find(t, changes(t, recorded(t), connector.Args{}), event+"02").Tags["by"]; by != "ecs.application-autoscaling.amazonaws.com" {
		t.Errorf("by %q", by)
	}
}

func TestGoingBackShowsWhatComesBack(t *testing.T) {
	all := recorded(t)
	back := document{"eventID": event + "99", "eventTime": "2026-03-10T03:20:00Z", "eventSource": "ecs.amazonaws.com", "eventName": "UpdateService", "awsRegion": "eu-central-1",
		"requestParameters": map[string]any{"cluster": "shop", "service": "checkout", "taskDefinition": "arn:aws:ecs:eu-central-1:111122223333:task-definition/checkout:41"}}
	got := find(t, changes(t, append(all, back), connector.Args{}), event+"99")
	if got.Revision != "checkout:41" || got.Previous != "checkout:42" || len(got.Parameters) == 0 || got.Parameters[0] != (evidence.Parameter{Name: "environment.DB_POOL_MAX", Old: "10", New: "50"}) {
		t.Errorf("%+v", got)
	}
}

// An operation that sends all of its document repeats what did not change: without the one before, nothing is known of it.
func TestADeploymentWithoutItsPredecessorSaysNothingOfItsContent(t *testing.T) {
	var all []document
	for _, d := range recorded(t) {
		if d["eventID"] != event+"41" {
			all = append(all, d)
		}
	}
	got := find(t, changes(t, all, connector.Args{}), event+"01")
	if len(got.Parameters) != 0 || got.Previous != "checkout:41" || got.Tags["image"] == "" {
		t.Errorf("%+v", got)
	}
}

func TestSeveralContainersAreToldApart(t *testing.T) {
	definition := func(id, at, arn, app, proxy string) document {
		container := func(name, size string) map[string]any {
			return map[string]any{"name": name, "image": "shop/" + name + ":1", "environment": []any{map[string]any{"name": "POOL", "value": size}}}
		}
		return document{"eventID": id, "eventTime": at, "eventSource": "ecs.amazonaws.com", "eventName": "RegisterTaskDefinition",
			"requestParameters": map[string]any{"family": "cart", "containerDefinitions": []any{container("app", app), container("proxy", proxy)}},
			"responseElements":  map[string]any{"taskDefinition": map[string]any{"taskDefinitionArn": arn}}}
	}
	all := changes(t, []document{
		definition("a", "2026-03-10T01:00:00Z", "arn:aws:ecs:eu-central-1:1:task-definition/cart:1", "5", "7"),
		definition("b", "2026-03-10T01:05:00Z", "arn:aws:ecs:eu-central-1:1:task-definition/cart:2", "5", "2"),
	}, connector.Args{})
	got := find(t, all, "b")
	if want := (parameters{{Name: "proxy.environment.POOL", Old: "7", New: "2"}}); !reflect.DeepEqual(got.Parameters, want) || got.Previous != "cart:1" || got.Component != "cart" {
		t.Errorf("%+v", got)
	}
	if got.Tags["app.image"] != "shop/app:1" || got.Tags["proxy.image"] != "shop/proxy:1" {
		t.Errorf("images: %v", got.Tags)
	}
}

func TestWhatIsNotASetting(t *testing.T) {
	anew := func(id, at string) document {
		return document{"eventID": id, "eventTime": at, "eventSource": "ecs.amazonaws.com", "eventName": "UpdateService", "requestParameters": map[string]any{"service": "cart", "forceNewDeployment": true},
			"responseElements": map[string]any{"service": map[string]any{"taskDefinition": "arn:aws:ecs:eu-central-1:1:task-definition/cart:3"}}}
	}
	all := changes(t, []document{
		{"eventID": "a", "eventTime": "2026-03-10T01:00:00Z", "eventSource": "sqs.amazonaws.com", "eventName": "SetQueueAttributes",
			"requestParameters": map[string]any{"queueUrl": "https://sqs.eu-central-1.amazonaws.com/111122223333/orders", "description": "smaller", "clientToken": "7", "attributes": map[string]any{"VisibilityTimeout": "30"}}},
		anew("b", "2026-03-10T01:01:00Z"), anew("c", "2026-03-10T01:02:00Z"),
	}, connector.Args{})
	if got := find(t, all, "a"); got.Title != "SetQueueAttributes orders" || !reflect.DeepEqual(got.Parameters, parameters{{Name: "attributes.VisibilityTimeout", New: "30"}}) {
		t.Errorf("%+v", got)
	}
	if got := find(t, all, "b"); got.Title != "UpdateService cart (task definition cart:3, started anew)" || got.Revision != "cart:3" || got.Parameters != nil {
		t.Errorf("%+v", got)
	}
	if got := find(t, all, "c"); got.Previous != "" {
		t.Errorf("the same again comes after %q", got.Previous)
	}
}

func TestWhoMadeIt(t *testing.T) {
	for identity, want := range map[string]bool{
		`{"type":"AWSService","invokedBy":"ecs.amazonaws.com"}`:                                                                                           true,
		`{"type":"AssumedRole","invokedBy":"lambda.amazonaws.com","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/worker"}}}`:               true,
		`{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"}}}`: true,
		`{"type":"AssumedRole","invokedBy":"cloudformation.amazonaws.com","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/admin"}}}`:        false,
		`{"type":"IAMUser","userName":"lena"}`: false,
	} {
		var r record
		if _, ok := r.decode(`{"userIdentity":` + identity + `}`); !ok || r.serviceMade != want {
			t.Errorf("%s: by a service for itself %v", identity, r.serviceMade)
		}
	}
}

func TestADocumentThatCannotBeReadIsAChangeOfWhichOnlyTheNameIsKnown(t *testing.T) {
	for name, text := range map[string]string{"none": "", "not JSON": "{", "no object": "[1]", "too large": `{"x":"` + strings.Repeat("x", maxDocument) + `"}`} {
		var r record
		if failed, ok := r.decode(text); failed || ok {
			t.Errorf("%s: failed %v, read %v", name, failed, ok)
		}
	}
}

func TestHostileDocumentsAreBounded(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	wrapped := strings.Repeat(`{"items":[`, 2000) + `"x"` + strings.Repeat("]}", 2000)
	wide := `{"a":[` + strings.Repeat("1,", 100_000) + "1]}"
	for name, request := range map[string]string{"deep": deep, "wrapped": wrapped, "wide": wide} {
		r := record{id: "x", action: "UpdateThing", api: "thing"}
		if _, ok := r.decode(`{"requestParameters":` + request + "}"); !ok {
			t.Fatalf("%s cannot be read", name)
		}
		if len(r.leaves) > maxLeaves {
			t.Errorf("%s: %d leaves", name, len(r.leaves))
		}
		c := changesOf(nil, []record{r}, indexOf(shop))[0]
		if len(c.Parameters) > maxParameters {
			t.Errorf("%s: %d parameters", name, len(c.Parameters))
		}
		if name == "wide" && c.Tags["parameters_left_out"] != "1960" {
			t.Errorf("%s: it is not said how many were left out: %v", name, c.Tags)
		}
	}
}
