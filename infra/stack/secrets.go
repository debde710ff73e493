package stack

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/firefinder/firefinder/shared/config"
)

// issuedElsewhere are the sources whose vendor makes the secret. They start without a value, and the webhook keeps such a
// source closed until a person puts the vendor's value in.
var issuedElsewhere = []string{"incidentio", "pagerduty", "sentry"}

// addSecrets makes every secret of the space that is named firefinder/<space>/...; any other name is taken to exist.
func (p *parts) addSecrets() {
	p.secrets = map[string]*string{}
	for _, source := range p.space.Sources {
		ours := source.Scheme != "standard" && !slices.Contains(issuedElsewhere, source.Kind)
		p.addSecret(source.Secret, "What proves that an event comes from "+source.Kind, ours)
	}
	p.addSecret(p.space.UndoSecret(), "Key of the links with which readers of notices reverse triage decisions", true)
	for _, name := range notifierSecrets(p.space.Notify) {
		p.addSecret(name, "Credentials of a system that is told; put the value in by hand", false)
	}
}

func notifierSecrets(n config.Notify) []string {
	var out []string
	if n.ServiceNow != nil {
		out = append(out, n.ServiceNow.Secret)
	}
	if n.Slack != nil {
		out = append(out, n.Slack.Secret)
	}
	return out
}

func (p *parts) addSecret(name, description string, generate bool) {
	if _, twice := p.secrets[name]; twice {
		return
	}
	own := "firefinder/" + p.space.Name + "/"
	if !strings.HasPrefix(name, own) {
		p.secrets[name] = p.arn("secretsmanager", "secret:"+name+"-??????") // Secrets Manager ends every ARN with six characters of its own
		return
	}
	props := &awssecretsmanager.CfnSecretProps{
		Name: jsii.String(name), Description: jsii.String(description), KmsKeyId: p.dataKey.KeyArn(),
	}
	if generate {
		props.GenerateSecretString = &awssecretsmanager.CfnSecret_GenerateSecretStringProperty{
			PasswordLength: jsii.Number(64), ExcludePunctuation: jsii.Bool(true),
		}
	}
	id := "Secret-" + strings.ReplaceAll(strings.TrimPrefix(name, own), "/", "-")
	secret := awssecretsmanager.NewCfnSecret(p.Stack, jsii.String(id), props)
	because(secret, "AwsSolutions-SMG4", "The other side must learn a new value at the same time: a person rotates it, and the current and the previous value are both accepted meanwhile.")
	p.secrets[name] = secret.Ref()
}
