package aws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/journal"
)

const readerRole = "arn:aws:iam::123456789012:role/shop-reader"

// read is a call to a service of telemetry, and the role whose credentials signed it; own is the function's own.
type read struct{ service, operation, role string }

const (
	own  = "the function's own"
	mine = "the test's" // it fills the account
)

const mineKey = "FILLS"

var (
	credential  = regexp.MustCompile(`Credential=([^/]+)/\d+/[^/]+/([a-z]+)/`)
	accessKeyID = regexp.MustCompile(`<AccessKeyId>([^<]+)</AccessKeyId>`)
)

// telemetry answers the read APIs, or reports that moto shall: STS, CloudWatch and CloudWatch Logs are moto's own,
// CloudTrail and X-Ray, which moto lacks, are what the test says. Who asks is written down.
func (o *outside) telemetry(w http.ResponseWriter, r *http.Request) bool {
	m := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return false
	}
	key, service := m[1], m[2]
	if service == "sts" {
		o.assume(w, r)
		return true
	}
	if !slices.Contains([]string{"monitoring", "logs", "cloudtrail", "xray"}, service) {
		return false
	}
	o.mu.Lock()
	role, assumed := o.roles[key]
	switch {
	case key == mineKey:
		role = mine
	case !assumed:
		role = own
	}
	operation := path.Base(r.URL.Path)
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target[strings.LastIndex(target, ".")+1:]
	}
	o.reads = append(o.reads, read{service, operation, role})
	o.mu.Unlock()
	switch service {
	case "monitoring":
		translate(o.t, w, r)
	case "cloudtrail", "xray":
		o.recorded.ServeHTTP(w, r)
	default:
		return false
	}
	return true
}

// assume lets moto hand out credentials and keeps which role they are for.
func (o *outside) assume(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	answer := httptest.NewRecorder()
	gate.moto.ServeHTTP(answer, r)
	if m := accessKeyID.FindStringSubmatch(answer.Body.String()); m != nil {
		o.mu.Lock()
		o.roles[m[1]] = form.Get("RoleArn")
		o.mu.Unlock()
	}
	w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// translate puts moto's CloudWatch, which speaks JSON, behind the CBOR that SDK clients speak.
func translate(t *testing.T, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	in, err := awstest.FromCBOR(body)
	if err != nil {
		t.Errorf("CloudWatch: %v", err)
	}
	var left []any
	if queries, ok := in["MetricDataQueries"].([]any); ok {
		for _, q := range queries {
			if percentile(q) {
				left = append(left, map[string]any{"Id": q.(map[string]any)["Id"], "StatusCode": "Complete", "Timestamps": []any{}, "Values": []any{}})
			}
		}
		in["MetricDataQueries"] = differs("percentiles", queries, slices.DeleteFunc(queries, percentile))
	}
	inner := httptest.NewRequestWithContext(r.Context(), http.MethodPost, "http://"+r.Host+"/", bytes.NewReader(awstest.ToJSON(in)))
	inner.Header.Set("Authorization", r.Header.Get("Authorization"))
	inner.Header.Set("Content-Type", "application/x-amz-json-1.0")
	inner.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+path.Base(r.URL.Path))
	answer := httptest.NewRecorder()
	gate.moto.ServeHTTP(answer, inner)
	out := map[string]any{}
	dec := json.NewDecoder(answer.Body)
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		t.Errorf("CloudWatch: moto answers %d: %v", answer.Code, err)
	}
	if results, ok := out["MetricDataResults"].([]any); ok {
		out["MetricDataResults"] = append(results, left...)
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(awstest.ToCBOR(typed("", out).(map[string]any)))
}

func percentile(query any) bool {
	stat, _ := query.(map[string]any)["MetricStat"].(map[string]any)
	return strings.HasPrefix(stat["Stat"].(string), "p")
}

// typed gives JSON's numbers the types that CloudWatch's documents have.
func typed(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = typed(k, x)
		}
		return v
	case []any:
		for i, x := range v {
			v[i] = typed(name, x)
		}
		return v
	case json.Number:
		f, _ := v.Float64()
		switch {
		case strings.Contains(name, "Timestamp"):
			return time.UnixMilli(int64(f * 1000)).UTC()
		case name == "Values" || name == "Threshold":
			return f
		}
		return int(f)
	}
	return v
}

