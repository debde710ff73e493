package aws

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	sqsclient "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/cli"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/record"
)

// alarm is a CloudWatch alarm state change as EventBridge delivers it.
func alarm(name, metric string, at time.Time) string {
	when := at.UTC().Format("2006-01-02T15:04:05.000-0700")
	return strings.NewReplacer("NAME", name, "METRIC", metric, "WHEN", when, "AT", at.UTC().Format(time.RFC3339)).Replace(`{"version":"0","id":"c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
		"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":"123456789012","time":"AT","region":"eu-central-1",
		"resources":["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:NAME"],
		"detail":{"alarmName":"NAME","state":{"value":"ALARM","reason":"Threshold Crossed","reasonData":"{}","timestamp":"WHEN"},
			"previousState":{"value":"OK","reason":"fine","reasonData":"{}","timestamp":"WHEN"},
			"configuration":{"description":"NAME","metrics":[{"id":"m1","metricStat":{"metric":{"namespace":"AWS/ApplicationELB","name":"METRIC","dimensions":{"ServiceName":"checkout"}},"period":60,"stat":"Sum"},"returnData":true}]}}}`)
}

// TestIncident follows one incident through everything that is deployed: an alarm's state change on the event bus, the
// signer, the webhook, triage, the state machine and its functions, telemetry read through the reader role, a model
// behind Bedrock's API, the mail to approvers,
// the decision on the page behind its link, and the end of the execution.
func TestIncident(t *testing.T) {
	o := &outside{t: t, roles: map[string]string{}}
	gate.outside(o)
	defer gate.outside(nil)
	d := deploy(t)
	d.rule()
	followed := d.follow()
	at := time.Now().Add(-2 * time.Minute)
	d.happened(o, at)
	first, second := alarm("checkout-5xx", "HTTPCode_Target_5XX_Count", at), alarm("checkout-p99", "TargetResponseTime", at.Add(30*time.Second))
	d.publish(first)
	d.publish(second)
	d.publish(first) // EventBridge delivers at least once

	eventually(t, "the signer has posted all three", func() bool { d.pump(d.alarms, "signer"); return d.empty(d.alarms) })
	eventually(t, "triage has decided", func() bool { d.pump(d.queue, "triage"); return d.empty(d.queue) })
	if !d.empty(d.dead) {
		t.Error("something was buried")
	}
	store := dynamo.New(load(t), d.table)
	running, err := record.List(t.Context(), store, time.Now().Add(time.Hour), 10)
	if err != nil || len(running) != 1 {
		t.Fatalf("%d investigations, %v; want one", len(running), err)
	}
	id := running[0].ID
	if alarms, err := record.Alarms(t.Context(), store, id); err != nil || len(alarms) != 2 {
		t.Errorf("%d alarms linked, %v; want two", len(alarms), err)
	}

	link := d.asked(o)
	if strings.Contains(d.page(link).body, link.secret) {
		t.Error("the page repeats the secret of the link")
	}
	for _, wrong := range []struct {
		change func(url.Values)
		status int
	}{
		{func(v url.Values) { v.Set("secret", strings.Repeat("A", 43)) }, http.StatusForbidden},
		{func(v url.Values) { v.Set("code", "000000") }, http.StatusUnprocessableEntity},
		{func(v url.Values) { v.Set("email", "stranger@example.com") }, http.StatusForbidden},
	} {
		if status, _ := d.decide(link, wrong.change); status != wrong.status {
			t.Errorf("a faulty decision: status %d, want %d", status, wrong.status)
		}
	}
	if status, body := d.decide(link, func(url.Values) {}); status != http.StatusOK {
		t.Fatalf("the decision: status %d: %s", status, body)
	}
	eventually(t, "the execution succeeds", func() bool { return d.status(id) == "SUCCEEDED" })
	if status, _ := d.decide(link, func(v url.Values) { v.Set("decision", "REJECTED"); v.Set("email", "sam@example.com") }); status != http.StatusConflict {
		t.Errorf("a second decision: status %d, want 409", status)
	}
	d.checkOutcome(o, id)
	d.checkTelemetry(o, id)
	d.checkEvents(followed, id)
	d.checkCommandLine(id)
	d.checkByHand(at)
	d.checkState()
	d.checkUndo(o)
}

