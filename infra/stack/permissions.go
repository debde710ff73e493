package stack

import (
	"net/mail"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// permission is something a function may do, as statements for its role. No statement has a wildcard in an action; a
// wildcard in a resource needs a line in reasons.go.
type permission func(*parts) []awsiam.PolicyStatement

func allow(sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String(sid), Actions: jsii.Strings(actions...), Resources: &resources,
	})
}

func only(s awsiam.PolicyStatement, operator, key string, value any) awsiam.PolicyStatement {
	s.AddCondition(jsii.String(operator), map[string]any{key: value})
	return s
}

// policy is a role's own policy, for roles whose statements name nothing that names the role.
func policy(name string, statements []awsiam.PolicyStatement) *map[string]awsiam.PolicyDocument {
	return &map[string]awsiam.PolicyDocument{name: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements})}
}

func one(s awsiam.PolicyStatement) []awsiam.PolicyStatement { return []awsiam.PolicyStatement{s} }

// throughKey lets a role use the data key by way of one service, never directly.
func (p *parts) throughKey(sid, service string, actions ...string) awsiam.PolicyStatement {
	return only(allow(sid, actions, p.dataKey.KeyArn()), "StringEquals", "kms:ViaService", jsii.String(service+"."+*p.Region()+".amazonaws.com"))
}

func writeLogs(group awslogs.LogGroup) awsiam.PolicyStatement {
	return allow("WriteLogs", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, group.LogGroupArn())
}

// useTable covers Get, Query and Commit of the kv port, which writes by update; transactions are authorised by the
// operations in them. The key actions are those that DynamoDB asks of a caller, written out.
func useTable(p *parts) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow("UseTable", []string{"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
			"dynamodb:ConditionCheckItem"}, p.table.TableArn()),
		p.throughKey("UseTableKey", "dynamodb", "kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:GenerateDataKey",
			"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
	}
}

// documents is where shared/aws/s3 keeps documents, named by hash.
const documents = "documents/*"

// readDocuments includes ListBucket: without it S3 answers 403 for a document that does not exist.
func readDocuments(p *parts) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow("ReadDocuments", []string{"s3:GetObject"}, p.artifacts.ArnForObjects(jsii.String(documents))),
		allow("TellMissingDocuments", []string{"s3:ListBucket"}, p.artifacts.BucketArn()),
		p.throughKey("DecryptDocuments", "s3", "kms:Decrypt"),
	}
}

func writeDocuments(p *parts) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		allow("WriteDocuments", []string{"s3:PutObject"}, p.artifacts.ArnForObjects(jsii.String(documents))),
		p.throughKey("EncryptDocuments", "s3", "kms:GenerateDataKey"),
	}
}

// writeJournal adds copies and never reads, replaces or deletes one: the bucket keeps every version under lock. The
// retention action is for copies that bring an end of their own; compliance mode lets it only move later.
func writeJournal(p *parts) []awsiam.PolicyStatement {
	if p.journal == nil {
		return nil
	}
	return []awsiam.PolicyStatement{
		allow("WriteJournal", []string{"s3:PutObject", "s3:PutObjectRetention"}, p.journal.ArnForObjects(jsii.String("*"))),
		p.throughKey("EncryptJournal", "s3", "kms:GenerateDataKey"),
	}
}

var take = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}

func takeAlarms(p *parts) []awsiam.PolicyStatement {
	return one(allow("TakeAlarms", take, p.alarms.QueueArn()))
}

func takeEvents(p *parts) []awsiam.PolicyStatement {
	return one(allow("TakeEvents", take, p.triage.QueueArn()))
}

func sendEvents(p *parts) []awsiam.PolicyStatement {
	return one(allow("SendEvents", []string{"sqs:SendMessage"}, p.triage.QueueArn()))
}

func buryEvents(p *parts) []awsiam.PolicyStatement {
	return one(allow("BuryEvents", []string{"sqs:SendMessage"}, p.triageDead.QueueArn()))
}

