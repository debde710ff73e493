package cloudwatch_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	compare "github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector/cloudwatch"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

const (
	ownReader   = "arn:aws:iam::111122223333:role/shop-reader"
	otherReader = "arn:aws:iam::444455556666:role/reader"
	alarmARN    = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:checkout-5xx"
)

var space = config.Space{Services: []config.Service{
	{Name: "checkout", Dimensions: map[string][]string{"TargetGroup": {"targetgroup/checkout/1"}}, DependsOn: []string{"orders-db"}},
	{Name: "orders-db", Dimensions: map[string][]string{"DBInstanceIdentifier": {"orders-db"}}},
	{Name: "mail"},
}}

func at(minute int) time.Time { return time.Date(2026, 3, 10, 3, minute, 0, 0, time.UTC) }

var scope = tool.Scope{Space: "shop", From: at(0), To: at(30), Components: []string{"checkout", "orders-db"}, Rules: map[string]string{alarmARN: "checkout"}}

// metric is one metric of the account's CloudWatch with its samples by minute and statistic.
type metric struct {
	namespace, name string
	dimensions      map[string]string
	samples         map[string]map[int]float64
}

func (m metric) document() map[string]any {
	dims := []any{}
	for _, name := range slices.Sorted(maps.Keys(m.dimensions)) {
		dims = append(dims, map[string]any{"Name": name, "Value": m.dimensions[name]})
	}
	return map[string]any{"Namespace": m.namespace, "MetricName": m.name, "Dimensions": dims}
}

// account answers as CloudWatch does: it lists by dimension, describes alarms by name, and gives the data of exactly the
// metric, statistic and span that is asked for.
type account struct {
	t       *testing.T
	metrics []metric
	alarms  map[string]map[string]any // by name; a composite alarm has an AlarmRule
	page    int                       // samples an answer; 0: all
	lists   int                       // metrics a page of a list; 0: all
	status  string                    // of the data; empty: Complete
	period  float64                   // that must be asked for; 0: 60
}

func (a account) answers() map[string]awstest.Answer {
	return map[string]awstest.Answer{"ListMetrics": a.list, "DescribeAlarms": a.describe, "GetMetricData": a.data}
}

func (a account) list(c awstest.Call) (map[string]any, error) {
	filter := c.Input["Dimensions"].([]any)[0].(map[string]any)
	out := []any{}
	for _, m := range a.metrics {
		if m.dimensions[filter["Name"].(string)] == filter["Value"] {
			out = append(out, m.document())
		}
	}
	first := 0
	if token, ok := c.Input["NextToken"].(string); ok {
		_, _ = fmt.Sscan(token, &first)
	}
	if a.lists == 0 || first+a.lists >= len(out) {
		return map[string]any{"Metrics": out[first:]}, nil
	}
	return map[string]any{"Metrics": out[first : first+a.lists], "NextToken": fmt.Sprint(first + a.lists)}, nil
}

func (a account) describe(c awstest.Call) (map[string]any, error) {
	types, _ := c.Input["AlarmTypes"].([]any)
	asked := func(kind string) bool {
		return slices.Contains(types, any(kind)) || len(types) == 0 && kind == "MetricAlarm"
	}
	metricAlarms, composite := []any{}, []any{}
	for _, name := range c.Input["AlarmNames"].([]any) {
		d, ok := a.alarms[name.(string)]
		if !ok {
			continue
		}
		d = maps.Clone(d)
		d["AlarmName"] = name
		switch {
		case d["AlarmRule"] != nil && asked("CompositeAlarm"):
			composite = append(composite, d)
		case d["AlarmRule"] == nil && asked("MetricAlarm"):
			metricAlarms = append(metricAlarms, d)
		}
	}
	return map[string]any{"MetricAlarms": metricAlarms, "CompositeAlarms": composite}, nil
}

func (a account) data(c awstest.Call) (map[string]any, error) {
	from, to := c.Input["StartTime"].(time.Time), c.Input["EndTime"].(time.Time)
	first := 0
	if token, ok := c.Input["NextToken"].(string); ok {
		_, _ = fmt.Sscan(token, &first)
	}
	results, more := []any{}, false
	for _, q := range c.Input["MetricDataQueries"].([]any) {
		q := q.(map[string]any)
		stat := q["MetricStat"].(map[string]any)
		if want := cmp.Or(a.period, 60); stat["Period"] != want {
			a.t.Errorf("period %v", stat["Period"])
		}
		times, values := []any{}, []any{}
		for _, m := range a.metrics {
			if !compare.Equal(m.document(), stat["Metric"]) {
				continue
			}
			samples := m.samples[stat["Stat"].(string)]
			minutes := slices.Sorted(maps.Keys(samples))
			for i, minute := range minutes {
				if t := at(minute); i >= first && (a.page == 0 || i < first+a.page) && !t.Before(from) && t.Before(to) {
					times, values = append(times, t), append(values, samples[minute])
				}
			}
			more = more || a.page > 0 && first+a.page < len(minutes)
		}
		if c.Input["ScanBy"] != "TimestampAscending" {
			slices.Reverse(times)
			slices.Reverse(values)
		}
		status := cmp.Or(a.status, "Complete")
		if more {
			status = "PartialData"
		}
		results = append(results, map[string]any{"Id": q["Id"], "Label": "x", "Timestamps": times, "Values": values, "StatusCode": status})
	}
	out := map[string]any{"MetricDataResults": results}
	if more {
		out["NextToken"] = fmt.Sprint(first + a.page)
	}
	return out, nil
}

