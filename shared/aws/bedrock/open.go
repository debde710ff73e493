package bedrock

import (
	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/firefinder/firefinder/shared/config"
)

// Open returns the model that a space file names for investigations, with its fallback and guardrail.
func Open(cfg sdk.Config, m config.Models) *Model {
	o := Options{Profile: m.Investigate, Fallback: m.Fallback, Guardrail: m.Guardrail, GuardrailVersion: m.GuardrailV}
	if len(m.Underlying) > 0 {
		o.Underlying = m.Underlying[0]
	}
	return New(cfg, o)
}