func startExecutions(p *parts) []awsiam.PolicyStatement {
	return one(allow("StartExecutions", []string{"states:StartExecution"}, p.machine.StateMachineArn()))
}

func resumeExecutions(p *parts) []awsiam.PolicyStatement {
	return one(allow("ResumeExecutions", []string{"states:SendTaskSuccess", "states:SendTaskFailure"}, p.machine.StateMachineArn()))
}

func encryptTokens(p *parts) []awsiam.PolicyStatement {
	return one(allow("EncryptTokens", []string{"kms:Encrypt"}, p.tokenKey.KeyArn()))
}

func decryptTokens(p *parts) []awsiam.PolicyStatement {
	return one(allow("DecryptTokens", []string{"kms:Decrypt"}, p.tokenKey.KeyArn()))
}

func assumeReader(p *parts) []awsiam.PolicyStatement {
	roles := append([]*string{p.reader.RoleArn()}, *jsii.Strings(p.space.Connectors.ReaderRoles...)...)
	return one(allow("AssumeReader", []string{"sts:AssumeRole"}, roles...))
}

func (p *parts) readSecrets(sid string, names ...string) []awsiam.PolicyStatement {
	if len(names) == 0 {
		return nil
	}
	var arns []*string
	for _, name := range names {
		arns = append(arns, p.secrets[name])
	}
	return []awsiam.PolicyStatement{
		allow("Read"+sid, []string{"secretsmanager:GetSecretValue"}, arns...),
		p.throughKey("Decrypt"+sid, "secretsmanager", "kms:Decrypt"),
	}
}

func readSigningSecret(p *parts) []awsiam.PolicyStatement {
	for _, source := range p.space.Sources {
		if source.Kind == signerSource {
			return p.readSecrets("SigningSecret", source.Secret)
		}
	}
	return nil
}

func readSourceSecrets(p *parts) []awsiam.PolicyStatement {
	var names []string
	for _, source := range p.space.Sources {
		names = append(names, source.Secret)
	}
	return p.readSecrets("SourceSecrets", names...)
}

func readServiceNowSecret(p *parts) []awsiam.PolicyStatement {
	if n := p.space.Notify.ServiceNow; n != nil {
		return p.readSecrets("ServiceNowSecret", n.Secret)
	}
	return nil
}

func readSlackSecret(p *parts) []awsiam.PolicyStatement {
	if n := p.space.Notify.Slack; n != nil {
		return p.readSecrets("SlackSecret", n.Secret)
	}
	return nil
}

// readUndoSecret is for who makes the links that reverse triage decisions and who checks them.
func readUndoSecret(p *parts) []awsiam.PolicyStatement {
	return p.readSecrets("UndoSecret", p.space.UndoSecret())
}

// sendMail names the address and its domain, since SES uses whichever of the two is verified, and pins the sender.
func sendMail(p *parts) []awsiam.PolicyStatement {
	n := p.space.Notify.Email
	if n == nil {
		return nil
	}
	from := n.From
	if parsed, err := mail.ParseAddress(from); err == nil {
		from = parsed.Address
	}
	_, domain, _ := strings.Cut(from, "@")
	return one(only(allow("SendMail", []string{"ses:SendEmail"}, p.arn("ses", "identity/"+from), p.arn("ses", "identity/"+domain)),
		"StringEquals", "ses:FromAddress", jsii.String(from)))
}

// putEvents lets other systems follow investigations on the space's event bus.
func putEvents(p *parts) []awsiam.PolicyStatement {
	bus := p.space.Notify.EventBus()
	if bus == "" {
		return nil
	}
	arn := jsii.String(bus)
	if !strings.HasPrefix(bus, "arn:") {
		arn = p.arn("events", "event-bus/"+bus)
	}
	return one(only(allow("PutEvents", []string{"events:PutEvents"}, arn),
		"StringEquals", "events:source", "firefinder"))
}
