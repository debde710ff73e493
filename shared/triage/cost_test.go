package triage_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
)

// counting counts what a store is asked for.
type counting struct {
	kv.Store
	reads, commits, writes int
}

func (c *counting) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	c.reads++
	return c.Store.Get(ctx, key)
}

func (c *counting) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	c.reads++
	return c.Store.Query(ctx, pk, prefix, page)
}

func (c *counting) Commit(ctx context.Context, ops ...kv.Op) error {
	c.commits++
	c.writes += len(ops)
	return c.Store.Commit(ctx, ops...)
}

func (c *counting) per(n int) float64 { return float64(c.reads+c.commits) / float64(n) }

// feed delivers events in batches of the size that a queue hands to a function.
func (d *desk) feed(size int, events []incident.Event) {
	d.t.Helper()
	for part := range slices.Chunk(events, size) {
		d.send(part...)
	}
}

// T8: 3,000 alarms on one service within a minute are one investigation, at a cost that does not grow with the storm.
func TestStormCost(t *testing.T) {
	storm := func(n int) (d *desk, count *counting, events []incident.Event) {
		d, count = newCountedDesk(t)
		for i := range n {
			events = append(events, ev("checkout", fmt.Sprint("alarm-", i), float64(i)/float64(n), incident.Created))
		}
		d.feed(10, events)
		return d, count, events
	}
	d, count, events := storm(3000)
	if len(d.started) != 1 {
		t.Fatalf("%d investigations, want 1", len(d.started))
	}
	for id := range d.started {
		if alarms, err := record.Alarms(t.Context(), d.store, id); err != nil || len(alarms) != 3000 {
			t.Errorf("%d alarms listed, %v", len(alarms), err)
		}
	}
	fresh := count.per(3000)
	t.Logf("alarms never seen before: %.2f store requests and %.2f items written for each", fresh, float64(count.writes)/3000)
	if fresh > 0.5 {
		t.Errorf("%.2f store requests for each alarm, want at most 0.5", fresh)
	}
	_, small, _ := storm(300)
	if ratio := fresh / small.per(300); ratio > 1.1 {
		t.Errorf("an alarm costs %.2f times as much in a storm ten times as large", ratio)
	}

	*count = counting{Store: count.Store}
	d.feed(10, events)
	t.Logf("delivered again: %.2f store requests for each", count.per(3000))
	for i := range events {
		events[i].Action, events[i].Timestamp = incident.Resolved, events[i].Timestamp.Add(5*time.Minute)
	}
	*count = counting{Store: count.Store}
	d.feed(10, events)
	t.Logf("recoveries: %.2f store requests for each", count.per(3000))
	if got := count.per(3000); got > 2 {
		t.Errorf("%.2f store requests for each recovery, want at most 2", got)
	}
	for i := range events {
		events[i].Action, events[i].Timestamp = incident.Created, events[i].Timestamp.Add(time.Minute)
	}
	*count = counting{Store: count.Store}
	d.feed(10, events)
	t.Logf("alarms that have fired before: %.2f store requests for each", count.per(3000))
	if got := count.per(3000); got > 2 {
		t.Errorf("%.2f store requests for each alarm that fired before, want at most 2", got)
	}
}

func newCountedDesk(t *testing.T) (*desk, *counting) {
	d := newDesk(t)
	count := &counting{Store: d.store}
	d.service.Store = count
	return d, count
}

// T9: malformed messages among good ones are kept with their reason and hold nobody up; delivered again after they were
// mended, they are decided once.
func TestPoison(t *testing.T) {
	d := newDesk(t)
	var batch []queue.Message
	var good []incident.Event
	for i := range 200 {
		e := ev("checkout", fmt.Sprint("r", i), float64(i)/20, incident.Created)
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if i%20 == 7 {
			body = [][]byte{[]byte("{"), []byte("null"), []byte(`{"eventType":"incident"}`), []byte(`{"timestamp":7}`), body[:len(body)/2]}[i/20%5]
		} else {
			good = append(good, e)
		}
		batch = append(batch, queue.Message{ID: fmt.Sprint(i), Body: body, Receives: 1})
	}
	for part := range slices.Chunk(batch, 10) {
		if failed := d.service.Handle(t.Context(), part); len(failed) != 0 {
			t.Fatalf("failed: %v", failed)
		}
	}
	if len(d.buried) != 10 || slices.Contains(d.buried, "") {
		t.Errorf("buried: %q", d.buried)
	}
	for _, e := range good {
		if a := d.decision(e); a.Investigation == "" {
			t.Errorf("%s: %+v", e.Title, a.Decision)
		}
	}
	mended := ev("checkout", "r7", 7.0/20, incident.Created)
	d.send(mended)
	d.send(mended)
	if a := d.decision(mended); a.Decision.Outcome != incident.Linked || len(d.started) != 1 {
		t.Errorf("redriven: %+v, started %v", a.Decision, d.started)
	}
}

// priced counts what DynamoDB bills: write units of 1 KiB, twice as many in a transaction, and read units of 4 KiB,
// consistent.
type priced struct {
	kv.Store
	reads, writes int
}