// happened fills the account with what a deployment two minutes before the alarm did: the pool of checkout's connections
// is smaller, its requests fail and it logs why; the database has less to do.
func (d *deployment) happened(o *outside, alarm time.Time) {
	t := d.t
	t.Helper()
	cfg := load(t)
	cfg.BaseEndpoint, cfg.DisableRequestCompression = &gateURL, true // the gateway reads what is sent
	cfg.Credentials = credentials.NewStaticCredentialsProvider(mineKey, "test", "")
	deployed := alarm.Add(-2 * time.Minute).Truncate(time.Minute)
	metrics, logs := cloudwatch.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg)
	series := func(name, service string, before, since float64) {
		var data []cwtypes.MetricDatum
		for at := alarm.Add(-3 * time.Hour).Truncate(time.Minute); at.Before(alarm.Add(time.Minute)); at = at.Add(time.Minute) {
			value := before + before*0.02*float64(at.Minute()%5)
			if !at.Before(deployed) {
				value = since
			}
			if value > 0 {
				data = append(data, cwtypes.MetricDatum{MetricName: &name, Timestamp: sdk.Time(at), Value: &value, Dimensions: []cwtypes.Dimension{{Name: sdk.String("ServiceName"), Value: &service}}})
			}
		}
		if _, err := metrics.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: sdk.String("AWS/ApplicationELB"), MetricData: data}); err != nil {
			t.Fatal(err)
		}
	}
	series("HTTPCode_Target_5XX_Count", "checkout", 0, 80)
	series("TargetResponseTime", "checkout", 0.12, 2.4)
	series("ActiveConnections", "orders-db", 45, 10)
	if _, err := metrics.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: sdk.String("checkout-5xx"), Namespace: sdk.String("AWS/ApplicationELB"),
		MetricName: sdk.String("HTTPCode_Target_5XX_Count"), Dimensions: []cwtypes.Dimension{{Name: sdk.String("ServiceName"), Value: sdk.String("checkout")}}, Statistic: cwtypes.StatisticSum,
		Period: sdk.Int32(60), EvaluationPeriods: sdk.Int32(1), Threshold: sdk.Float64(5), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}); err != nil {
		t.Fatal(err)
	}
	group, stream := sdk.String("/ecs/checkout"), sdk.String("task-1")
	_, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	if err == nil {
		_, err = logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	}
	var lines []logtypes.InputLogEvent
	for at := alarm.Add(-2 * time.Hour); at.Before(alarm); at = at.Add(time.Minute) {
		lines = append(lines, logtypes.InputLogEvent{Timestamp: sdk.Int64(at.UnixMilli()), Message: sdk.String("INFO order accepted")})
		if at.After(deployed) {
			lines = append(lines, logtypes.InputLogEvent{Timestamp: sdk.Int64(at.Add(time.Second).UnixMilli()), Message: sdk.String("ERROR connection pool exhausted after 5000 ms, password=hunter2hunter2")})
		}
	}
	if err == nil {
		_, err = logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: lines})
	}
	if err != nil {
		t.Fatal(err)
	}
	o.recorded = awstest.New(t, map[string]awstest.Answer{"LookupEvents": trail(deployed), "ServiceGraph": graph, "TimeSeriesServiceStatistics": traced(deployed, alarm)})
}

// trail is CloudTrail's record of the deployment: two task definitions, the second of which the service was moved to.
func trail(deployed time.Time) awstest.Answer {
	event := func(id, name string, at time.Time, parameters, answer string) any {
		return map[string]any{"EventId": id, "EventName": name, "EventTime": at, "EventSource": "ecs.amazonaws.com", "Username": "deployer", "CloudTrailEvent": fmt.Sprintf(
			`{"eventVersion":"1.09","eventID":%q,"eventName":%q,"eventTime":%q,"eventSource":"ecs.amazonaws.com","awsRegion":"eu-central-1","readOnly":false,
			"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::123456789012:assumed-role/deployer/ci","sessionContext":{"sessionIssuer":{"userName":"deployer"}}},"requestParameters":%s,"responseElements":%s}`,
			id, name, at.UTC().Format(time.RFC3339), parameters, answer)}
	}
	register := func(id string, at time.Time, revision, pool int) any {
		return event(id, "RegisterTaskDefinition", at,
			fmt.Sprintf(`{"family":"checkout","containerDefinitions":[{"name":"app","image":"shop/checkout:v%d","environment":[{"name":"DB_POOL_MAX","value":"%d"}]}]}`, revision, pool),
			fmt.Sprintf(`{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:eu-central-1:123456789012:task-definition/checkout:%d"}}`, revision))
	}
	return func(c awstest.Call) (map[string]any, error) {
		return map[string]any{"Events": []any{
			event("e-3", "UpdateService", deployed, `{"cluster":"shop","service":"checkout","taskDefinition":"checkout:42"}`, "null"),
			register("e-2", deployed.Add(-time.Minute), 42, 10),
			register("e-1", deployed.Add(-20*time.Hour), 41, 50),
		}}, nil
	}
}

