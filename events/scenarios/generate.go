//go:build ignore

// Command generate writes the three sample scenarios. Their telemetry is made up, with the noise and the side issues
// that real systems have; the files, not this program, are what Firefinder reads. Run it from this folder:
//
//	go run generate.go
package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
)

// world collects the files of one scenario.
type world struct {
	dir        string
	rnd        *rand.Rand
	from, to   time.Time
	metrics    [][]string
	logs       []map[string]any
	calls      []map[string]any
	changes    []map[string]any
	topology   []map[string]any
	statuses   []map[string]any
	deliveries []map[string]any
}

func newWorld(dir string, seed uint64, from, to time.Time) *world {
	return &world{dir: dir, rnd: rand.New(rand.NewPCG(seed, 7)), from: from, to: to, changes: []map[string]any{},
		metrics: [][]string{{"timestamp", "component", "metric", "statistic", "unit", "value"}}}
}

func main() {
	log.SetFlags(0)
	checkout()
	orders()
	quiet()
}

// minutes calls fn for every minute of the scenario.
func (w *world) minutes(fn func(t time.Time)) {
	for t := w.from; !t.After(w.to); t = t.Add(time.Minute) {
		fn(t)
	}
}

// noise is v with a relative standard deviation of rel.
func (w *world) noise(v, rel float64) float64 { return v * (1 + rel*w.rnd.NormFloat64()) }

// metric writes a series from a function of time.
func (w *world) metric(component, name, statistic, unit string, fn func(t time.Time) float64) {
	w.minutes(func(t time.Time) {
		v := math.Max(0, fn(t))
		digits := 3
		if unit == "Count" {
			v, digits = math.Round(v), 0
		}
		w.metrics = append(w.metrics, []string{t.Format(time.RFC3339), component, name, statistic, unit, strconv.FormatFloat(v, 'f', digits, 64)})
	})
}

func (w *world) line(t time.Time, component, level, message string) {
	w.logs = append(w.logs, map[string]any{"time": t.Format(time.RFC3339Nano), "component": component, "level": level, "message": message})
}

func (w *world) call(t time.Time, caller, callee, operation string, count, errors int, ms float64) {
	w.calls = append(w.calls, map[string]any{"time": t.Format(time.RFC3339), "caller": caller, "callee": callee, "operation": operation,
		"count": count, "errors": errors, "duration_ms": math.Round(ms*10) / 10})
}

func (w *world) depends(caller string, callees ...string) {
	for _, c := range callees {
		w.topology = append(w.topology, map[string]any{"caller": caller, "callee": c})
	}
}

func (w *world) status(t time.Time, component, kind, reason, message string) {
	w.statuses = append(w.statuses, map[string]any{"time": t.Format(time.RFC3339), "component": component, "kind": kind, "reason": reason, "message": message})
}

// alarm delivers an EventBridge state change shaped like CloudWatch's.
func (w *world) alarm(at, delivered time.Time, name, description, state, previous, reason, namespace, metric, stat string, dimensions map[string]string) map[string]any {
	stamp := "2006-01-02T15:04:05.000-0700"
	body := map[string]any{
		"version": "0", "id": fmt.Sprintf("%08x-6542-e61b-6ef0-%012x", w.rnd.Uint32(), w.rnd.Uint64()>>16),
		"detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "account": account, "region": region,
		"time":      at.Format(time.RFC3339),
		"resources": []string{"arn:aws:cloudwatch:" + region + ":" + account + ":alarm:" + name},
		"detail": map[string]any{
			"alarmName": name,
			"configuration": map[string]any{"description": description, "metrics": []any{map[string]any{
				"id": "m1", "returnData": true,
				"metricStat": map[string]any{"metric": map[string]any{"namespace": namespace, "name": metric, "dimensions": dimensions}, "period": 60, "stat": stat},
			}}},
			"previousState": map[string]any{"value": previous, "timestamp": at.Add(-40 * time.Minute).Format(stamp), "reason": "Threshold Crossed: no datapoints were over the threshold."},
			"state":         map[string]any{"value": state, "timestamp": at.Format(stamp), "reason": reason},
		},
	}
	w.deliver(delivered, body)
	return body
}

