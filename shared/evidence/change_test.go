package evidence

import (
	"fmt"
	"testing"
	"time"
)

// shop is a made-up system in which every case below happens: web calls billing, billing calls ledger and ledger-db.
var t0 = time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)

func minute(m float64) time.Time { return t0.Add(time.Duration(m * float64(time.Minute))) }

// shopSeries is a series that is calm for 60 minutes and then moves.
func shopSeries(component, metric string, calm, bad float64) Series {
	s := Series{Component: component, Metric: metric}
	for i := range 80 {
		v := calm * (1 + 0.03*float64(i%5-2))
		if i >= 60 {
			v = bad * (1 + 0.02*float64(i%3-1))
		}
		s.Times = append(s.Times, minute(float64(i)).UnixMilli())
		s.Values = append(s.Values, v)
	}
	return s
}

// incidentOf builds an incident at minute 60 on billing with the given error line.
func incidentOf(line string) Input {
	in := Input{Window: Window{From: minute(0), To: minute(80), Start: minute(63)}}
	in.Metrics = []Series{shopSeries("billing", "error_ratio", 0.004, 0.4), shopSeries("billing", "p99_ms", 120, 900), shopSeries("web", "p99_ms", 200, 950), shopSeries("ledger", "p99_ms", 40, 41)}
	in.Dependencies = []Dependency{{Caller: "web", Callee: "billing"}, {Caller: "billing", Callee: "ledger"}, {Caller: "ledger", Callee: "ledger-db"}}
	in.Alarms = []Alarm{{Time: minute(63), Component: "billing", Metric: "error_ratio", Text: "billing error ratio above 5%"}}
	for i := range 79 {
		in.Logs = append(in.Logs, LogLine{Time: minute(float64(i)), Component: "billing", Level: "INFO", Message: fmt.Sprintf("invoice %d written", i)},
			LogLine{Time: minute(float64(i)), Component: "web", Level: "INFO", Message: "page served"})
		if i >= 60 && line != "" {
			in.Logs = append(in.Logs, LogLine{Time: minute(float64(i)), Component: "billing", Level: "ERROR", Message: line},
				LogLine{Time: minute(float64(i)), Component: "web", Level: "ERROR", Message: "upstream billing returned 500"})
		}
	}
	return in
}

// bystanders are changes around every incident that are never to blame.
func bystanders() []Change {
	commit := func(id string, m float64, title, file, diff string) Change {
		return Change{ID: id, Time: minute(m), Kind: "commit", Title: title, Files: []string{file}, Diff: diff}
	}
	deploy := func(component, revision string, m float64) Change {
		return Change{ID: "deploy-" + revision[:4], Time: minute(m), Kind: "deployment", Component: component, Revision: revision}
	}
	return []Change{
		commit("aaaa000011112222", 56, "refactor: tidy billing handler", "services/billing/handler.go",
			"@@ services/billing/handler.go @@\n-\tif err != nil { http.Error(w, err.Error(), 500); return }\n-\twriteJSON(w, out)\n+\tif err != nil {\n+\t\twriteError(w, http.StatusInternalServerError, err)\n+\t\treturn\n+\t}\n+\twriteJSON(w, out)"),
		deploy("billing", "aaaa000011112222", 58),
		commit("bbbb000011112222", 57, "restyle invoice page", "services/web/static/invoice.css", "@@ services/web/static/invoice.css @@\n-.a { padding: 1px; }\n+.a { padding: 2px; }"),
		deploy("web", "bbbb000011112222", 58.5),
		commit("cccc000011112222", 30, "bump dependencies", "go.mod", "@@ go.mod @@\n-\tgithub.com/some/metrics v1.19.0\n+\tgithub.com/some/metrics v1.19.1"),
		commit("dddd000011112222", 54, "docs: describe retries", "docs/retries.md", ""),
		commit("eeee000011112222", 61.5, "fix rounding", "services/billing/tax.go", "@@ services/billing/tax.go @@\n-\treturn math.Round(net * rate)\n+\treturn math.Round(net*rate*100) / 100"),
		deploy("billing", "eeee000011112222", 64),
		commit("ffff000011112222", 20, "log part collection at debug", "services/ledger/gc.go", "@@ services/ledger/gc.go @@\n-\tlog.Info(\"collected\")\n+\tlog.Debug(\"collected\")"),
		deploy("ledger", "ffff000011112222", 22),
		{ID: "new_invoice_layout", Time: minute(57), Kind: "flag", Component: "web", Title: "off->on"},
	}
}

const guilty = "9999000011112222"