// steady has a sample of one value in every minute of the span.
func steady(value float64) map[int]float64 {
	out := map[int]float64{}
	for minute := range 30 {
		out[minute] = value
	}
	return out
}

func shop(t *testing.T) account {
	group := map[string]string{"TargetGroup": "targetgroup/checkout/1", "LoadBalancer": "app/shop/2"}
	zone := maps.Clone(group)
	zone["AvailabilityZone"] = "eu-central-1a"
	db := map[string]string{"DBInstanceIdentifier": "orders-db"}
	return account{t: t,
		metrics: []metric{
			{"AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", group, map[string]map[int]float64{"Sum": {20: 7, 21: 9}}},
			{"AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", zone, map[string]map[int]float64{"Sum": {20: 3}}},
			{"AWS/ApplicationELB", "TargetResponseTime", group, map[string]map[int]float64{"Average": steady(0.1), "p99": steady(0.9), "p90": steady(0.5)}},
			{"AWS/RDS", "DatabaseConnections", db, map[string]map[int]float64{"Average": steady(48)}},
			{"AWS/RDS", "CPUUtilization", map[string]string{"DBInstanceIdentifier": "another-db"}, map[string]map[int]float64{"Average": steady(3)}},
		},
		alarms: map[string]map[string]any{"checkout-5xx": {"Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count", "Statistic": "Sum", "Period": 60, "Dimensions": metric{dimensions: group}.document()["Dimensions"]}},
	}
}

func look(t *testing.T, c *awstest.Cloud, scope tool.Scope, args string, roles ...string) (evidence.Telemetry, string, error) {
	t.Helper()
	if len(roles) == 0 {
		roles = []string{ownReader}
	}
	tools := cloudwatch.Tools(space, c.Accounts(roles...))
	if len(tools) != 1 || tools[0].Spec().Name != "metrics" {
		t.Fatalf("%d tools", len(tools))
	}
	out, err := tools[0].Call(t.Context(), scope, json.RawMessage(args))
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	var got evidence.Telemetry
	if err := json.Unmarshal(out.Data, &got); err != nil {
		t.Fatal(err)
	}
	return got, out.Summary, nil
}

func names(t evidence.Telemetry) []string {
	var out []string
	for _, s := range t.Metrics {
		out = append(out, s.Component+" "+s.Metric+" "+s.Statistic)
	}
	return out
}

func TestMetricsOfAlarmsAndServicesAreRead(t *testing.T) {
	c := awstest.New(t, shop(t).answers())
	got, summary, err := look(t, c, scope, `{}`)
	if err != nil || len(got.Gaps) != 0 {
		t.Fatal(err, got.Gaps)
	}
	want := []string{
		"checkout HTTPCode_Target_5XX_Count Sum", // the alarm's, and not once more for its zone
		"checkout TargetResponseTime Average", "checkout TargetResponseTime p99",
		"orders-db DatabaseConnections Average",
	}
	if !compare.Equal(names(got), want) {
		t.Error(compare.Diff(want, names(got)))
	}
	if !strings.Contains(summary, "4 metric series") {
		t.Errorf("%q", summary)
	}
	for _, operation := range []string{"DescribeAlarms", "ListMetrics", "GetMetricData"} {
		for _, call := range c.Calls(operation) {
			if call.Role != ownReader {
				t.Errorf("%s was signed by %q", operation, call.Role)
			}
		}
	}
}

