package stack

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/config"
)

func TestTable(t *testing.T) {
	tables := of(t, "payments").all("AWS::DynamoDB::Table")
	if len(tables) != 1 {
		t.Fatalf("%d tables, want one: keys and transactions are designed for it", len(tables))
	}
	table := tables[0]
	table.want(t, "KeySchema", []any{map[string]any{"AttributeName": "pk", "KeyType": "HASH"}, map[string]any{"AttributeName": "sk", "KeyType": "RANGE"}})
	table.want(t, "AttributeDefinitions", []any{map[string]any{"AttributeName": "pk", "AttributeType": "S"}, map[string]any{"AttributeName": "sk", "AttributeType": "S"}})
	table.want(t, "BillingMode", "PAY_PER_REQUEST")
	table.want(t, "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", true)
	table.want(t, "TimeToLiveSpecification", map[string]any{"AttributeName": "ttl", "Enabled": true})
	table.want(t, "SSESpecification", map[string]any{"KMSMasterKeyId": "${DataKey.Arn}", "SSEEnabled": true, "SSEType": "KMS"})
	table.want(t, "DeletionProtectionEnabled", true)
	if table.keep != "Retain" {
		t.Errorf("the table goes with the stack: %s", table.keep)
	}
}

func TestBuckets(t *testing.T) {
	tmpl := of(t, "payments")
	for _, b := range tmpl.all("AWS::S3::Bucket") {
		b.want(t, "VersioningConfiguration.Status", "Enabled")
		b.want(t, "PublicAccessBlockConfiguration", map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true})
		if b.keep != "Retain" {
			t.Errorf("%s goes with the stack", short(b.id))
		}
		policy := tmpl.one(t, "AWS::S3::BucketPolicy", short(b.id)+"Policy")
		tls := slices.ContainsFunc(statements(policy, "PolicyDocument", "Statement"), func(s statement) bool {
			return s.effect == "Deny" && cmp.Equal(s.condition, map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}})
		})
		if !tls {
			t.Errorf("%s accepts requests without TLS", short(b.id))
		}
	}
	for _, id := range []string{"Artifacts", "Journal"} {
		b := tmpl.one(t, "AWS::S3::Bucket", id)
		b.want(t, "LoggingConfiguration.DestinationBucketName", "${AccessLogs}")
		b.want(t, "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault", map[string]any{"KMSMasterKeyID": "${DataKey.Arn}", "SSEAlgorithm": "aws:kms"})
	}
}

// TestJournalLock: with the setting, copies of the journal go where nobody can replace or delete them; without it there is no
// such bucket and no permission on it.
func TestJournalLock(t *testing.T) {
	b := of(t, "payments").one(t, "AWS::S3::Bucket", "Journal")
	b.want(t, "ObjectLockEnabled", true)
	b.want(t, "ObjectLockConfiguration.Rule.DefaultRetention", map[string]any{"Days": 400, "Mode": "COMPLIANCE"})
	if n := len(of(t, "search").all("AWS::S3::Bucket")); n != 2 {
		t.Errorf("search has %d buckets, want artifacts and access logs", n)
	}
	for _, f := range of(t, "search").all("AWS::Lambda::Function") {
		if f.at("Environment", "Variables", envJournal) != nil {
			t.Errorf("%s is told of a journal bucket that does not exist", short(f.id))
		}
	}
}

func TestKeys(t *testing.T) {
	keys := of(t, "payments").all("AWS::KMS::Key")
	if len(keys) != 2 {
		t.Errorf("%d keys, want one for data and one for task tokens", len(keys))
	}
	for _, k := range keys {
		k.want(t, "EnableKeyRotation", true)
		if k.keep != "Retain" {
			t.Errorf("%s goes with the stack, and what it encrypted with it", short(k.id))
		}
	}
}

func TestLogsEnd(t *testing.T) {
	groups := of(t, "payments").all("AWS::Logs::LogGroup")
	if want := len(functions) + 2; len(groups) != want {
		t.Errorf("%d log groups, want %d: one for each function, the API, the machine", len(groups), want)
	}
	for _, g := range groups {
		if g.at("RetentionInDays") == nil {
			t.Errorf("%s is kept for ever", g.text("LogGroupName"))
		}
	}
}