func TestCulpritAmongBystanders(t *testing.T) {
	for _, tc := range []struct{ name, line, file, diff string }{
		{"pool lowered", "timeout acquiring connection from pool", "services/billing/config.yaml", "@@ services/billing/config.yaml @@\n-  max_connections: 40\n+  max_connections: 5"},
		{"connection leak", "remaining connection slots are reserved for non-replication superuser connections", "services/billing/store.go", "@@ services/billing/store.go @@\n \trows, err := s.db.Query(q)\n-\tdefer rows.Close()\n \treturn scan(rows)"},
		{"timeout lowered", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "services/billing/ledger_client.go", "@@ services/billing/ledger_client.go @@\n-\tctx, cancel := context.WithTimeout(ctx, 2*time.Second)\n+\tctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)"},
		{"nil guard removed", "panic: runtime error: invalid memory address or nil pointer dereference services/billing/tax_code.go:41", "services/billing/tax_code.go", "@@ services/billing/tax_code.go @@\n-\tif c.Region == nil {\n-\t\treturn defaultRegion\n-\t}\n \treturn c.Region.Code"},
		{"environment variable removed", "FATAL required env var LEDGER_DSN is not set", "deploy/billing/deployment.yaml", "@@ deploy/billing/deployment.yaml @@\n-        - name: LEDGER_DSN\n-          valueFrom: secret\n         - name: PORT"},
		{"memory limit lowered", "container killed: OOMKilled, exit code 137", "deploy/billing/deployment.yaml", "@@ deploy/billing/deployment.yaml @@\n     limits:\n-      memory: 1Gi\n+      memory: 128Mi"},
		{"column dropped", "ERROR: column invoices.due_on does not exist", "db/migrations/0107_drop_due_on.sql", "@@ db/migrations/0107_drop_due_on.sql @@\n+ALTER TABLE invoices DROP COLUMN due_on;"},
		{"permission removed", "AccessDenied: User is not authorized to perform: s3:PutObject on resource billing-archive", "infra/billing/iam.tf", "@@ infra/billing/iam.tf @@\n-    actions = [\"s3:GetObject\", \"s3:PutObject\"]\n+    actions = [\"s3:GetObject\"]"},
		{"wrong host", "dial tcp: lookup ledger.internal.prod on 10.0.0.2:53: no such host", "deploy/billing/config.yaml", "@@ deploy/billing/config.yaml @@\n-  ledger_url: http://ledger.prod.internal\n+  ledger_url: http://ledger.internal.prod"},
		{"field renamed", "json: unmarshal error: missing field amount_cents in invoice event", "services/billing/event.go", "@@ services/billing/event.go @@\n-\tAmount int64 `json:\"amount_cents\"`\n+\tAmount int64 `json:\"amount\"`"},
		{"rate limit lowered", "429 too many requests: rate limit exceeded for tenant", "services/billing/limits.yaml", "@@ services/billing/limits.yaml @@\n-  requests_per_second: 500\n+  requests_per_second: 5"},
		{"mutex removed", "fatal error: concurrent map writes in rateTable", "services/billing/rate_table.go", "@@ services/billing/rate_table.go @@\n-\tr.mu.Lock()\n-\tdefer r.mu.Unlock()\n \tr.rateTable[k] = v"},
		{"lock in migration", "canceling statement due to lock timeout; waiting for AccessExclusiveLock on relation invoices", "db/migrations/0108_invoices.sql", "@@ db/migrations/0108_invoices.sql @@\n+ALTER TABLE invoices ADD COLUMN memo text NOT NULL DEFAULT '';"},
		{"index dropped", "slow query: SELECT id FROM invoices WHERE customer_id = $1 took 4100ms", "db/migrations/0109_cleanup.sql", "@@ db/migrations/0109_cleanup.sql @@\n+DROP INDEX idx_invoices_customer_id;"},
		{"calls in a loop", "slow request: ListInvoices exceeded 2000ms ledger.calls_in_request=180", "services/billing/list.go", "@@ services/billing/list.go @@\n-\tentries, err := s.ledger.Entries(ctx, ids)\n+\tfor _, id := range ids {\n+\t\tentry, err := s.ledger.Entry(ctx, id)\n+\t\tentries = append(entries, entry)\n+\t}"},
		{"retry storm", "ledger overloaded: circuit breaker open, load shed", "services/billing/retry.go", "@@ services/billing/retry.go @@\n-\tMaxAttempts: 2, Backoff: 500 * time.Millisecond,\n+\tMaxAttempts: 20, Backoff: 1 * time.Millisecond,"},
		{"probe tightened", "Liveness probe failed: Get http://10.0.0.1:8080/healthz: context deadline exceeded", "deploy/billing/deployment.yaml", "@@ deploy/billing/deployment.yaml @@\n       livenessProbe:\n-        initialDelaySeconds: 30\n+        initialDelaySeconds: 1"},
		{"dependency major bump", "java.lang.NoSuchMethodError: com.acme.money.Currency.of incompatible version", "services/billing/pom.xml", "@@ services/billing/pom.xml @@\n-    <artifactId>acme-money</artifactId><version>2.9.0</version>\n+    <artifactId>acme-money</artifactId><version>3.0.0</version>"},
		{"bounds check removed", "panic: runtime error: index out of range [3] with length 3 in splitLines", "services/billing/lines.go", "@@ services/billing/lines.go @@\n-\tif i >= len(splitLines) {\n-\t\treturn nil\n-\t}\n \treturn splitLines[i]"},
		{"certificate replaced", "x509: certificate signed by unknown authority", "deploy/billing/ca.pem", "@@ deploy/billing/ca.pem @@\n-MIIBold\n+MIIBnew"},
		{"date format", "parsing time \"03.02.2026\" as \"2006-01-02\": cannot parse due_date", "services/billing/due_date.go", "@@ services/billing/due_date.go @@\n-\treturn time.Parse(\"02.01.2006\", dueDate)\n+\treturn time.Parse(\"2006-01-02\", dueDate)"},
		{"consumers lowered", "consumer lag growing: invoice-events backlog 120000 messages pending", "services/billing/consumer.yaml", "@@ services/billing/consumer.yaml @@\n-  consumers: 24\n+  consumers: 1"},
		{"security group", "dial tcp 10.2.3.4:5432: i/o timeout connection timed out", "infra/billing/network.tf", "@@ infra/billing/network.tf @@\n-  cidr_blocks = [\"10.0.0.0/8\"]\n+  cidr_blocks = [\"10.1.0.0/16\"]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := incidentOf(tc.line)
			in.Changes = append(bystanders(), Change{ID: guilty, Time: minute(54), Kind: "commit", Title: "chore: adjust billing", Files: []string{tc.file}, Diff: tc.diff},
				Change{ID: "deploy-guilty", Time: minute(56.5), Kind: "deployment", Component: "billing", Revision: guilty})
			c := correlate(in, newGraph(in), nil, nil)
			if len(c.changes) == 0 || c.changes[0].Verdict != Culprit || c.changes[0].Change.ID != guilty {
				show(t, c)
			}
			for _, v := range c.changes {
				if v.Verdict == Culprit && v.Change.ID != guilty && v.Change.ID != "deploy-guilty" {
					t.Errorf("a bystander is blamed: %s", v.Change.ID)
				}
			}
		})
	}
}

