package cloudwatch_test

import (
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
)

// gap is the one gap whose text holds the words.
func gap(t *testing.T, gaps []evidence.Gap, words ...string) evidence.Gap {
	t.Helper()
	i := slices.IndexFunc(gaps, func(g evidence.Gap) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(g.Text, w) })
	})
	if i < 0 {
		t.Errorf("no gap says %q: %+v", words, gaps)
		return evidence.Gap{}
	}
	return gaps[i]
}

// What CloudWatch gave only a part of is no quiet time: nothing is filled in, and the series is named.
func TestPartOfTheData(t *testing.T) {
	for _, status := range []string{"InternalError", "PartialData", "Forbidden"} {
		a := shop(t)
		a.status = status
		got, _, err := look(t, awstest.New(t, a.answers()), scope, `{}`)
		if err != nil || len(got.Metrics[0].Times) != 2 {
			t.Errorf("%s: %v, %+v", status, err, got.Metrics)
		}
		gap(t, got.Gaps, "only a part of 4 metric series of account 111122223333", "checkout HTTPCode_Target_5XX_Count")
	}
	endless := shop(t).answers()
	data := endless["GetMetricData"]
	endless["GetMetricData"] = func(c awstest.Call) (map[string]any, error) {
		delete(c.Input, "NextToken")
		out, err := data(c)
		out["NextToken"] = "again"
		for _, r := range out["MetricDataResults"].([]any) {
			r.(map[string]any)["StatusCode"] = "PartialData"
		}
		return out, err
	}
	c := awstest.New(t, endless)
	got, _, err := look(t, c, scope, `{"components":["orders-db"]}`)
	if err != nil || len(c.Calls("GetMetricData")) != 20 {
		t.Errorf("%v after %d pages", err, len(c.Calls("GetMetricData")))
	}
	gap(t, got.Gaps, "only a part of 1 metric series", "orders-db DatabaseConnections")
}

// Two accounts with one naming are two systems: neither hides the other.
func TestTwoAccountsOfOneNaming(t *testing.T) {
	a := shop(t)
	got, _, err := look(t, awstest.New(t, a.answers()), scope, `{"components":["orders-db"]}`, ownReader, otherReader)
	want := []string{"orders-db DatabaseConnections Average", "orders-db DatabaseConnections (account 444455556666) Average"}
	if err != nil || !compare.Equal(names(got), want) {
		t.Errorf("%v, %v", names(got), err)
	}
}

func TestAMetricBelongsToTheMostSpecificService(t *testing.T) {
	metrics := func(sets ...map[string]string) (out []metric) {
		for i, dims := range sets {
			out = append(out, metric{"AWS/X", fmt.Sprintf("Gauge%d", i), dims, map[string]map[int]float64{"Average": steady(1)}})
		}
		return out
	}
	lb, tg := map[string]string{"LoadBalancer": "app/shop/2"}, map[string]string{"LoadBalancer": "app/shop/2", "TargetGroup": "tg/checkout/1"}
	prod := func(service string) map[string]string {
		return map[string]string{"ClusterName": "prod", "ServiceName": service}
	}
	tests := []struct {
		name     string
		services []config.Service
		metrics  []metric
		asked    string
		want     []string
	}{
		{"target group behind a load balancer", []config.Service{{Name: "web", Dimensions: map[string][]string{"LoadBalancer": {"app/shop/2"}}}, {Name: "checkout", Dimensions: map[string][]string{"TargetGroup": {"tg/checkout/1"}}}},
			metrics(lb, tg), `{}`, []string{"web Gauge0 Average", "checkout Gauge1 Average"}},
		{"only the load balancer is asked about", []config.Service{{Name: "web", Dimensions: map[string][]string{"LoadBalancer": {"app/shop/2"}}}, {Name: "checkout", Dimensions: map[string][]string{"TargetGroup": {"tg/checkout/1"}}}},
			metrics(lb, tg), `{"components":["web"]}`, []string{"web Gauge0 Average"}},
		{"only what stands behind it is asked about", []config.Service{{Name: "web", Dimensions: map[string][]string{"LoadBalancer": {"app/shop/2"}}}, {Name: "checkout", Dimensions: map[string][]string{"TargetGroup": {"tg/checkout/1"}}}},
			metrics(lb, tg), `{"components":["checkout"]}`, []string{"checkout Gauge1 Average"}},
		{"services that both name their cluster", []config.Service{{Name: "cart", Dimensions: map[string][]string{"ClusterName": {"prod"}, "ServiceName": {"cart"}}}, {Name: "pay", Dimensions: map[string][]string{"ClusterName": {"prod"}, "ServiceName": {"pay"}}}},
			metrics(prod("cart"), prod("pay")), `{}`, []string{"cart Gauge0 Average", "pay Gauge1 Average"}},
	}
	for _, tc := range tests {
		c := awstest.New(t, account{t: t, metrics: tc.metrics}.answers())
		in := scope
		in.Rules, in.Components = nil, nil
		out, err := cloudwatch.Tools(config.Space{Services: tc.services}, c.Accounts(ownReader))[0].Call(t.Context(), in, json.RawMessage(tc.asked))
		var got evidence.Telemetry
		if err == nil {
			err = json.Unmarshal(out.Data, &got)
		}
		if err != nil || !compare.Equal(names(got), tc.want) || len(got.Gaps) != 0 {
			t.Errorf("%s: %v, gaps %v, %v", tc.name, names(got), got.Gaps, err)
		}
	}
}

