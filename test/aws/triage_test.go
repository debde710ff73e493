package aws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/stepfn"
	"github.com/firefinder/firefinder/shared/triage/triagetest"
)

// hasty passes an hour in a fifth of a second, as moto has no clock of ours; what a fault left comes again after a second.
var hasty = triagetest.Pace{Speed: 20_000, Visibility: time.Second, Sweep: 250 * time.Millisecond}

// T7: the simulation of shared/triage, 2,000 alarms, through the adapters of DynamoDB and Step Functions: nothing is lost,
// doubled, left unstarted or out of order. The queue's faults and a twentieth of the store's are simulated in front of the
// adapters; requests to a table are serialised, see "commits are not isolated" in the list of differences.
func TestTriage(t *testing.T) {
	spaces := 10
	if testing.Short() {
		spaces = 1
	}
	began := time.Now()
	var mu sync.Mutex
	var v triagetest.Verdict
	var did triagetest.Counts
	var waits []time.Duration // one for each execution
	t.Run("spaces", func(t *testing.T) {
		for i := range spaces {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				s := newSpace(t, uint64(i))
				client, arn := idle(t)
				s.Start = stepfn.New(load(t), arn)
				events := s.Run(t.Context())
				verdict, counts := s.Judge(t.Context(), events), s.Did()
				if got, want := executions(t, client, arn), slices.Sorted(maps.Keys(s.Started())); !slices.Equal(got, want) {
					t.Errorf("Step Functions runs %v, triage started %v", got, want)
				}
				mu.Lock()
				defer mu.Unlock()
				v.Add(verdict)
				did.Deliveries, did.Faults, did.Requests = did.Deliveries+counts.Deliveries, did.Faults+counts.Faults, did.Requests+counts.Requests
				waits = append(waits, s.Waits(events)...)
			})
		}
	})
	if len(waits) == 0 {
		t.Fatal("nothing was started")
	}
	slices.Sort(waits)
	t.Logf("%d alarms in %d deliveries, %d faults among %d store requests: lost %d, doubled %d, never started %d, spaces not linearizable %d, undecided %d of %d; %d executions, from alarm to StartExecution p50 %v, p99 %v; %v",
		spaces*triagetest.Alarms, did.Deliveries, did.Faults, did.Requests, v.Lost, v.Doubled, v.Unstarted, v.Unlinear, v.Undecided, spaces,
		len(waits), waits[len(waits)/2].Round(time.Millisecond), waits[len(waits)*99/100].Round(time.Millisecond), time.Since(began).Round(time.Second))
	if v.Bad() {
		t.Errorf("%+v", v)
	}
}

// newSpace is a space over a table of its own, whose alarms are a day old.
func newSpace(t *testing.T, number uint64) *triagetest.Space {
	t.Helper()
	cfg := load(t)
	cfg.HTTPClient = &http.Client{} // as in TestStorage
	s := triagetest.New(7, number, 0.05)
	s.Store = &serial{Store: dynamo.New(cfg, newTable(t))}
	s.Pace, s.Epoch = hasty, time.Now().UTC().Truncate(time.Hour).Add(40*time.Minute-24*time.Hour)
	return s
}

// idle is a state machine that ends at once.
func idle(t *testing.T) (*sfn.Client, string) {
	t.Helper()
	c := sfn.NewFromConfig(load(t))
	out, err := c.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: sdk.String(unique("idle")), Definition: sdk.String(`{"StartAt":"End","States":{"End":{"Type":"Succeed"}}}`), RoleArn: sdk.String("arn:aws:iam::" + account + ":role/machine")})
	if err != nil {
		t.Fatal(err)
	}
	return c, *out.StateMachineArn
}

// executions are the names of all that a machine has run, in order.
func executions(t *testing.T, c *sfn.Client, arn string) []string {
	t.Helper()
	out, err := c.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &arn})
	if err != nil || out.NextToken != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	var names []string
	for _, e := range out.Executions {
		names = append(names, *e.Name)
	}
	slices.Sort(names)
	return names
}