// Without the guilty change, the same symptoms must not be blamed on a bystander.
func TestNoBystanderIsBlamed(t *testing.T) {
	for _, line := range []string{
		"timeout acquiring connection from pool", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "panic: runtime error: index out of range [3] with length 3",
		"POST https://api.cardnetwork.com/v2/capture returned 503 Service Unavailable", "x509: certificate has expired or is not yet valid", "write failed: no space left on device",
		"dial tcp: lookup ledger on 10.0.0.2:53: no such host", "ThrottlingException: Rate exceeded", "ExpiredToken: The security token included in the request is expired",
		"connection reset by peer", "invoice rejected: negative amount in upstream feed", "", "FATAL: terminating connection due to administrator command",
	} {
		t.Run(line, func(t *testing.T) {
			in := incidentOf(line)
			in.Changes = bystanders()
			c := correlate(in, newGraph(in), nil, nil)
			for _, v := range c.changes {
				if v.Verdict == Culprit {
					show(t, c)
					return
				}
			}
		})
	}
}

func show(t *testing.T, c correlation) {
	t.Helper()
	for i, v := range c.changes {
		if i < 2 || v.Change.ID == guilty {
			t.Errorf("%-8s %.2f %s %s", v.Verdict, v.Score, v.Change.ID, v.Change.Title)
			for _, r := range v.Reasons {
				t.Logf("      %+.2f %s: %s", r.Weight, r.Name, r.Detail)
			}
		}
	}
	for _, k := range c.conditions {
		t.Logf("condition %.2f %s %s external=%v", k.Score, k.Component, k.Category, k.external)
	}
	t.Logf("start %v", c.trouble.start)
}
