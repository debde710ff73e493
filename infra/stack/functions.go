package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// function is one Lambda function: the folder functions/<name>.
type function struct {
	name    string
	trigger trigger
	memory  float64 // MiB; also sets the share of a CPU
	timeout float64 // seconds; inner deadlines derive from it
	env     []string
	may     []permission
}

// trigger says who calls a function.
type trigger string

const (
	byMachine  trigger = "a state of the machine"
	byAlarms   trigger = "queue of alarm state changes"
	byTriage   trigger = "queue of verified events"
	byHTTP     trigger = "HTTP API"
	bySchedule trigger = "every minute"
)

// functions is everything that runs. The console is not among them: it has no sign-in yet, so nobody could reach it.
var functions = []function{
	{name: "signer", trigger: byAlarms, memory: 256, timeout: 15,
		env: []string{envWebhook, envPublicURL},
		may: []permission{takeAlarms, readSigningSecret}},
	{name: "webhook", trigger: byHTTP, memory: 512, timeout: 5,
		env: []string{envTable, envBucket, envQueue, envDeadLetters},
		may: []permission{useTable, writeDocuments, sendEvents, buryEvents, readSourceSecrets}},
	{name: "triage", trigger: byTriage, memory: 512, timeout: 20,
		env: []string{envTable, envBucket, envDeadLetters, envMachine},
		may: []permission{useTable, readDocuments, writeDocuments, takeEvents, buryEvents, startExecutions}},
	{name: "investigate", trigger: byMachine, memory: 1024, timeout: 300,
		env: []string{envTable, envBucket, envReader},
		may: []permission{useTable, readDocuments, writeDocuments, callModels, assumeReader}},
	{name: "rootcause", trigger: byMachine, memory: 512, timeout: 300,
		env: []string{envTable, envBucket},
		may: []permission{useTable, readDocuments, writeDocuments, callModels}},
	{name: "mitigate", trigger: byMachine, memory: 512, timeout: 300,
		env: []string{envTable, envBucket},
		may: []permission{useTable, readDocuments, writeDocuments, callModels}},
	{name: "propose", trigger: byMachine, memory: 512, timeout: 45,
		env: []string{envTable, envBucket, envPublicURL, envTokenKey},
		may: []permission{useTable, readDocuments, writeDocuments, encryptTokens, sendMail, readSlackSecret, putEvents}},
	{name: "deliver", trigger: byMachine, memory: 512, timeout: 45,
		env: []string{envTable, envBucket, envJournal, envPublicURL},
		may: []permission{useTable, readDocuments, writeDocuments, writeJournal, sendMail, readServiceNowSecret, readSlackSecret, readUndoSecret, putEvents}},
	{name: "approve", trigger: byHTTP, memory: 512, timeout: 10,
		env: []string{envTable, envBucket, envPublicURL, envTokenKey, envMachine},
		may: []permission{useTable, readDocuments, writeDocuments, decryptTokens, resumeExecutions, readSlackSecret, readUndoSecret}},
	{name: "sweep", trigger: bySchedule, memory: 512, timeout: 55,
		env: []string{envTable, envBucket, envJournal, envTokenKey, envMachine},
		may: []permission{useTable, readDocuments, writeDocuments, writeJournal, decryptTokens, startExecutions, resumeExecutions}},
}

// The environment of the functions. shared/boot reads these names; a function gets a name only with the permission to use
// what it points to.
const (
	envSpace       = "FIREFINDER_SPACE_FILE"
	envTable       = "FIREFINDER_TABLE"
	envBucket      = "FIREFINDER_BUCKET"
	envJournal     = "FIREFINDER_JOURNAL_BUCKET" // only when journal copies have a bucket of their own
	envQueue       = "FIREFINDER_QUEUE_TRIAGE"
	envDeadLetters = "FIREFINDER_DLQ_TRIAGE"
	envMachine     = "FIREFINDER_MACHINE"
	envPublicURL   = "FIREFINDER_PUBLIC_URL"
	envWebhook     = "FIREFINDER_WEBHOOK_URL"
	envTokenKey    = "FIREFINDER_TOKEN_KEY"
	envReader      = "FIREFINDER_READER_ROLE"
)

func (p *parts) value(name string) *string {
	switch name {
	case envSpace:
		return jsii.String("/opt/space.yaml")
	case envTable:
		return p.table.TableName()
	case envBucket:
		return p.artifacts.BucketName()
	case envJournal:
		if p.journal == nil {
			return nil
		}
		return p.journal.BucketName()
	case envQueue:
		return p.triage.QueueUrl()
	case envDeadLetters:
		return p.triageDead.QueueUrl()
	case envMachine:
		return p.machine.StateMachineArn()
	case envPublicURL:
		return p.publicURL()
	case envWebhook:
		return p.webhookURL()
	case envTokenKey:
		return p.tokenKey.KeyArn()
	case envReader:
		return p.reader.RoleArn()
	}
	panic("infra/stack: no value for environment variable " + name)
}

func invokedByMachine(f function) bool { return f.trigger == byMachine }
func invokedByOthers(f function) bool  { return f.trigger != byMachine }

// addRoles makes one role per function, empty at first: the reader role must name the investigator's before that one may
// name the reader's.
func (p *parts) addRoles() {
	for _, f := range functions {
		p.roles[f.name] = awsiam.NewRole(p.Stack, jsii.String(title(f.name)+"Role"), &awsiam.RoleProps{
			Description: jsii.String("What function " + f.name + " of Agent Space " + p.space.Name + " may do"),
			AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		})
	}
}

// addFunctions deploys those functions of the table that want says.
func (p *parts) addFunctions(want func(function) bool) error {
	for _, f := range functions {
		if !want(f) {
			continue
		}
		if err := p.addFunction(f); err != nil {
			return err
		}
	}
	return nil
}

func (p *parts) addFunction(f function) error {
	code := filepath.Join(p.dist, f.name)
	if _, err := os.Stat(filepath.Join(code, "bootstrap")); err != nil {
		return fmt.Errorf("function %s is not built, run `make build`: %w", f.name, err)
	}
	role := p.roles[f.name]
	logs := p.logGroup(title(f.name)+"Logs", "/aws/lambda/"+*p.name(f.name), awslogs.RetentionDays_ONE_MONTH)
	role.AddToPolicy(writeLogs(logs))
	for _, may := range f.may {
		for _, statement := range may(p) {
			role.AddToPolicy(statement)
			explain(role, statement)
		}
	}
	env := map[string]*string{envSpace: p.value(envSpace)}
	for _, name := range f.env {
		if v := p.value(name); v != nil {
			env[name] = v
		}
	}
	p.functions[f.name] = awslambda.NewFunction(p.Stack, jsii.String(title(f.name)), &awslambda.FunctionProps{
		FunctionName:  p.name(f.name),
		Description:   jsii.String("Called by: " + string(f.trigger)),
		Runtime:       awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:  awslambda.Architecture_ARM_64(),
		Handler:       jsii.String("bootstrap"),
		Code:          awslambda.Code_FromAsset(jsii.String(code), nil),
		Layers:        &[]awslambda.ILayerVersion{p.settings},
		MemorySize:    jsii.Number(f.memory),
		Timeout:       seconds(f.timeout),
		Environment:   &env,
		Role:          role,
		LogGroup:      logs,
		LoggingFormat: awslambda.LoggingFormat_JSON,
	})
	return nil
}

func timeoutOf(name string) float64 {
	for _, f := range functions {
		if f.name == name {
			return f.timeout
		}
	}
	panic("infra/stack: no function " + name)
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