func (d *deployment) checkOutcome(o *outside, id string) {
	t := d.t
	t.Helper()
	store := dynamo.New(load(t), d.table)
	inv, err := record.Get(t.Context(), store, id)
	if err != nil || inv.State != incident.Completed || !inv.StartConfirmed {
		t.Errorf("investigation: %+v, %v", inv, err)
	}
	c, found, err := record.Conclusion(t.Context(), store, id)
	if err != nil || !found || len(c.RootCauses) != 1 || c.Analyst != modelID || c.Partial != "" || len(c.Dropped) != 1 {
		t.Errorf("conclusion: %+v, %v", c, err)
	}
	records, err := journal.Read(t.Context(), store, id)
	if err != nil || len(records) == 0 || journal.Verify(records, records[len(records)-1].Hash) != nil {
		t.Errorf("journal of %d records: %v", len(records), err)
	}
	if len(o.calls) != 3 { // look, conclude, plan
		t.Errorf("%d model calls", len(o.calls))
	}
	for i, call := range o.calls {
		if call.InferenceConfig.MaxTokens == 0 || len(call.System) != 2 {
			t.Errorf("model call %d: %d tokens, %d system blocks; want a limit, and a cache point after the prompt", i+1, call.InferenceConfig.MaxTokens, len(call.System))
		}
	}
	var subjects []string
	for _, m := range o.sent() {
		subjects = append(subjects, m.Content.Simple.Subject.Data)
	}
	if len(subjects) != 3 { // findings, proposal, decision
		t.Errorf("%d mails: %q", len(subjects), subjects)
	}
}

// checkCommandLine looks at the deployed space from a person's machine, with that person's credentials.
func (d *deployment) checkCommandLine(id string) {
	t := d.t
	t.Helper()
	for _, v := range d.env {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"list"}, 0, "completed  MEDIUM"},
		{[]string{"list", "--json"}, 0, `"id": "` + id + `"`},
		{[]string{"show", id}, 0, "# checkout-5xx"},
		{[]string{"show", "inv-nobody"}, 3, "inv-nobody"},
	} {
		var out, errs strings.Builder
		code := cli.Main(append(c.args, "--table", d.table, "--bucket", d.bucket), &out, &errs)
		if said := out.String() + errs.String(); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%v: exit %d, want %d and %q in: %s", c.args, code, c.code, c.says, said)
		}
	}
}