// Errors are counted only while there are any: the quiet time before them is zeros, the last minutes are not known yet.
func TestQuietMinutesOfACountAreZero(t *testing.T) {
	got, _, err := look(t, awstest.New(t, shop(t).answers()), scope, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	s := got.Metrics[0]
	if n := len(s.Times); n != 27 || s.Times[0] != at(0).UnixMilli() || s.Times[n-1] != at(26).UnixMilli() {
		t.Fatalf("%d samples from %d to %d", len(s.Times), s.Times[0], s.Times[len(s.Times)-1])
	}
	for i, v := range s.Values {
		if want := map[int]float64{20: 7, 21: 9}[i]; v != want {
			t.Errorf("minute %d: %v, want %v", i, v, want)
		}
	}
	if n := len(got.Metrics[1].Times); n != 30 {
		t.Errorf("a mean is not filled: %d samples", n)
	}
}

func TestAnAlarmIsReadAsItWatches(t *testing.T) {
	group := map[string]string{"TargetGroup": "targetgroup/checkout/1", "LoadBalancer": "app/shop/2"}
	dims := metric{dimensions: group}.document()["Dimensions"]
	response := map[string]any{"Namespace": "AWS/ApplicationELB", "MetricName": "TargetResponseTime", "Dimensions": dims}
	custom := metric{"Shop", "Backlog", map[string]string{"Worker": "mailer"}, map[string]map[int]float64{"Maximum": steady(5)}}
	tests := []struct {
		name  string
		alarm map[string]any
		rules map[string]string
		want  string
	}{
		{"a percentile", map[string]any{"Namespace": "AWS/ApplicationELB", "MetricName": "TargetResponseTime", "ExtendedStatistic": "p90", "Dimensions": dims}, nil, "checkout TargetResponseTime p90"},
		{"metric math by its inputs", map[string]any{"Metrics": []any{
			map[string]any{"Id": "e1", "Expression": "m1*1000", "ReturnData": true},
			map[string]any{"Id": "m1", "ReturnData": false, "MetricStat": map[string]any{"Metric": response, "Stat": "p90", "Period": 60}},
		}}, nil, "checkout TargetResponseTime p90"},
		{"of no service: the alarm's component", map[string]any{"Namespace": "Shop", "MetricName": "Backlog", "Statistic": "Maximum", "Dimensions": custom.document()["Dimensions"]},
			map[string]string{alarmARN: "backlog-high"}, "backlog-high Backlog Maximum"},
	}
	for _, tc := range tests {
		a := shop(t)
		a.metrics = append(a.metrics, custom)
		a.alarms["checkout-5xx"] = tc.alarm
		in := scope
		if tc.rules != nil {
			in.Rules = tc.rules
		}
		got, _, err := look(t, awstest.New(t, a.answers()), in, `{}`)
		if err != nil || !slices.Contains(names(got), tc.want) {
			t.Errorf("%s: %v, %v", tc.name, names(got), err)
		}
	}
}

func TestACompositeAlarmIsReadByWhatItNames(t *testing.T) {
	a := shop(t)
	a.alarms["checkout-latency"] = map[string]any{"Namespace": "AWS/ApplicationELB", "MetricName": "TargetResponseTime", "ExtendedStatistic": "p90", "Dimensions": a.alarms["checkout-5xx"]["Dimensions"]}
	a.alarms["checkout"] = map[string]any{"AlarmRule": `ALARM("arn:aws:cloudwatch:eu-central-1:111122223333:alarm:checkout-latency") OR (ALARM(checkout-5xx) AND NOT OK("gone"))`}
	in := scope
	in.Rules = map[string]string{strings.Replace(alarmARN, "checkout-5xx", "checkout", 1): "checkout"}
	c := awstest.New(t, a.answers())
	got, _, err := look(t, c, in, `{"components":["checkout"],"contains":"response"}`)
	if err != nil || !compare.Equal(names(got), []string{"checkout TargetResponseTime p90", "checkout TargetResponseTime Average", "checkout TargetResponseTime p99"}) {
		t.Errorf("%v, %v", names(got), err)
	}
	if calls := c.Calls("DescribeAlarms"); len(calls) != 2 || !compare.Equal(calls[1].Input["AlarmNames"], []any{"checkout-5xx", "checkout-latency", "gone"}) {
		t.Errorf("%v", calls)
	}
}

func TestAlarmsOfElsewhereAreNotAskedFor(t *testing.T) {
	for _, arn := range []string{
		"arn:aws:cloudwatch:us-east-1:111122223333:alarm:checkout-5xx", "arn:aws:cloudwatch:eu-central-1:999999999999:alarm:checkout-5xx",
		"https://grafana.example/alerting/1", "", "arn:aws:sns:eu-central-1:111122223333:alarm:checkout-5xx",
	} {
		c := awstest.New(t, shop(t).answers())
		in := scope
		in.Rules = map[string]string{arn: "checkout"}
		if _, _, err := look(t, c, in, `{}`); err != nil || len(c.Calls("DescribeAlarms")) != 0 {
			t.Errorf("%q: %v, %d calls", arn, err, len(c.Calls("DescribeAlarms")))
		}
	}
}

func TestACallNarrows(t *testing.T) {
	tests := []struct {
		name, args string
		want       []string
		gap        string
	}{
		{"one component", `{"components":["orders-db"]}`, []string{"orders-db DatabaseConnections Average"}, ""},
		{"a part of the name, whatever its case", `{"contains":"CONNECTIONS"}`, []string{"orders-db DatabaseConnections Average"}, "CloudWatch lists no metrics of checkout whose names contain"},
		{"a component without dimensions", `{"components":["mail"]}`, nil, "no metrics of mail: the space file says by no dimension"},
		{"a component that is none", `{"components":["AWS/EC2"]}`, nil, "no metrics of AWS/EC2"},
	}
	for _, tc := range tests {
		c := awstest.New(t, shop(t).answers())
		got, _, err := look(t, c, scope, tc.args)
		if err != nil || !compare.Equal(names(got), tc.want) {
			t.Errorf("%s: %v, %v", tc.name, names(got), err)
		}
		if tc.gap == "" != (len(got.Gaps) == 0) || tc.gap != "" && !strings.Contains(got.Gaps[0].Text, tc.gap) {
			t.Errorf("%s: gaps %v", tc.name, got.Gaps)
		}
	}
	if _, _, err := look(t, awstest.New(t, nil), scope, `{"from":"2026-03-11T00:00:00Z"}`); !incident.Is(err, incident.Invalid) {
		t.Errorf("a span outside the investigation: %v", err)
	}
}

func TestSpanAndPages(t *testing.T) {
	a := shop(t)
	a.page = 4
	c := awstest.New(t, a.answers())
	got, _, err := look(t, c, scope, `{"components":["orders-db"],"from":"2026-03-10T03:10:00Z","to":"2026-03-10T03:20:00Z"}`)
	if err != nil || len(got.Metrics) != 1 {
		t.Fatalf("%v, %v", names(got), err)
	}
	s := got.Metrics[0]
	if len(s.Times) != 10 || s.Times[0] != at(10).UnixMilli() || s.Times[9] != at(19).UnixMilli() || !slices.IsSorted(s.Times) {
		t.Errorf("%v", s.Times)
	}
	if len(c.Calls("GetMetricData")) < 3 {
		t.Error("the pages were not followed")
	}
}

func TestFailures(t *testing.T) {
	denied := func(awstest.Call) (map[string]any, error) {
		return nil, &awstest.Error{Status: 400, Code: "AccessDenied", Message: "not allowed"}
	}
	answers := shop(t).answers()
	answers["DescribeAlarms"], answers["ListMetrics"] = denied, denied
	c := awstest.New(t, answers)
	if _, _, err := look(t, c, scope, `{}`); !incident.Is(err, incident.Denied) {
		t.Errorf("nothing may be read: %v", err)
	}

	answers = shop(t).answers()
	answers["DescribeAlarms"] = func(awstest.Call) (map[string]any, error) {
		return nil, &awstest.Error{Status: 400, Code: "InvalidNextToken"} // not retried
	}
	got, _, err := look(t, awstest.New(t, answers), scope, `{}`)
	if err != nil || len(got.Metrics) != 4 || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Text, "read what the alarms watch") {
		t.Errorf("alarms unreadable: %v, %v, %v", names(got), got.Gaps, err)
	}

	c = awstest.New(t, shop(t).answers())
	c.Refuse(otherReader)
	got, _, err = look(t, c, scope, `{}`, ownReader, otherReader)
	if err != nil || len(got.Metrics) != 4 || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Text, "account 444455556666") {
		t.Errorf("another account unreadable: %v, %v", got.Gaps, err)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cloudwatch.Tools(space, awstest.New(t, nil).Accounts(ownReader))[0].Call(ended, scope, json.RawMessage(`{}`)); err == nil {
		t.Error("a call whose time is over succeeded")
	}
}

// What is read is what the engine needs: a count that is quiet, then not, is an onset of the component that it belongs to.
func TestTheEngineFindsTheOnset(t *testing.T) {
	a := shop(t)
	burst := map[int]float64{}
	for minute := 18; minute < 27; minute++ {
		burst[minute] = 40
	}
	a.metrics[0].samples = map[string]map[int]float64{"Sum": burst}
	got, _, err := look(t, awstest.New(t, a.answers()), scope, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	in := evidence.Input{Window: evidence.Window{From: at(0), To: at(30), Start: at(20)}}
	in.Add(got, "obs-1")
	b := evidence.Analyze(in)
	found := slices.ContainsFunc(b.Onsets, func(o evidence.Onset) bool {
		return o.Component == "checkout" && o.Metric == "HTTPCode_Target_5XX_Count" && o.At.Equal(at(18))
	})
	if !found {
		t.Errorf("onsets %+v", b.Onsets)
	}
}
