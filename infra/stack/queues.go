package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

const (
	// signerReceives times the visibility (90 s) is how long the signer's queue keeps trying: 6 hours, so that a webhook
	// outage of 4 hours sends nothing to the dead letters.
	signerReceives = 240
	// triageReceives is small: a verified event that fails five times is a fault for people to see.
	triageReceives = 5
	// batch is the most messages of one call; failed ones come back alone.
	batch = 10
)

// addQueues makes the two queues of an alarm's way, each with dead letters that wait 14 days for a person.
func (p *parts) addQueues() {
	p.alarms, p.alarmsDead = p.queue("AlarmsQueue", "alarms", 6*timeoutOf("signer"), signerReceives)
	p.triage, p.triageDead = p.queue("TriageQueue", "triage", 6*timeoutOf("triage"), triageReceives)
}

func (p *parts) queue(id, name string, visibility, receives float64) (queue, dead awssqs.Queue) {
	dead = awssqs.NewQueue(p.Stack, jsii.String(id+"Dead"), &awssqs.QueueProps{
		QueueName: p.name(name + "-dead"), RetentionPeriod: days(14),
		Encryption: awssqs.QueueEncryption_SQS_MANAGED, EnforceSSL: jsii.Bool(true),
	})
	queue = awssqs.NewQueue(p.Stack, jsii.String(id), &awssqs.QueueProps{
		QueueName: p.name(name), RetentionPeriod: days(14), VisibilityTimeout: seconds(visibility),
		Encryption: awssqs.QueueEncryption_SQS_MANAGED, EnforceSSL: jsii.Bool(true),
		DeadLetterQueue: &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: jsii.Number(receives)},
	})
	return queue, dead
}