func (p *priced) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	item, err := p.Store.Get(ctx, key)
	p.reads += units(len(item.Body)+len(key.PK)+len(key.SK), 4<<10)
	return item, err
}

func (p *priced) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	items, err := p.Store.Query(ctx, pk, prefix, page)
	size := 0
	for _, item := range items {
		size += len(item.Body) + len(item.PK) + len(item.SK)
	}
	p.reads += units(size, 4<<10)
	return items, err
}

func (p *priced) Commit(ctx context.Context, ops ...kv.Op) error {
	factor := min(len(ops), 2)
	for _, op := range ops {
		p.writes += factor * units(len(op.Body)+len(op.Key.PK)+len(op.Key.SK), 1<<10)
	}
	return p.Store.Commit(ctx, ops...)
}

func units(size, unit int) int { return max(1, (size+unit-1)/unit) }

var update = flag.Bool("update", false, "write docs/cost.md anew")

// List prices in dollars, us-east-1, as of November 2025.
const (
	writeUnit = 0.625e-6
	readUnit  = 0.125e-6
	sqsCall   = 0.40e-6
	httpCall  = 1.00e-6
	invoked   = 0.20e-6
	gbSecond  = 1.33334e-5 // arm64
	stepCost  = 25e-6
)

// charged is one kind of event, as a queue delivers it when there is no storm: alone.
type charged struct {
	name   string
	events []incident.Event
}

// TestCostPage counts what each kind of event costs and keeps docs/cost.md true to it.
func TestCostPage(t *testing.T) {
	data, err := events.FS.ReadFile("cloudwatch/eventbridge_metric_math.json")
	if err != nil {
		t.Fatal(err)
	}
	alarm := func(rule string, minutes float64, action incident.Action) incident.Event {
		e := ev("checkout", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"+rule, minutes, action)
		e.Data, e.Description = data, strings.Repeat("why it changed its state ", 10)
		return e
	}
	d := newDesk(t)
	meter := &priced{Store: d.store}
	d.service.Store = meter
	storm := []incident.Event{}
	for i := range 10 {
		storm = append(storm, alarm(fmt.Sprint("storm-", i), 2, incident.Created))
	}
	var table strings.Builder
	table.WriteString("| event | write units | read units |\n|---|---|---|\n")
	cost := map[string]float64{}
	for _, s := range []charged{
		{"opens an investigation", []incident.Event{alarm("5xx", 0, incident.Created)}},
		{"is linked, alone in its batch", []incident.Event{alarm("p99", 1, incident.Created)}},
		{"is linked, one of ten in a batch", storm},
		{"is delivered again", []incident.Event{alarm("p99", 1, incident.Created)}},
		{"recovers", []incident.Event{alarm("p99", 5, incident.Resolved)}},
		{"fires again", []incident.Event{alarm("p99", 8, incident.Created)}},
	} {
		meter.reads, meter.writes = 0, 0
		d.send(s.events...)
		n := float64(len(s.events))
		w, r := float64(meter.writes)/n, float64(meter.reads)/n
		fmt.Fprintf(&table, "| %s | %.1f | %.1f |\n", s.name, w, r)
		cost[s.name] = w*writeUnit + r*readUnit
	}
	table.WriteString("\n" + prices(t, cost))
	page := "../../docs/cost.md"
	doc, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- counted by TestCostPage -->\n", "<!-- end -->"
	head, rest, ok := strings.Cut(string(doc), begin)
	old, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("docs/cost.md has lost its marks")
	}
	if *update {
		if err := os.WriteFile(page, []byte(head+begin+table.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, table.String()); diff != "" {
		t.Errorf("docs/cost.md is not what is counted (-page +counted); run with -update:\n%s", diff)
	}
}

// prices is the table of a month: every tenth alarm opens an investigation, every alarm recovers, nothing is batched.
func prices(t *testing.T, cost map[string]float64) string {
	var definition struct{ States map[string]any }
	if err := json.Unmarshal([]byte(workflow.Definition), &definition); err != nil {
		t.Fatal(err)
	}
	way := 3*sqsCall + httpCall + 1*writeUnit + 3*sqsCall // signer's queue, API, replay record, triage's queue
	way += 3*invoked + gbSecond*(0.25*0.1+0.5*0.05+0.5*0.05)
	perAlarm := 2*way + 0.1*cost["opens an investigation"] + 0.9*cost["is linked, alone in its batch"] + cost["recovers"]
	perInvestigation := float64(len(definition.States)) * stepCost
	var b strings.Builder
	fmt.Fprintf(&b, "An alarm with its recovery: $%.7f. The states of an investigation: %d, $%.5f.\n\n", perAlarm, len(definition.States), perInvestigation)
	b.WriteString("| alarms a month | alarms and recoveries | state transitions of a tenth as many investigations |\n|---|---|---|\n")
	for _, n := range []float64{1e3, 1e5, 1e7} {
		fmt.Fprintf(&b, "| %.0f | $%.2f | $%.2f |\n", n, n*perAlarm, n/10*perInvestigation)
	}
	return b.String()
}