// TestFunctions: each runs the code of its folder on arm64, in its own role, with the space file as a layer.
func TestFunctions(t *testing.T) {
	payments, search := of(t, "payments"), of(t, "search")
	if got := len(payments.all("AWS::Lambda::Function")); got != len(functions) {
		t.Errorf("%d functions deployed, %d in the table: something deploys one of its own", got, len(functions))
	}
	for _, f := range functions {
		r := payments.one(t, "AWS::Lambda::Function", title(f.name))
		r.want(t, "Runtime", "provided.al2023")
		r.want(t, "Architectures", []string{"arm64"})
		r.want(t, "Timeout", f.timeout)
		r.want(t, "MemorySize", f.memory)
		r.want(t, "Role", "${"+title(f.name)+"Role.Arn}")
		r.want(t, "Layers", []string{"${Settings}"})
		r.want(t, "LoggingConfig", map[string]any{"LogFormat": "JSON", "LogGroup": "${" + title(f.name) + "Logs}"})
		if code := r.text("Code", "S3Key"); code == "" || code != search.one(t, "AWS::Lambda::Function", title(f.name)).text("Code", "S3Key") {
			t.Errorf("%s: the code differs between spaces", f.name)
		}
	}
	layer := func(tmpl template) string {
		return tmpl.one(t, "AWS::Lambda::LayerVersion", "Settings").text("Content", "S3Key")
	}
	if a, b := layer(payments), layer(search); a == "" || a == b {
		t.Errorf("two spaces share one settings layer: %s", a)
	}
}

// TestConsoleIsNotDeployed: without sign-in nobody may reach it, so nobody pays for it or has to guard it.
func TestConsoleIsNotDeployed(t *testing.T) {
	for _, f := range of(t, "payments").all("AWS::Lambda::Function") {
		if strings.Contains(strings.ToLower(f.id), "console") {
			t.Errorf("%s is deployed", f.id)
		}
	}
}

func TestEnvironment(t *testing.T) {
	common := []string{envSpace}
	want := map[string][]string{
		"signer":      {envPublicURL, envWebhook},
		"webhook":     {envBucket, envDeadLetters, envQueue, envTable},
		"triage":      {envBucket, envDeadLetters, envMachine, envTable},
		"investigate": {envBucket, envReader, envTable},
		"rootcause":   {envBucket, envTable},
		"mitigate":    {envBucket, envTable},
		"propose":     {envBucket, envPublicURL, envTable, envTokenKey},
		"deliver":     {envBucket, envJournal, envPublicURL, envTable},
		"approve":     {envBucket, envMachine, envPublicURL, envTable, envTokenKey},
		"sweep":       {envBucket, envJournal, envMachine, envTable, envTokenKey},
	}
	got := map[string][]string{}
	for _, f := range functions {
		vars, _ := of(t, "payments").one(t, "AWS::Lambda::Function", title(f.name)).at("Environment", "Variables").(map[string]any)
		got[f.name] = names(vars)
		for _, name := range got[f.name] {
			if vars[name] == "" {
				t.Errorf("%s: %s is empty", f.name, name)
			}
		}
		want[f.name] = slices.Sorted(slices.Values(append(want[f.name], common...)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

// TestSettingsLayerIsTheSpaceFile: what the functions read is the file that was checked, byte for byte.
func TestSettingsLayerIsTheSpaceFile(t *testing.T) {
	dir := t.TempDir()
	if err := fakeFunctions(dir + "/dist"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := App(Settings{Root: root, Dist: dir + "/dist", Out: dir + "/out", Only: "search"}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(root + "/infra/spaces/search.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(dir + "/out/space-search/space.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("the layer's space.yaml is not the space file")
	}
	if _, err := config.ParseSpace("space.yaml", got); err != nil {
		t.Errorf("a function could not read it: %v", err)
	}
}

// TestAccountAndRegionBind: what the space file gives by name is of its account and region; what it gives by ARN stays.
func TestAccountAndRegionBind(t *testing.T) {
	got := map[string]string{}
	for _, r := range rolesOf(of(t, "varied")) {
		for _, s := range r.statements {
			got[s.sid] = s.resources[0]
		}
	}
	for sid, want := range map[string]string{
		"ApplyGuardrail": "arn:aws:bedrock:eu-central-1:111122223333:guardrail/gr1234567890",
		"PutEvents":      "arn:aws:events:eu-central-1:444455556666:event-bus/incidents",
	} {
		if got[sid] != want {
			t.Errorf("%s on %s, want %s", sid, got[sid], want)
		}
	}
}