func (w *world) deliver(at time.Time, body map[string]any) {
	w.deliveries = append(w.deliveries, map[string]any{"at": at.Format(time.RFC3339), "body": body})
}

func (w *world) write(space, readme string) {
	must(os.MkdirAll(w.dir, 0o755))
	var buf bytes.Buffer
	c := csv.NewWriter(&buf)
	must(c.WriteAll(w.metrics))
	w.file("metrics.csv", buf.Bytes())
	w.file("logs.ndjson", lines(w.logs))
	w.file("calls.ndjson", lines(w.calls))
	w.file("deliveries.ndjson", lines(w.deliveries))
	w.file("changes.json", indent(w.changes))
	w.file("topology.json", indent(w.topology))
	w.file("statuses.json", indent(w.statuses))
	w.file("space.yaml", []byte(space))
	w.file("README.md", []byte(readme))
	log.Printf("%s: %d samples, %d log lines, %d calls, %d deliveries", w.dir, len(w.metrics)-1, len(w.logs), len(w.calls), len(w.deliveries))
}

func (w *world) file(name string, data []byte) {
	must(os.WriteFile(filepath.Join(w.dir, name), data, 0o644))
}

func lines(rows []map[string]any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		must(enc.Encode(r))
	}
	return buf.Bytes()
}

