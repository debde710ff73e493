package aws

import "testing"

// difference is a point where moto 5.2.1 is known not to do what AWS documents. Where a test meets one it says so with
// differs, or launch.py mends it; the others are a warning to whoever writes the next test.
type difference struct {
	what string
	why  string
}

var differences = []difference{
	{"commits are not isolated", "TransactWriteItems and conditional writes check first and write later without a lock, so two at once can both win, and a " +
		"read sees what is about to be taken back; the storage suite and the alarms' simulation send one commit at a time here and no read beside it, and what they do at the same time proves only our side of the protocol"},
	{"no transaction tokens", "a transaction repeated with its ClientRequestToken is applied again; that the SDK repeats with the same token is tested in shared/aws/dynamo"},
	{"item limit", "moto stops at 405,000 bytes and counts binary values in base64, DynamoDB at 409,600 bytes; launch.py corrects it"},
	{"TTL never deletes", "an expired item stays for ever; the port says that expiry is always also a condition"},
	{"one execution per machine", "the deep copy of a machine with executions fails; launch.py makes it shallow"},
	{"no JSONata", "the evaluator is left unset; launch.py sends expressions to jsonata-go in this process, whose output CI compares with the JavaScript engine"},
	{"lost cause", "SendTaskFailure drops the cause; launch.py passes it on"},
	{"a used token", "a token that was used answers InvalidToken, Step Functions answers TaskTimedOut or TaskDoesNotExist"},
	{"definitions are not checked", "dangling transitions are accepted at creation; the ASL validator runs in make test"},
	{"quotes in variables", "a variable that holds a double quote breaks the next expression; our definition assigns no variables"},
	{"queue to function", "moto's event source mapping fires at send time without partial batch responses; here the test plays the mapping"},
	{"functions and machines as rule targets", "PutEvents answers 500 when a rule has one; our rules target queues"},
	{"models", "Bedrock Converse is not implemented; shared/aws/bedrock is tested against a server written from the API reference"},
	{"metrics over CBOR", "CloudWatch is spoken to in JSON or forms only; the gateway translates what SDK clients say"},
	{"percentiles", "GetMetricData answers 500 to a percentile; the gateway answers for those that there are no samples"},
	{"traces and trails", "CloudTrail's LookupEvents and X-Ray's statistics are not implemented; shared/aws/awstest answers for them, written from the API reference"},
	{"addresses", "some routes match the host name localhost and not 127.0.0.1"},
	{"permissions", "IAM is not enforced; roles are asserted on the synthesized template"},
}

// differs marks a place where the expectation is moto's and not AWS's. It returns what moto does.
func differs[T any](what string, aws, moto T) T {
	for _, d := range differences {
		if d.what == what {
			return moto
		}
	}
	panic("not in the list of differences: " + what)
}

func TestDifferences(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range differences {
		if d.why == "" || seen[d.what] {
			t.Errorf("%q: stands twice or without a reason", d.what)
		}
		seen[d.what] = true
	}
}