// checkByHand looks into the same account from a person's machine, with that person's credentials and nothing deployed.
func (d *deployment) checkByHand(at time.Time) {
	t := d.t
	t.Helper()
	var out, errs strings.Builder
	args := []string{"investigate", "checkout answers 5xx", "--space", filepath.Join(d.dir, "space.yaml"), "--aws", "--service", "checkout",
		"--alarm", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:checkout-5xx", "--at", at.UTC().Format(time.RFC3339), "--dir", filepath.Join(t.TempDir(), "none")}
	if code := cli.Main(args, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, says := range []string{"set environment.DB_POOL_MAX from 50 to 10", "**Outcome:** confirmed", "samples, from CloudWatch", "log lines of 1 log group"} {
		if !strings.Contains(out.String(), says) {
			t.Errorf("the report does not say %q:\n%s", says, out.String())
		}
	}
}

// rule sends alarm state changes of the bus to the signer's queue, as infra/stack does.
func (d *deployment) rule() {
	t, c := d.t, events.NewFromConfig(load(d.t))
	t.Helper()
	out, err := d.sqs.GetQueueAttributes(t.Context(), &sqsclient.GetQueueAttributesInput{QueueUrl: &d.alarms, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	name := unique("alarms")
	if err == nil {
		_, err = c.PutRule(t.Context(), &events.PutRuleInput{Name: &name, EventPattern: sdk.String(`{"source":["aws.cloudwatch"],"detail-type":["CloudWatch Alarm State Change"]}`)})
	}
	if err == nil {
		_, err = c.PutTargets(t.Context(), &events.PutTargetsInput{Rule: &name, Targets: []eventtypes.Target{{Id: sdk.String("1"), Arn: sdk.String(out.Attributes["QueueArn"])}}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// publish puts an event that CloudWatch would send on the bus.
func (d *deployment) publish(event string) {
	d.t.Helper()
	field := func(name string) string {
		return regexp.MustCompile(`"` + name + `":"([^"]*)"`).FindStringSubmatch(event)[1]
	}
	detail := event[strings.Index(event, `"detail":`)+len(`"detail":`) : len(event)-1]
	at, _ := time.Parse(time.RFC3339, field("time"))
	resource := regexp.MustCompile(`"resources":\["([^"]*)"\]`).FindStringSubmatch(event)[1]
	out, err := events.NewFromConfig(load(d.t)).PutEvents(d.t.Context(), &events.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		Source: sdk.String(field("source")), DetailType: sdk.String(field("detail-type")), Detail: &detail, Time: &at, Resources: []string{resource}}}})
	if err != nil || out.FailedEntryCount != 0 {
		d.t.Fatalf("publish: %+v, %v", out, err)
	}
}

func (d *deployment) empty(queue string) bool {
	d.t.Helper()
	out, err := d.sqs.GetQueueAttributes(d.t.Context(), &sqsclient.GetQueueAttributesInput{QueueUrl: &queue,
		AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}})
	if err != nil {
		d.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] == "0" && out.Attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
}

// approvalLink is what an approver has: the link of the mail and the code that stands beside it.
type approvalLink struct {
	url, secret, mail string
}

var approvalURL = regexp.MustCompile(`(http://[^\s#]+/approve/[^\s#]+)#([A-Za-z0-9_-]{43})`)

// asked waits for the mail to the approvers.
func (d *deployment) asked(o *outside) (link approvalLink) {
	d.t.Helper()
	eventually(d.t, "the approvers are asked by mail", func() bool {
		for _, m := range o.sent() {
			if found := approvalURL.FindStringSubmatch(m.Content.Simple.Body.Text.Data); found != nil {
				link = approvalLink{found[1], found[2], m.Content.Simple.Body.Text.Data}
				if strings.Join(m.Destination.ToAddresses, " ") != "alex@example.com sam@example.com" {
					d.t.Errorf("asked: %v", m.Destination.ToAddresses)
				}
				return true
			}
		}
		return false
	})
	return link
}

type approvalPage struct {
	body   string
	form   url.Values
	client *http.Client
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)"`)

// page opens the link in a browser that keeps cookies.
func (d *deployment) page(link approvalLink) approvalPage {
	d.t.Helper()
	jar, _ := cookiejar.New(nil)
	p := approvalPage{form: url.Values{}, client: &http.Client{Jar: jar}}
	resp, err := p.client.Get(link.url)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	if p.body = string(body); resp.StatusCode != http.StatusOK {
		d.t.Fatalf("approval page: %d %s", resp.StatusCode, p.body)
	}
	for _, field := range hidden.FindAllStringSubmatch(p.body, -1) {
		p.form.Set(field[1], field[2])
	}
	return p
}

// decide fills the form as Alex would to approve, lets the caller change it, and sends it.
func (d *deployment) decide(link approvalLink, change func(url.Values)) (status int, body string) {
	d.t.Helper()
	p := d.page(link)
	if p.form.Get("plan_hash") == "" { // the page of a decided plan has no form
		p.form.Set("plan_hash", planHash.FindString(p.body))
		p.form.Set("csrf", d.csrf(p.client, link))
	}
	code := approval.Code(p.form.Get("plan_hash"))
	if !strings.Contains(link.mail, code) {
		d.t.Errorf("the plan code %s is not in the mail", code)
	}
	p.form.Set("secret", link.secret)
	p.form.Set("code", code)
	p.form.Set("email", "alex@example.com")
	p.form.Set("decision", "APPROVED")
	change(p.form)
	resp, err := p.client.PostForm(link.url, p.form)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(out)
}

var planHash = regexp.MustCompile(`[0-9a-f]{64}`)

func (d *deployment) csrf(c *http.Client, link approvalLink) string {
	u, _ := url.Parse(link.url)
	for _, cookie := range c.Jar.Cookies(u) {
		if cookie.Name == "firefinder-form" {
			return cookie.Value
		}
	}
	return ""
}
