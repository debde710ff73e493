package stack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/firefinder/firefinder/shared/config"
)

// geography is the first part of the id of an inference profile that AWS defines, such as eu.anthropic.claude-...
var geography = regexp.MustCompile(`^(global|us|us-gov|eu|apac|jp|au|ca|sa|me|af|il|in)\.`)

// modelFaults names what cannot be turned into a permission.
func modelFaults(m config.Models) []string {
	var out []string
	for _, id := range modelIDs(m) {
		if strings.Contains(id, ":application-inference-profile/") && len(m.Underlying) == 0 {
			out = append(out, "models.underlying: "+id+" hides its models; list their foundation model ids here, IAM needs them")
		}
	}
	return out
}

func modelIDs(m config.Models) []string {
	var out []string
	for _, id := range []string{m.Investigate, m.Summarise, m.Fallback} {
		if id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// callModels allows the models of the space file and nothing else. A profile needs two statements: one on the profile, one
// on each model behind it that holds only for calls which came through that profile. A space without models has none: it
// runs on the offline analyst.
func callModels(p *parts) []awsiam.PolicyStatement {
	var direct, profiles, behind []*string
	for _, id := range modelIDs(p.space.Models) {
		switch {
		case strings.Contains(id, "inference-profile/"):
			profiles = append(profiles, jsii.String(id))
			if model := geography.ReplaceAllString(id[strings.LastIndex(id, "/")+1:], ""); strings.Contains(id, ":inference-profile/") {
				behind = append(behind, p.foundation("*", model))
			}
		case strings.HasPrefix(id, "arn:"):
			direct = append(direct, jsii.String(id))
		case geography.MatchString(id):
			profiles = append(profiles, p.arn("bedrock", "inference-profile/"+id))
			behind = append(behind, p.foundation("*", geography.ReplaceAllString(id, "")))
		default:
			direct = append(direct, p.foundation(*p.Region(), id))
		}
	}
	for _, model := range p.space.Models.Underlying {
		behind = append(behind, p.foundation("*", model))
	}
	var out []awsiam.PolicyStatement
	invoke := []string{"bedrock:InvokeModel"} // Converse is authorised as InvokeModel
	if direct = append(direct, profiles...); len(direct) > 0 {
		out = append(out, allow("CallModels", invoke, direct...))
	}
	if len(behind) > 0 {
		out = append(out, only(allow("CallModelsBehindProfiles", invoke, behind...), "StringEquals", "bedrock:InferenceProfileArn", profiles))
	}
	if id := p.space.Models.Guardrail; id != "" {
		arn := jsii.String(id)
		if !strings.HasPrefix(id, "arn:") {
			arn = p.arn("bedrock", "guardrail/"+id)
		}
		out = append(out, allow("ApplyGuardrail", []string{"bedrock:ApplyGuardrail"}, arn))
	}
	return out
}

// foundation models belong to AWS: their ARN has no account.
func (p *parts) foundation(region, model string) *string {
	return jsii.String("arn:" + *p.Partition() + ":bedrock:" + region + "::foundation-model/" + model)
}