// An alarm of a service that shares a dimension stays that of the service that it was taken for.
func TestAnAlarmStaysWithItsComponent(t *testing.T) {
	dims := map[string]string{"ClusterName": "prod", "ServiceName": "pay"}
	cpu := metric{"AWS/ECS", "CPUUtilization", dims, map[string]map[int]float64{"Average": steady(9)}}
	a := account{t: t, metrics: []metric{cpu}, alarms: map[string]map[string]any{"checkout-5xx": {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average", "Dimensions": cpu.document()["Dimensions"]}}}
	shared := config.Space{Services: []config.Service{{Name: "cart", Dimensions: map[string][]string{"ClusterName": {"prod"}}}, {Name: "pay", Dimensions: map[string][]string{"ClusterName": {"prod"}}}}}
	for component, want := range map[string]string{"pay": "pay CPUUtilization Average", "cart": "cart CPUUtilization Average", "": "cart CPUUtilization Average", "moon": "cart CPUUtilization Average"} {
		in := scope
		in.Rules, in.Components = map[string]string{alarmARN: component}, []string{"nobody"}
		out, err := cloudwatch.Tools(shared, awstest.New(t, a.answers()).Accounts(ownReader))[0].Call(t.Context(), in, json.RawMessage(`{}`))
		var got evidence.Telemetry
		if err == nil {
			err = json.Unmarshal(out.Data, &got)
		}
		if err != nil || len(got.Metrics) == 0 || names(got)[0] != want {
			t.Errorf("%q: %v, %v", component, names(got), err)
		}
	}
}

// A sum that is reported every five minutes has no quiet minutes in between; one that is seldom has.
func TestRegularSumsAreNotFilled(t *testing.T) {
	tests := []struct {
		name    string
		minutes []int
		samples int
	}{
		{"every five minutes", []int{0, 5, 10, 15, 20, 25}, 6},
		{"every five minutes, one late", []int{0, 5, 10, 15, 25}, 5},
		{"now and then", []int{3, 8, 19, 26}, 27},
		{"three", []int{0, 10, 20}, 27},
		{"a burst", []int{11, 12, 13, 20}, 27},
	}
	for _, tc := range tests {
		a := shop(t)
		sum := map[int]float64{}
		for _, m := range tc.minutes {
			sum[m] = 100
		}
		a.metrics[0].samples = map[string]map[int]float64{"Sum": sum}
		got, _, err := look(t, awstest.New(t, a.answers()), scope, `{"contains":"5xx"}`)
		if err != nil || len(got.Metrics) != 1 || len(got.Metrics[0].Times) != tc.samples {
			t.Errorf("%s: %+v, %v", tc.name, got.Metrics, err)
		}
	}
}

func TestWhatAlarmsWatchOrWhyNot(t *testing.T) {
	a := shop(t)
	dims := a.alarms["checkout-5xx"]["Dimensions"]
	metricAlarm := func(statistic string) map[string]any {
		return map[string]any{"Namespace": "AWS/ApplicationELB", "MetricName": "TargetResponseTime", "ExtendedStatistic": statistic, "Dimensions": dims}
	}
	a.alarms = map[string]map[string]any{
		"top":            {"AlarmRule": `ALARM("middle (old)") AND ALARM(top)`},
		"middle (old)":   {"AlarmRule": `OK('arn:aws:cloudwatch:eu-central-1:111122223333:alarm:p90') OR ALARM(query) OR ALARM("elsewhere") OR INSUFFICIENT_DATA(gone) OR ALARM(round)`},
		"round":          {"AlarmRule": "ALARM(about)"},
		"about":          {"AlarmRule": "ALARM(round)"},
		"p90":            metricAlarm("p90"),
		"query":          {"Metrics": []any{map[string]any{"Id": "q1", "Expression": "SELECT AVG(x) FROM y", "ReturnData": true}}},
		"elsewhere":      {"Metrics": []any{map[string]any{"Id": "m1", "AccountId": "999999999999", "ReturnData": true, "MetricStat": map[string]any{"Metric": map[string]any{"Namespace": "N", "MetricName": "M"}, "Stat": "Sum", "Period": 60}}}},
		"never-in-sight": metricAlarm("p50"),
	}
	in := scope
	in.Rules = map[string]string{strings.Replace(alarmARN, "checkout-5xx", "top", 1): "checkout"}
	c := awstest.New(t, a.answers())
	got, _, err := look(t, c, in, `{"components":["checkout"],"contains":"response"}`)
	if err != nil || names(got)[0] != "checkout TargetResponseTime p90" {
		t.Errorf("%v, %v", names(got), err)
	}
	gap(t, got.Gaps, "what 3 alarms of account 111122223333 watch could not be told", "elsewhere (a metric of account 999999999999)", "gone (it is gone, or watches no metric)", "query (a query that names no metric)")

	deep := account{t: t, alarms: map[string]map[string]any{}}
	for i := range 9 {
		deep.alarms[fmt.Sprintf("level-%d", i)] = map[string]any{"AlarmRule": fmt.Sprintf("ALARM(level-%d)", i+1)}
	}
	in.Rules = map[string]string{strings.Replace(alarmARN, "checkout-5xx", "level-0", 1): "checkout"}
	got, _, err = look(t, awstest.New(t, deep.answers()), in, `{}`)
	if err != nil {
		t.Error(err)
	}
	gap(t, got.Gaps, "level-5 (composite alarms in composite alarms, too many deep)")

	in.Rules = map[string]string{}
	for i := range 350 {
		in.Rules[strings.Replace(alarmARN, "checkout-5xx", fmt.Sprintf("many-%03d", i), 1)] = "checkout"
	}
	c = awstest.New(t, account{t: t}.answers())
	if got, _, err = look(t, c, in, `{}`); err != nil || len(c.Calls("DescribeAlarms")) != 3 {
		t.Errorf("%d requests, %v", len(c.Calls("DescribeAlarms")), err)
	}
	gap(t, got.Gaps, "what 350 alarms", "and 345 more")
}

// Lists that are cut, and series that differ by a dimension only, are told.
func TestTooManyMetrics(t *testing.T) {
	mine := map[string]string{"TargetGroup": "targetgroup/checkout/1"}
	of := func(n int, name func(int) string, further func(int) map[string]string) account {
		a := account{t: t, lists: 20}
		for i := range n {
			dims := maps.Clone(mine)
			maps.Copy(dims, further(i))
			a.metrics = append(a.metrics, metric{"Shop", name(i), dims, map[string]map[int]float64{"Average": steady(1)}})
		}
		return a
	}
	none := func(int) map[string]string { return nil }
	gauge := func(i int) string { return fmt.Sprintf("Gauge%03d", i) }
	in := scope
	in.Rules = nil
	tests := []struct {
		name   string
		a      account
		series int
		says   string
	}{
		{"pages are followed", of(70, gauge, none), 70, ""},
		{"more pages than are followed", of(90, gauge, none), 80, "not all metrics of checkout were looked at"},
		{"alike", of(9, func(int) string { return "Latency" }, func(i int) map[string]string { return map[string]string{"Operation": fmt.Sprint(i)} }), 6, "not all metrics of checkout were looked at"},
	}
	for _, tc := range tests {
		got, _, err := look(t, awstest.New(t, tc.a.answers()), in, `{"components":["checkout"]}`)
		if err != nil || len(got.Metrics) != tc.series || (tc.says == "") != (len(got.Gaps) == 0) {
			t.Errorf("%s: %d series, gaps %v, %v", tc.name, len(got.Metrics), got.Gaps, err)
		}
		if tc.says != "" {
			gap(t, got.Gaps, tc.says)
		}
	}
	wide := of(200, gauge, none)
	wide.lists = 0
	got, _, err := look(t, awstest.New(t, wide.answers()), in, `{"components":["checkout"]}`)
	if err != nil || len(got.Metrics) != 160 {
		t.Errorf("%d series, %v", len(got.Metrics), err)
	}
	gap(t, got.Gaps, "40 further metric series of account 111122223333 had no room")
	got, _, err = look(t, awstest.New(t, wide.answers()), in, `{"components":["checkout"]}`, ownReader, otherReader)
	if err != nil || len(got.Metrics) != 160 {
		t.Errorf("%d series of two accounts, %v", len(got.Metrics), err)
	}
}

// The alarms' own metrics are read before anything is listed, and are there when listing takes all the time or fails.
func TestAlarmsComeFirst(t *testing.T) {
	answers := shop(t).answers()
	answers["ListMetrics"] = func(awstest.Call) (map[string]any, error) {
		return nil, &awstest.Error{Status: 400, Code: "InvalidParameterValue", Message: "no"}
	}
	got, _, err := look(t, awstest.New(t, answers), scope, `{}`)
	if err != nil || !compare.Equal(names(got), []string{"checkout HTTPCode_Target_5XX_Count Sum"}) {
		t.Errorf("%v, %v", names(got), err)
	}
	gap(t, got.Gaps, "some metrics of account 111122223333 could not be read (2 faults)", "list metrics with TargetGroup")
	if len(got.Gaps) != 1 {
		t.Errorf("services that were not looked for are said to have none: %v", got.Gaps)
	}
	answers["ListMetrics"] = func(awstest.Call) (map[string]any, error) {
		return nil, &awstest.Error{Status: 400, Code: "AccessDenied", Message: "no"}
	}
	if got, _, err = look(t, awstest.New(t, answers), scope, `{}`); err != nil {
		t.Error(err)
	}
	gap(t, got.Gaps, "could not be read (1 fault)", "AccessDenied")
	ctx, cancel := context.WithCancel(t.Context())
	answers = shop(t).answers()
	answers["ListMetrics"] = func(awstest.Call) (map[string]any, error) {
		cancel()
		return nil, &awstest.Error{Status: 400, Code: "InvalidParameterValue"}
	}
	c := awstest.New(t, answers)
	_, _ = cloudwatch.Tools(space, c.Accounts(ownReader))[0].Call(ctx, scope, json.RawMessage(`{}`))
	if len(c.Calls("GetMetricData")) == 0 {
		t.Error("nothing was read before the list")
	}
}

// CloudWatch keeps minutes for 15 days and five of them for 63: what is older must be asked for in longer steps, or nothing
// comes.
func TestOldIncidentsAreReadInLongerSteps(t *testing.T) {
	day := 24 * time.Hour
	for age, period := range map[time.Duration]float64{time.Hour: 60, 14 * day: 60, 16 * day: 300, 62 * day: 300, 64 * day: 3600} {
		a := shop(t)
		a.period = period
		in := scope
		in.Now = in.From.Add(age)
		if _, _, err := look(t, awstest.New(t, a.answers()), in, `{}`); err != nil {
			t.Errorf("%s: %v", age, err)
		}
	}
	a := shop(t)
	a.period = 300
	in := scope
	in.From = in.To.Add(-26 * time.Hour)
	if _, _, err := look(t, awstest.New(t, a.answers()), in, `{}`); err != nil {
		t.Errorf("more than a day: %v", err)
	}
}

// A service whose metrics are known and without samples is not one whose dimensions are wrong.
func TestNothingHappened(t *testing.T) {
	a := shop(t)
	a.metrics[3].samples = nil
	got, _, err := look(t, awstest.New(t, a.answers()), scope, `{"components":["orders-db"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if g := gap(t, got.Gaps, "the metrics of orders-db have no samples in this span"); strings.Contains(g.Fix, "dimensions") {
		t.Errorf("%+v", g)
	}
}

// Of what was not read nobody says that nothing happened there.
func TestWhatWasNotReadIsNotQuiet(t *testing.T) {
	quiet := func(t *testing.T, what string, got evidence.Telemetry, err error) {
		t.Helper()
		if err != nil || slices.ContainsFunc(got.Gaps, func(g evidence.Gap) bool { return strings.Contains(g.Text, "nothing happened") }) {
			t.Errorf("%s: %+v, %v", what, got.Gaps, err)
		}
	}
	a := shop(t)
	answers := a.answers()
	answers["GetMetricData"] = func(c awstest.Call) (map[string]any, error) {
		if len(c.Input["MetricDataQueries"].([]any)) > 1 { // the services'
			return nil, &awstest.Error{Status: 400, Code: "InvalidParameterValue"}
		}
		return a.data(c)
	}
	got, _, err := look(t, awstest.New(t, answers), scope, `{}`)
	quiet(t, "the services' data failed", got, err)
	gap(t, got.Gaps, "some metrics of account 111122223333 could not be read (1 fault)")

	a.metrics = a.metrics[:4]
	for i := range 170 {
		a.metrics = append(a.metrics, metric{"Shop", fmt.Sprintf("Gauge%03d", i), map[string]string{"TargetGroup": "targetgroup/checkout/1"}, map[string]map[int]float64{"Average": steady(1)}})
	}
	got, _, err = look(t, awstest.New(t, a.answers()), scope, `{}`)
	quiet(t, "no room", got, err)
	gap(t, got.Gaps, "had no room")

	a = shop(t)
	a.status = "Forbidden"
	a.metrics[3].samples = nil
	got, _, err = look(t, awstest.New(t, a.answers()), scope, `{}`)
	quiet(t, "forbidden", got, err)
}

// Room is for what is asked for: series without samples cost as much.
func TestQuietSeriesTakeRoom(t *testing.T) {
	a := account{t: t}
	for i := range 300 {
		a.metrics = append(a.metrics, metric{"Shop", fmt.Sprintf("Gauge%03d", i), map[string]string{"TargetGroup": "targetgroup/checkout/1"}, nil})
	}
	c := awstest.New(t, a.answers())
	if _, _, err := look(t, c, scope, `{"components":["checkout"]}`); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, call := range c.Calls("GetMetricData") {
		asked += len(call.Input["MetricDataQueries"].([]any))
	}
	if asked != 160 {
		t.Errorf("%d series were asked for", asked)
	}
}

// A fault after some pages leaves what they held, as a part.
func TestAFaultAfterSomePages(t *testing.T) {
	a := shop(t)
	a.page = 4
	answers := a.answers()
	answers["GetMetricData"] = func(c awstest.Call) (map[string]any, error) {
		if c.Input["NextToken"] == "8" {
			return nil, &awstest.Error{Status: 400, Code: "InvalidNextToken"}
		}
		return a.data(c)
	}
	got, _, err := look(t, awstest.New(t, answers), scope, `{"components":["orders-db"]}`)
	if err != nil || len(got.Metrics) != 1 || len(got.Metrics[0].Times) != 8 {
		t.Errorf("%+v, %v", got.Metrics, err)
	}
	gap(t, got.Gaps, "only a part of 1 metric series")
	gap(t, got.Gaps, "could not be read (1 fault)", "InvalidNextToken")
}

func TestAFaultAfterSomeAlarms(t *testing.T) {
	a := shop(t)
	answers := a.answers()
	answers["DescribeAlarms"] = func(c awstest.Call) (map[string]any, error) {
		if !slices.Contains(c.Input["AlarmNames"].([]any), any("checkout-5xx")) {
			return nil, &awstest.Error{Status: 400, Code: "InvalidNextToken"}
		}
		return a.describe(c)
	}
	in := scope
	in.Rules = maps.Clone(scope.Rules)
	for i := range 150 {
		in.Rules[strings.Replace(alarmARN, "checkout-5xx", fmt.Sprintf("later-%03d", i), 1)] = "checkout"
	}
	got, _, err := look(t, awstest.New(t, answers), in, `{"contains":"5xx"}`)
	if err != nil || !compare.Equal(names(got), []string{"checkout HTTPCode_Target_5XX_Count Sum"}) {
		t.Errorf("%v, %v", names(got), err)
	}
}

// While it cannot be told whose a metric is, it is nobody's.
func TestAMetricOfUnknownOwner(t *testing.T) {
	services := []config.Service{{Name: "web", Dimensions: map[string][]string{"LoadBalancer": {"app/shop/2"}}}, {Name: "checkout", Dimensions: map[string][]string{"TargetGroup": {"tg/checkout/1"}}}}
	a := account{t: t, metrics: []metric{
		{"AWS/X", "Whole", map[string]string{"LoadBalancer": "app/shop/2"}, map[string]map[int]float64{"Average": steady(1)}},
		{"AWS/X", "Behind", map[string]string{"LoadBalancer": "app/shop/2", "TargetGroup": "tg/checkout/1"}, map[string]map[int]float64{"Average": steady(1)}},
	}}
	answers := a.answers()
	answers["ListMetrics"] = func(c awstest.Call) (map[string]any, error) {
		if c.Input["Dimensions"].([]any)[0].(map[string]any)["Name"] == "TargetGroup" {
			return nil, &awstest.Error{Status: 400, Code: "InvalidParameterValue"}
		}
		return a.list(c)
	}
	for asked, says := range map[string]string{`{}`: "could not be read (1 fault)", `{"components":["web"]}`: "it could not be told whose they are"} {
		in := scope
		in.Rules, in.Components = nil, nil
		out, err := cloudwatch.Tools(config.Space{Services: services}, awstest.New(t, answers).Accounts(ownReader))[0].Call(t.Context(), in, json.RawMessage(asked))
		var got evidence.Telemetry
		if err == nil {
			err = json.Unmarshal(out.Data, &got)
		}
		if err != nil || !compare.Equal(names(got), []string{"web Whole Average"}) {
			t.Errorf("%s: %v, %v", asked, names(got), err)
		}
		gap(t, got.Gaps, says)
	}
}

// In steps of five minutes the last one is filled only when all of it has settled.
func TestLongStepsSettleToo(t *testing.T) {
	a := shop(t)
	a.period = 300
	a.metrics[0].samples = map[string]map[int]float64{"Sum": {5: 9}}
	in := scope
	in.From, in.To = at(0).Add(-26*time.Hour), at(29)
	got, _, err := look(t, awstest.New(t, a.answers()), in, `{"contains":"5xx"}`)
	if err != nil || len(got.Metrics) != 1 {
		t.Fatal(err, names(got))
	}
	if last := got.Metrics[0].Times[len(got.Metrics[0].Times)-1]; last != at(20).UnixMilli() {
		t.Errorf("filled up to %s", time.UnixMilli(last).UTC())
	}
}
