package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// wildcard is a statement whose resource may hold a wildcard, and why nothing narrower does. Every other wildcard fails
// cdk-nag at synth and the package's tests.
type wildcard struct {
	sid     string
	finding string // regular expression of the resource as cdk-nag writes it
	why     string
}

const byHash = "Documents are named by the hash of their content: names cannot be known before they exist."

var wildcards = []wildcard{
	{"ReadDocuments", `<Artifacts\w+\.Arn>/documents/\*`, byHash},
	{"WriteDocuments", `<Artifacts\w+\.Arn>/documents/\*`, byHash},
	{"WriteJournal", `<Journal\w+\.Arn>/\*`, "Journal copies are named by investigation: names cannot be known before they exist."},
	{"CallModelsBehindProfiles", `arn:.+:bedrock:\*::foundation-model/[^*]+`,
		"An inference profile picks the region of each call. The model is exact and the statement holds only for calls through this space's profiles."},
	{"ReadTelemetry", `\*`, "What an incident touches is not known beforehand, and most of these reads know no resource. The actions are exact and only read."},
	{"DenyEverythingElse", `\*`, "It denies: what it covers can only become less."},
	{"DeliverLogs", `\*`, "Log delivery has no resources of its own; Step Functions cannot log without it."},
	{"Trace", `\*`, "X-Ray has no resources of its own to write traces to."},
	{"ReadSourceSecrets", `arn:[^*]+:secret:[^*]+-\?{6}`, existing},
	{"ReadSigningSecret", `arn:[^*]+:secret:[^*]+-\?{6}`, existing},
	{"ReadServiceNowSecret", `arn:[^*]+:secret:[^*]+-\?{6}`, existing},
	{"ReadSlackSecret", `arn:[^*]+:secret:[^*]+-\?{6}`, existing},
}

const existing = "The space names a secret that exists already; Secrets Manager ends its ARN with six characters of its own."

// explain writes the reason beside a role that has one of these statements, and only there.
func explain(role awsiam.Role, statement awsiam.PolicyStatement) {
	for _, w := range wildcards {
		if w.sid == *statement.Sid() {
			because(role, "AwsSolutions-IAM5", w.why, &cdknag.RegexAppliesTo{Regex: jsii.String("/^Resource::" + w.finding + "$/")})
		}
	}
}

// because accepts one finding of cdk-nag at one construct, for a reason. finding narrows it to some of the rule's findings.
func because(at constructs.IConstruct, rule, why string, finding ...any) {
	suppression := &cdknag.NagPackSuppression{Id: jsii.String(rule), Reason: jsii.String(why)}
	if len(finding) > 0 {
		suppression.AppliesTo = &finding
	}
	cdknag.NagSuppressions_AddResourceSuppressions(at, &[]*cdknag.NagPackSuppression{suppression}, jsii.Bool(true))
}
