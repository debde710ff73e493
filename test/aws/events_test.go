package aws

import (
	"encoding/json"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	bus "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// follow subscribes to the space's events as docs/events.md says, and returns the URL of the queue that gets them.
func (d *deployment) follow() string {
	t, c := d.t, bus.NewFromConfig(load(d.t))
	t.Helper()
	url, _ := queues(t, d.sqs, time.Minute, 5)
	got, err := d.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	rule := unique("follow")
	if err == nil {
		_, err = c.PutRule(t.Context(), &bus.PutRuleInput{Name: &rule, EventPattern: sdk.String(`{"source":["firefinder"],"detail":{"space":["shop"]}}`)})
	}
	if err == nil {
		_, err = c.PutTargets(t.Context(), &bus.PutTargetsInput{Rule: &rule, Targets: []bustypes.Target{{Id: sdk.String("1"), Arn: sdk.String(got.Attributes["QueueArn"])}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// checkEvents reads what a follower of the space got about one investigation.
func (d *deployment) checkEvents(url, id string) {
	t := d.t
	t.Helper()
	var types []string
	for batch := receive(t, d.sqs, url); len(batch) > 0; batch = receive(t, d.sqs, url) {
		for _, m := range batch {
			var e struct {
				Type   string `json:"detail-type"`
				Detail struct {
					Version, ID   string
					Investigation struct{ ID string }
					Incident      struct{ ID string }
				}
			}
			if err := json.Unmarshal([]byte(*m.Body), &e); err != nil || e.Detail.Version == "" || e.Detail.ID == "" || e.Detail.Investigation.ID != id || e.Detail.Incident.ID == "" {
				t.Errorf("event %s: %v", *m.Body, err)
			}
			types = append(types, e.Type)
		}
	}
	slices.Sort(types)
	if want := []string{"Investigation Completed", "Mitigation Approved", "Mitigation Proposed"}; !slices.Equal(types, want) {
		t.Errorf("a follower got %q, want %q", types, want)
	}
}