func graph(awstest.Call) (map[string]any, error) {
	return map[string]any{"Services": []any{
		map[string]any{"ReferenceId": 0, "Name": "checkout", "Names": []any{"checkout"}, "Type": "AWS::ECS::Fargate", "Edges": []any{
			map[string]any{"ReferenceId": 1, "SummaryStatistics": map[string]any{"TotalCount": 9000}}}},
		map[string]any{"ReferenceId": 1, "Name": "orders-db", "Names": []any{"orders-db"}, "Type": "Database::SQL", "Edges": []any{}},
	}}, nil
}

func traced(deployed, until time.Time) awstest.Answer {
	return func(awstest.Call) (map[string]any, error) {
		var points []any
		for at := until.Add(-2 * time.Hour).Truncate(time.Minute); at.Before(until); at = at.Add(time.Minute) {
			count := 120
			if !at.Before(deployed) {
				count = 20
			}
			points = append(points, map[string]any{"Timestamp": at, "EdgeSummaryStatistics": map[string]any{"TotalCount": count, "OkCount": count, "TotalResponseTime": 0.004 * float64(count),
				"ErrorStatistics": map[string]any{"TotalCount": 0}, "FaultStatistics": map[string]any{"TotalCount": 0}}})
		}
		return map[string]any{"TimeSeriesServiceStatistics": points}, nil
	}
}

// checkTelemetry: the investigator looked at metrics, logs, changes and calls, each with the credentials of the reader
// role and never with its own; it called what the role allows and nothing else; and what it read is what its analysis,
// made before any model was asked, rests on.
func (d *deployment) checkTelemetry(o *outside, id string) {
	t := d.t
	t.Helper()
	o.mu.Lock()
	reads := slices.Clone(o.reads)
	o.mu.Unlock()
	seen := map[string]bool{}
	for _, r := range reads {
		if r.role == mine {
			continue
		}
		seen[r.service] = true
		if r.role != readerRole {
			t.Errorf("%s %s was signed with %s", r.service, r.operation, r.role)
		}
		allowed := slices.ContainsFunc(aws.Reads, func(a aws.Read) bool { return strings.HasSuffix(a.Operation, r.operation) })
		if !allowed {
			t.Errorf("%s %s is no read of the list", r.service, r.operation)
		}
	}
	if len(seen) != 4 {
		t.Errorf("looked at %v only", seen)
	}
	docs := s3.New(load(t), d.bucket)
	records, err := journal.Read(t.Context(), dynamo.New(load(t), d.table), id)
	if err != nil {
		t.Fatal(err)
	}
	observations, err := investigate.Observations(t.Context(), docs, records)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"metrics", "logs", "account_changes", "calls"} {
		if !slices.ContainsFunc(observations, func(o incident.Observation) bool { return o.Tool == name && !o.Failed }) {
			t.Errorf("%s was not observed: %+v", name, observations)
		}
	}
	d.checkBrief(records, docs)
}

func (d *deployment) checkBrief(records []journal.Record, docs *s3.Store) {
	t := d.t
	t.Helper()
	var brief evidence.Brief
	for _, rec := range records {
		if rec.Kind == journal.Briefed {
			if err := journal.Decode(t.Context(), docs, rec, &brief); err != nil {
				t.Fatal(err)
			}
		}
	}
	lowered := evidence.Parameter{Name: "environment.DB_POOL_MAX", Old: "50", New: "10"}
	switch {
	case len(brief.Causes) == 0 || len(brief.Changes) == 0:
		t.Fatalf("the analysis blames nothing: %+v", brief)
	case brief.Causes[0].Component != "checkout" || brief.Causes[0].Change != "e-3" || !slices.Contains(brief.Changes[0].Change.Parameters, lowered):
		t.Errorf("the analysis blames %+v and %+v; want the deployment that lowered checkout's pool; gaps %v", brief.Causes, brief.Changes, brief.Gaps)
	}
	all, _ := json.Marshal(brief)
	if bytes.Contains(all, []byte("hunter2")) {
		t.Error("a password of the logs is in the brief")
	}
	t.Logf("the analysis before any model: %s: %s", brief.Outcome, brief.Causes[0].Mechanism)
}
