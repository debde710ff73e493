package stack

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestReaderReadsOnly: exact reads, everything else denied, and only the investigator may take the role.
func TestReaderReadsOnly(t *testing.T) {
	for _, space := range []string{"payments", "search", "varied"} {
		for _, r := range rolesOf(of(t, space)) {
			if r.name != "Reader" {
				continue
			}
			if r.trusts != "${InvestigateRole.Arn}" {
				t.Errorf("the reader role trusts %s", r.trusts)
			}
			want := []statement{
				{sid: "ReadTelemetry", effect: "Allow", actions: ReaderActions, resources: []string{"*"}},
				{sid: "DenyEverythingElse", effect: "Deny", notActions: ReaderActions, resources: []string{"*"}},
			}
			if diff := cmp.Diff(want, r.statements, cmp.AllowUnexported(statement{})); diff != "" {
				t.Errorf("%s reader (-want +got):\n%s", space, diff)
			}
		}
	}
}

var (
	reads       = regexp.MustCompile(`^[a-z0-9-]+:(Get|List|Describe|Lookup|Filter)[A-Za-z]+$`)
	mayDisclose = regexp.MustCompile(`^(ssm|secretsmanager|kms|sts|iam|s3|sqs|kinesis|ec2|apigateway|appconfig):|` +
		`^lambda:(GetFunction|ListFunctions|ListVersions|GetLayerVersion)|^ecs:(DescribeTaskDefinition|ExecuteCommand)|` +
		`^dynamodb:(GetItem|BatchGetItem|Query|Scan|GetRecords)|^rds:(Download|Generate)|^logs:(GetLogObject|Unmask)|^cloudformation:GetTemplate`)
)

func TestReaderListDisclosesNothing(t *testing.T) {
	for _, action := range ReaderActions {
		if !reads.MatchString(action) {
			t.Errorf("%s is no read, or not exact", action)
		}
		if mayDisclose.MatchString(action) {
			t.Errorf("%s may return a secret", action)
		}
	}
	if !slices.IsSorted(ReaderActions) || len(slices.Compact(slices.Clone(ReaderActions))) != len(ReaderActions) {
		t.Error("keep the list sorted and without doubles, so that its diff is read")
	}
}

// TestReaderTemplate: the template for other accounts is the same role, word for word of the list in code.
func TestReaderTemplate(t *testing.T) {
	const file = root + "/infra/reader-role.yaml"
	if *update {
		if err := os.WriteFile(file, []byte(ReaderTemplate()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != ReaderTemplate() {
		t.Errorf("infra/reader-role.yaml is not what the list in code makes; run go test ./infra/stack -run Reader -update\n%s", firstDifference(string(data), ReaderTemplate()))
	}
	var doc struct {
		Resources struct {
			Reader struct {
				Properties struct {
					AssumeRolePolicyDocument struct {
						Statement []struct {
							Principal map[string]yaml.Node
						}
					} `yaml:"AssumeRolePolicyDocument"`
					Policies []struct {
						PolicyDocument struct {
							Statement []struct {
								Effect    string   `yaml:"Effect"`
								Action    []string `yaml:"Action"`
								NotAction []string `yaml:"NotAction"`
							} `yaml:"Statement"`
						} `yaml:"PolicyDocument"`
					} `yaml:"Policies"`
				} `yaml:"Properties"`
			} `yaml:"Reader"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	statements := doc.Resources.Reader.Properties.Policies[0].PolicyDocument.Statement
	if len(statements) != 2 || statements[0].Effect != "Allow" || statements[1].Effect != "Deny" {
		t.Fatalf("statements: %+v", statements)
	}
	if diff := cmp.Diff(ReaderActions, statements[0].Action); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ReaderActions, statements[1].NotAction); diff != "" {
		t.Errorf("not denied (-want +got):\n%s", diff)
	}
	if n := strings.Count(string(data), "sts:AssumeRole"); n != 1 {
		t.Errorf("%d trust statements, want one", n)
	}
}