func indent(rows []map[string]any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if rows == nil {
		rows = []map[string]any{}
	}
	must(enc.Encode(rows))
	return buf.Bytes()
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// checkout: a deploy of checkout lowers the ceiling of its database connection pool; two minutes later it runs dry.
func checkout() {
	deploy := time.Date(2026, 3, 10, 2, 58, 10, 0, time.UTC)
	dry := deploy.Add(2 * time.Minute)
	end := deploy.Add(19 * time.Minute)
	w := newWorld("checkout-503", 11, end.Add(-3*time.Hour).Truncate(time.Minute), end.Truncate(time.Minute))
	bad := func(t time.Time) float64 { // 0 before, ramps to 1 within three minutes
		return math.Min(1, math.Max(0, t.Sub(dry).Minutes()/3))
	}
	hurt := func(t time.Time, good, worse, rel float64) float64 { return w.noise(good+(worse-good)*bad(t), rel) }
	tide := func(t time.Time, base float64) float64 { // night traffic falls slowly
		return base * (1 + 0.12*math.Cos(t.Sub(w.from).Hours()*1.1))
	}
	level := func(component string, rps, p99, errors, cpu, memory float64) {
		w.metric(component, "RequestCount", "Sum", "Count", func(t time.Time) float64 { return w.noise(tide(t, rps*60), 0.04) })
		w.metric(component, "TargetResponseTime", "p99", "Seconds", func(t time.Time) float64 { return w.noise(p99, 0.07) })
		w.metric(component, "HTTPCode_Target_5XX_Count", "Sum", "Count", func(t time.Time) float64 { return w.rnd.ExpFloat64() * errors })
		w.metric(component, "CPUUtilization", "Average", "Percent", func(t time.Time) float64 { return w.noise(cpu, 0.06) })
		w.metric(component, "MemoryUtilization", "Average", "Percent", func(t time.Time) float64 { return w.noise(memory, 0.01) })
	}
	level("catalog", 30, 0.09, 0.4, 35, 52)
	level("cart", 12, 0.06, 0.3, 24, 47)
	level("payments", 5, 0.31, 0.2, 18, 44)

	w.metric("storefront", "RequestCount", "Sum", "Count", func(t time.Time) float64 { return w.noise(tide(t, 48*60), 0.04) })
	w.metric("storefront", "HTTPCode_ELB_5XX_Count", "Sum", "Count", func(t time.Time) float64 { return hurt(t, w.rnd.ExpFloat64()*1.2, 190, 0.2) })
	w.metric("storefront", "TargetResponseTime", "p99", "Seconds", func(t time.Time) float64 { return hurt(t, 0.42, 5.3, 0.08) })
	w.metric("storefront", "CPUUtilization", "Average", "Percent", func(t time.Time) float64 { return w.noise(31, 0.05) })

	w.metric("checkout", "RequestCount", "Sum", "Count", func(t time.Time) float64 { return w.noise(tide(t, 7*60), 0.05) })
	w.metric("checkout", "HTTPCode_Target_5XX_Count", "Sum", "Count", func(t time.Time) float64 { return hurt(t, w.rnd.ExpFloat64()*0.5, 185, 0.15) })
	w.metric("checkout", "TargetResponseTime", "p99", "Seconds", func(t time.Time) float64 { return hurt(t, 0.28, 5.1, 0.06) })
	w.metric("checkout", "UnHealthyHostCount", "Maximum", "Count", func(t time.Time) float64 {
		if since := t.Sub(dry); since > 3*time.Minute && since < 12*time.Minute {
			return 2
		}
		return 0
	})
	w.metric("checkout", "CPUUtilization", "Average", "Percent", func(t time.Time) float64 { return hurt(t, 29, 17, 0.05) })
	w.metric("checkout", "MemoryUtilization", "Average", "Percent", func(t time.Time) float64 { return w.noise(58, 0.01) })
	w.metric("checkout", "DBPoolInUse", "Maximum", "Count", func(t time.Time) float64 {
		if t.After(deploy.Add(time.Minute)) {
			return 5
		}
		return w.noise(13, 0.15)
	})
	w.metric("checkout", "DBPoolWait", "Average", "Milliseconds", func(t time.Time) float64 { return hurt(t, 1.1, 4300, 0.1) })

	w.metric("orders-db", "DatabaseConnections", "Average", "Count", func(t time.Time) float64 {
		if t.After(deploy.Add(time.Minute)) {
			return w.noise(21, 0.02)
		}
		return w.noise(54, 0.05)
	})
	w.metric("orders-db", "CPUUtilization", "Average", "Percent", func(t time.Time) float64 { return hurt(t, 27, 15, 0.07) })
	w.metric("orders-db", "ReadLatency", "Average", "Seconds", func(t time.Time) float64 { return w.noise(0.0021, 0.08) })
	w.metric("orders-db", "FreeableMemory", "Average", "Bytes", func(t time.Time) float64 { return w.noise(6.1e9, 0.004) })
	w.metric("cart-cache", "EngineCPUUtilization", "Average", "Percent", func(t time.Time) float64 { return w.noise(9, 0.1) })
	w.metric("cart-cache", "CurrConnections", "Average", "Count", func(t time.Time) float64 { return w.noise(88, 0.03) })

	w.depends("storefront", "checkout", "catalog", "cart")
	w.depends("checkout", "orders-db", "payments", "cart")
	w.depends("cart", "cart-cache")

	w.minutes(func(t time.Time) {
		n := int(w.noise(tide(t, 420), 0.05))
		failed := int(float64(n) * 0.44 * bad(t))
		w.call(t, "storefront", "checkout", "POST /checkout", n, failed, hurt(t, 160, 3900, 0.06))
		w.call(t, "storefront", "catalog", "GET /products", 4*n, 0, w.noise(38, 0.06))
		w.call(t, "storefront", "cart", "GET /cart", 2*n, 0, w.noise(21, 0.06))
		w.call(t, "checkout", "orders-db", "INSERT orders", n-failed, 0, w.noise(4.4, 0.08))
		w.call(t, "checkout", "payments", "POST /charge", n-failed, 0, w.noise(96, 0.06))
		w.call(t, "checkout", "cart", "GET /cart", n-failed, 0, w.noise(19, 0.06))
		w.call(t, "cart", "cart-cache", "GET", 3*n, 0, w.noise(0.9, 0.1))
		w.checkoutLogs(t, bad(t))
	})

	commit := "9f3c2ab61d0e4f58a7b1c5d2e8f90a6b7c8d1e2f"
	w.changes = []map[string]any{
		{"id": "ecs-svc/4402817736609912045", "time": w.from.Add(100 * time.Minute).Format(time.RFC3339), "component": "catalog", "kind": "deployment",
			"title": "catalog v88: smaller thumbnails", "author": "mira", "revision": "v88", "previous": "v87", "repository": "github.com/example-shop/catalog",
			"files": []string{"internal/thumb/resize.go"}, "diff": "--- a/internal/thumb/resize.go\n+++ b/internal/thumb/resize.go\n@@ -18,3 +18,3 @@\n-const edge = 480\n+const edge = 320\n"},
		{"id": "flag-spring-banner", "time": deploy.Add(-4 * time.Minute).Format(time.RFC3339), "component": "storefront", "kind": "flag",
			"title": "spring-banner on for everyone", "author": "jonas", "parameters": []any{map[string]any{"name": "spring-banner", "old": "off", "new": "on"}}},
		{"id": "ecs-svc/7719034412087765310", "time": deploy.Format(time.RFC3339), "component": "checkout", "kind": "deployment",
			"title": "checkout v413: tidy database settings", "author": "lena", "revision": "v413", "previous": "v412", "repository": "github.com/example-shop/checkout",
			"files":      []string{"deploy/task-definition.json", "internal/db/pool.go"},
			"parameters": []any{map[string]any{"name": "DB_POOL_MAX", "old": "40", "new": "5"}, map[string]any{"name": "LOG_FORMAT", "old": "text", "new": "json"}},
			"tags":       map[string]any{"commit": commit, "cluster": "shop", "family": "checkout"},
			"diff":       "--- a/deploy/task-definition.json\n+++ b/deploy/task-definition.json\n@@ -31,8 +31,8 @@\n       \"environment\": [\n-        {\"name\": \"DB_POOL_MAX\", \"value\": \"40\"},\n-        {\"name\": \"LOG_FORMAT\", \"value\": \"text\"}\n+        {\"name\": \"DB_POOL_MAX\", \"value\": \"5\"},\n+        {\"name\": \"LOG_FORMAT\", \"value\": \"json\"}\n       ]\n"},
		{"id": "asg-cart-1188", "time": deploy.Add(-48 * time.Minute).Format(time.RFC3339), "component": "cart", "kind": "scaling", "title": "cart desired count 4 to 3 (schedule)"},
	}
	w.status(deploy.Add(5*time.Second), "checkout", "event", "DeploymentStarted", "(service checkout) has started 4 tasks: deployment ecs-svc/7719034412087765310")
	w.status(deploy.Add(85*time.Second), "checkout", "event", "SteadyState", "(service checkout) (deployment ecs-svc/7719034412087765310) deployment completed.")
	w.status(dry.Add(3*time.Minute), "checkout", "event", "HealthCheckFailed", "(service checkout) (port 8080) is unhealthy in target-group checkout due to (reason Request timed out)")
	w.status(dry.Add(11*time.Minute), "checkout", "event", "TaskReplaced", "(service checkout) has replaced 2 tasks that failed load balancer health checks")

	alb := func(extra map[string]string) map[string]string {
		d := map[string]string{"TargetGroup": "targetgroup/checkout/5c1f0a7b2d3e4f60", "LoadBalancer": "app/shop/50dc6c495c0c9188"}
		for k, v := range extra {
			d[k] = v
		}
		return d
	}
	t1, t2, t3 := dry.Add(150*time.Second), dry.Add(195*time.Second), dry.Add(250*time.Second)
	first := w.alarm(t1, t1.Add(4*time.Second), "checkout-5xx-elevated", "HIGH: customers cannot pay. checkout answers with 5xx.", "ALARM", "OK",
		"Threshold Crossed: 2 out of the last 3 datapoints [148.0, 61.0] were greater than the threshold (10.0).", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", alb(nil))
	w.alarm(t2, t2.Add(3*time.Second), "checkout-p99-latency", "MEDIUM: checkout is slow.", "ALARM", "OK",
		"Threshold Crossed: 3 datapoints were greater than the threshold (1.5).", "AWS/ApplicationELB", "TargetResponseTime", "p99", alb(nil))
	w.alarm(t3, t3.Add(5*time.Second), "checkout-unhealthy-hosts", "HIGH: targets of checkout fail their health check.", "ALARM", "OK",
		"Threshold Crossed: 1 datapoint [2.0] was greater than the threshold (0.0).", "AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", alb(nil))
	backup := t3.Add(40 * time.Second)
	w.alarm(backup, backup.Add(3*time.Second), "nightly-backup-duration", "LOW: the nightly backup of the reporting replica takes longer than usual.", "ALARM", "OK",
		"Threshold Crossed: 1 datapoint [5410.0] was greater than the threshold (5400.0).", "Shop/Backup", "BackupDurationSeconds", "Maximum", map[string]string{"Job": "reporting-replica"})
	w.deliver(backup.Add(30*time.Second), first)
	ok := dry.Add(12 * time.Minute)
	w.alarm(ok, ok.Add(3*time.Second), "checkout-unhealthy-hosts", "HIGH: targets of checkout fail their health check.", "OK", "ALARM",
		"Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (0.0).", "AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", alb(nil))

	w.write(checkoutSpace, checkoutReadme)
}

func (w *world) checkoutLogs(t time.Time, bad float64) {
	at := func() time.Time { return t.Add(time.Duration(w.rnd.IntN(60_000)) * time.Millisecond) }
	for range 6 {
		w.line(at(), "checkout", "INFO", fmt.Sprintf("order %d placed for customer %d in %d ms", 700000+w.rnd.IntN(90000), 1000+w.rnd.IntN(9000), 90+w.rnd.IntN(120)))
	}
	for range 3 {
		w.line(at(), "storefront", "INFO", fmt.Sprintf("GET /products/%d 200 %d ms", w.rnd.IntN(5000), 20+w.rnd.IntN(60)))
	}
	if w.rnd.IntN(3) == 0 {
		w.line(at(), "cart", "WARN", fmt.Sprintf("cart %08x expired after 1800 s", w.rnd.Uint32()))
	}
	if w.rnd.IntN(9) == 0 {
		w.line(at(), "catalog", "ERROR", fmt.Sprintf("thumbnail %d: upstream image answered 404", w.rnd.IntN(9000)))
	}
	for range int(bad * 14) {
		w.line(at(), "checkout", "ERROR", fmt.Sprintf("place order %d: timeout acquiring connection from pool after 5000 ms (max=5 in_use=5 waiting=%d)", 700000+w.rnd.IntN(90000), 11+w.rnd.IntN(40)))
	}
	for range int(bad * 5) {
		w.line(at(), "storefront", "ERROR", fmt.Sprintf("POST /checkout 503 upstream checkout answered 503 in %d ms", 5000+w.rnd.IntN(300)))
	}
}

const checkoutSpace = `# The Agent Space of this scenario.
name: shop
account: "123456789012"
region: eu-central-1
services:
  - name: checkout
    dimensions: {TargetGroup: [targetgroup/checkout/5c1f0a7b2d3e4f60]}
    depends_on: [orders-db, payments, cart]
    repository: github.com/example-shop/checkout
  - name: storefront
    dimensions: {LoadBalancer: [app/shop/50dc6c495c0c9188]}
    depends_on: [checkout, catalog, cart]
    repository: github.com/example-shop/storefront
  - name: cart
    depends_on: [cart-cache]
  - name: catalog
  - name: payments
  - name: orders-db
    dimensions: {DBInstanceIdentifier: [orders-db]}
  - name: cart-cache
sources:
  - kind: generic
approvals:
  people:
    - {name: Demo Approver, email: approver@example.com}
`

const checkoutReadme = `# checkout-503

A mid-sized shop on ECS. A deploy of ` + "`checkout`" + ` lowers the ceiling of its database connection pool; two minutes later
three CloudWatch alarms fire (5xx, p99 latency, unhealthy hosts), then an unrelated low-priority alarm, then the first
alarm once more (a duplicate delivery), then a recovery. Before it: a deploy of another service, a feature flag four
minutes earlier, a scaling event. Made up by ` + "`../generate.go`" + `; the layout is described in docs/scenarios.md.
`

// orders: traffic triples after a campaign; the table's provisioned write capacity does not. Nothing was deployed.
func orders() {
	rise := time.Date(2026, 4, 21, 10, 0, 0, 0, time.UTC)
	end := rise.Add(24 * time.Minute)
	w := newWorld("orders-throttled", 23, end.Add(-3*time.Hour), end)
	much := func(t time.Time) float64 { return math.Min(1, math.Max(0, t.Sub(rise).Minutes()/6)) }
	starved := func(t time.Time) float64 { // capacity is passed at a third of the rise
		return math.Max(0, (much(t)-0.33)/0.67)
	}
	rps := func(t time.Time) float64 { return 60 * (1 + 2.2*much(t)) }
	w.metric("orders-api", "Count", "Sum", "Count", func(t time.Time) float64 { return w.noise(rps(t)*60, 0.03) })
	w.metric("orders-api", "5XXError", "Sum", "Count", func(t time.Time) float64 { return w.rnd.ExpFloat64()*0.6 + w.noise(1500*starved(t), 0.1) })
	w.metric("orders-api", "Latency", "p99", "Milliseconds", func(t time.Time) float64 { return w.noise(210+2600*starved(t), 0.06) })
	w.metric("orders-fn", "Invocations", "Sum", "Count", func(t time.Time) float64 { return w.noise(rps(t)*60, 0.03) })
	w.metric("orders-fn", "Errors", "Sum", "Count", func(t time.Time) float64 { return w.rnd.ExpFloat64()*0.5 + w.noise(1480*starved(t), 0.1) })
	w.metric("orders-fn", "Duration", "p99", "Milliseconds", func(t time.Time) float64 { return w.noise(150+2500*starved(t), 0.06) })
	w.metric("orders-fn", "ConcurrentExecutions", "Maximum", "Count", func(t time.Time) float64 { return w.noise(14+70*starved(t), 0.08) })
	w.metric("orders-table", "ConsumedWriteCapacityUnits", "Sum", "Count", func(t time.Time) float64 { return math.Min(w.noise(rps(t)*60*1.1, 0.03), 6000*1.0) })
	w.metric("orders-table", "ProvisionedWriteCapacityUnits", "Average", "Count", func(t time.Time) float64 { return 100 })
	w.metric("orders-table", "WriteThrottleEvents", "Sum", "Count", func(t time.Time) float64 { return w.noise(5200*starved(t), 0.07) })
	w.metric("orders-table", "ThrottledRequests", "Sum", "Count", func(t time.Time) float64 { return w.noise(5200*starved(t), 0.07) })
	w.metric("orders-table", "SuccessfulRequestLatency", "Average", "Milliseconds", func(t time.Time) float64 { return w.noise(4.6, 0.05) })
	w.metric("stock-table", "ConsumedReadCapacityUnits", "Sum", "Count", func(t time.Time) float64 { return w.noise(rps(t)*30, 0.03) })
	w.metric("stock-table", "SuccessfulRequestLatency", "Average", "Milliseconds", func(t time.Time) float64 { return w.noise(3.1, 0.05) })
	w.metric("mailer", "Invocations", "Sum", "Count", func(t time.Time) float64 { return w.noise(900, 0.05) })
	w.metric("mailer", "Errors", "Sum", "Count", func(t time.Time) float64 { return w.rnd.ExpFloat64() * 0.4 })
	w.depends("orders-api", "orders-fn")
	w.depends("orders-fn", "orders-table", "stock-table", "mailer")
	w.minutes(func(t time.Time) {
		n := int(w.noise(rps(t)*60, 0.03))
		failed := int(float64(n) * 0.13 * starved(t))
		w.call(t, "orders-api", "orders-fn", "POST /orders", n, failed, w.noise(62+900*starved(t), 0.05))
		w.call(t, "orders-fn", "orders-table", "PutItem", n, failed, w.noise(5+820*starved(t), 0.06))
		w.call(t, "orders-fn", "stock-table", "GetItem", n, 0, w.noise(3.2, 0.06))
		w.call(t, "orders-fn", "mailer", "Invoke", n/4, 0, w.noise(11, 0.06))
		at := func() time.Time { return t.Add(time.Duration(w.rnd.IntN(60_000)) * time.Millisecond) }
		for range 5 {
			w.line(at(), "orders-fn", "INFO", fmt.Sprintf("order %d accepted, %d items", 20000+w.rnd.IntN(70000), 1+w.rnd.IntN(7)))
		}
		if w.rnd.IntN(8) == 0 {
			w.line(at(), "mailer", "WARN", fmt.Sprintf("recipient %08x bounced", w.rnd.Uint32()))
		}
		for range int(starved(t) * 12) {
			w.line(at(), "orders-fn", "ERROR", fmt.Sprintf("put order %d: ProvisionedThroughputExceededException: The level of configured provisioned throughput for the table was exceeded (attempt 4 of 4)", 20000+w.rnd.IntN(70000)))
		}
	})
	table := map[string]string{"TableName": "orders-table"}
	api := map[string]string{"ApiName": "orders-api", "Stage": "prod"}
	t1, t2 := rise.Add(5*time.Minute), rise.Add(7*time.Minute)
	w.alarm(t1, t1.Add(4*time.Second), "orders-table-write-throttles", "HIGH: writes to the orders table are throttled.", "ALARM", "OK",
		"Threshold Crossed: 2 datapoints [2460.0, 1310.0] were greater than the threshold (50.0).", "AWS/DynamoDB", "WriteThrottleEvents", "Sum", table)
	w.alarm(t2, t2.Add(3*time.Second), "orders-api-5xx", "CRITICAL: customers cannot place orders.", "ALARM", "OK",
		"Threshold Crossed: 3 datapoints were greater than the threshold (100.0).", "AWS/ApiGateway", "5XXError", "Sum", api)
	w.write(ordersSpace, ordersReadme)
}

const ordersSpace = `# The Agent Space of this scenario.
name: orders
account: "123456789012"
region: eu-central-1
services:
  - name: orders-api
    dimensions: {ApiName: [orders-api]}
    depends_on: [orders-fn]
  - name: orders-fn
    dimensions: {FunctionName: [orders-fn]}
    depends_on: [orders-table, stock-table, mailer]
    repository: github.com/example-shop/orders
  - name: orders-table
    dimensions: {TableName: [orders-table]}
  - name: stock-table
    dimensions: {TableName: [stock-table]}
  - name: mailer
sources:
  - kind: generic
approvals:
  people:
    - {name: Demo Approver, email: approver@example.com}
`

const ordersReadme = `# orders-throttled

A serverless order service. After a campaign the traffic triples within six minutes; the orders table's provisioned
write capacity stays at 100 units and writes are throttled. Nothing was deployed or configured in the last day. Made up
by ` + "`../generate.go`" + `; the layout is described in docs/scenarios.md.
`

// quiet: an alarm on a noisy percentile at low traffic. Nothing is wrong.
func quiet() {
	fired := time.Date(2026, 5, 5, 4, 31, 0, 0, time.UTC)
	end := fired.Add(4 * time.Minute)
	w := newWorld("false-alarm", 31, end.Add(-3*time.Hour), end)
	steady := func(component string, rps, p99, errors, cpu float64) {
		w.metric(component, "RequestCount", "Sum", "Count", func(t time.Time) float64 { return w.noise(rps*60, 0.08) })
		w.metric(component, "TargetResponseTime", "p99", "Seconds", func(t time.Time) float64 { return w.noise(p99, 0.16) })
		w.metric(component, "HTTPCode_Target_5XX_Count", "Sum", "Count", func(t time.Time) float64 { return w.rnd.ExpFloat64() * errors })
		w.metric(component, "CPUUtilization", "Average", "Percent", func(t time.Time) float64 { return w.noise(cpu, 0.08) })
	}
	steady("search-api", 3, 0.34, 0.2, 21)
	steady("ranking", 3, 0.19, 0.1, 33)
	w.metric("search-index", "SearchLatency", "Average", "Milliseconds", func(t time.Time) float64 { return w.noise(14, 0.1) })
	w.metric("search-index", "JVMMemoryPressure", "Maximum", "Percent", func(t time.Time) float64 { return w.noise(52, 0.05) })
	w.depends("search-api", "ranking", "search-index")
	w.depends("ranking", "search-index")
	w.minutes(func(t time.Time) {
		n := int(w.noise(180, 0.08))
		w.call(t, "search-api", "ranking", "POST /rank", n, 0, w.noise(60, 0.1))
		w.call(t, "ranking", "search-index", "_search", n, 0, w.noise(14, 0.1))
		at := t.Add(time.Duration(w.rnd.IntN(60_000)) * time.Millisecond)
		w.line(at, "search-api", "INFO", fmt.Sprintf("query answered in %d ms, %d hits", 40+w.rnd.IntN(200), w.rnd.IntN(900)))
		if w.rnd.IntN(12) == 0 {
			w.line(at.Add(time.Second), "ranking", "WARN", fmt.Sprintf("feature cache miss for query %08x", w.rnd.Uint32()))
		}
	})
	w.changes = []map[string]any{{"id": "ecs-svc/5500127741190023355", "time": fired.Add(-26 * time.Minute).Format(time.RFC3339), "component": "ranking", "kind": "deployment",
		"title": "ranking v31: log the model version", "author": "ivo", "revision": "v31", "previous": "v30", "files": []string{"cmd/ranking/main.go"},
		"diff": "--- a/cmd/ranking/main.go\n+++ b/cmd/ranking/main.go\n@@ -40,2 +40,3 @@\n+\tlog.Printf(\"model version %s\", version)\n"}}
	w.alarm(fired, fired.Add(3*time.Second), "search-p99-latency", "MEDIUM: search is slow.", "ALARM", "OK",
		"Threshold Crossed: 1 out of the last 1 datapoints [0.452] was greater than the threshold (0.45).", "AWS/ApplicationELB", "TargetResponseTime", "p99",
		map[string]string{"TargetGroup": "targetgroup/search/0f1e2d3c4b5a6978", "LoadBalancer": "app/search/77aa88bb99cc00dd"})
	w.write(quietSpace, quietReadme)
}

const quietSpace = `# The Agent Space of this scenario.
name: search
account: "123456789012"
region: eu-central-1
services:
  - name: search-api
    dimensions: {TargetGroup: [targetgroup/search/0f1e2d3c4b5a6978]}
    depends_on: [ranking, search-index]
    repository: github.com/example-shop/search
  - name: ranking
    depends_on: [search-index]
  - name: search-index
sources:
  - kind: generic
approvals:
  people:
    - {name: Demo Approver, email: approver@example.com}
`

const quietReadme = `# false-alarm

A search service at night. One datapoint of a noisy percentile crosses a tight threshold; half an hour earlier another
service was deployed. Nothing is wrong, and the answer must say so. Made up by ` + "`../generate.go`" + `; the layout is described
in docs/scenarios.md.
`
