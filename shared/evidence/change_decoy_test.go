package evidence

import "testing"

// Changes on the very topic of the trouble that nevertheless cannot bring it about: the hardest decoys.
func TestTopicalDecoysAreNotBlamed(t *testing.T) {
	for _, tc := range []struct{ name, line, file, title, diff string }{
		{"client timeout raised, provider down", "POST https://api.cardnetwork.com/v2/capture returned 503 Service Unavailable", "services/billing/card_client.go", "tune card client timeouts",
			"@@ services/billing/card_client.go @@\n-\tc.CaptureTimeout = 3 * time.Second\n-\tc.MaxRetries = 2\n+\tc.CaptureTimeout = 5 * time.Second\n+\tc.MaxRetries = 3"},
		{"request builder extracted, provider down", "POST https://api.cardnetwork.com/v2/capture returned 502", "services/billing/capture.go", "extract capture request builder",
			"@@ services/billing/capture.go @@\n-\treq := card.CaptureRequest{Amount: in.Amount, Token: in.Token}\n-\treturn c.card.Capture(ctx, req)\n+\treturn c.card.Capture(ctx, buildCapture(in))\n+}\n+\n+func buildCapture(in Input) card.CaptureRequest {\n+\treturn card.CaptureRequest{Amount: in.Amount, Token: in.Token}"},
		{"cipher list sorted, certificate expired", "tls handshake to ledger:8443 failed: x509: certificate has expired or is not yet valid", "internal/httpx/tls.go", "sort TLS cipher suites",
			"@@ internal/httpx/tls.go @@\n-\t\ttls.TLS_AES_128_GCM_SHA256,\n-\t\ttls.TLS_AES_256_GCM_SHA384,\n+\t\ttls.TLS_AES_256_GCM_SHA384,\n+\t\ttls.TLS_AES_128_GCM_SHA256,"},
		{"pool idle time raised, pool exhausted", "timeout acquiring connection from pool", "services/billing/db/pool.go", "tune pool idle settings",
			"@@ services/billing/db/pool.go @@\n-\tcfg.MaxConnIdleTime = 30 * time.Second\n+\tcfg.MaxConnIdleTime = 5 * time.Minute"},
		{"pool raised, pool exhausted", "timeout acquiring connection from pool", "services/billing/config.yaml", "more connections", "@@ services/billing/config.yaml @@\n-  max_connections: 20\n+  max_connections: 40"},
		{"cache metrics added, cache cold", "cache miss; reading invoice from ledger-db", "pkg/cache/metrics.go", "count cache hits and misses",
			"@@ pkg/cache/metrics.go @@\n+var cacheHits = prometheus.NewCounter(prometheus.CounterOpts{Name: \"cache_hits_total\"})\n+\t\tif ok { cacheHits.Inc() } else { cacheMisses.Inc() }"},
		{"memory limit raised, out of memory", "OOMKilled: container exceeded its memory limit", "deploy/billing/deployment.yaml", "raise memory", "@@ deploy/billing/deployment.yaml @@\n-      memory: 512Mi\n+      memory: 1Gi"},
		{"timeout raised, deadline exceeded", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "services/billing/ledger_client.go", "be patient with ledger",
			"@@ services/billing/ledger_client.go @@\n-\tctx, cancel := context.WithTimeout(ctx, 1*time.Second)\n+\tctx, cancel := context.WithTimeout(ctx, 3*time.Second)"},
		{"log level of leader election, lock trouble", "lock wait timeout exceeded; could not elect leader", "services/billing/leader.go", "tidy leader election logging",
			"@@ services/billing/leader.go @@\n-\tlog.Debug(\"leader elected\", term)\n+\tlog.Info(\"leader elected\", term, node)"},
		{"test for the failing parser", "json: cannot unmarshal string into field amount", "services/billing/event_test.go", "test unmarshal of amount", "@@ services/billing/event_test.go @@\n+\tif err := json.Unmarshal(raw, &amount); err == nil { t.Fatal(\"want error\") }"},
		{"index added concurrently, database busy", "slow query: SELECT * FROM invoices WHERE id=$1 took 900ms", "db/migrations/0042_invoices_idx.sql", "add index on invoices.updated_at",
			"@@ db/migrations/0042_invoices_idx.sql @@\n+CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_invoices_updated_at\n+  ON invoices (updated_at);"},
		{"guard added, nil pointer elsewhere", "panic: runtime error: invalid memory address or nil pointer dereference services/billing/other.go:10", "services/billing/render.go", "guard against empty customer",
			"@@ services/billing/render.go @@\n+\tif customer == nil { return ErrNoCustomer }"},
		{"resolver retries, name server down", "lookup ledger on 10.0.0.2:53: server misbehaving", "services/billing/resolver.go", "retry lookups", "@@ services/billing/resolver.go @@\n-\tattempts := 2\n+\tattempts := 4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := incidentOf(tc.line)
			in.Changes = append(bystanders(), Change{ID: guilty, Time: minute(54), Kind: "commit", Title: tc.title, Files: []string{tc.file}, Diff: tc.diff},
				Change{ID: "deploy-guilty", Time: minute(56.5), Kind: "deployment", Component: "billing", Revision: guilty})
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

// Incidents that only metrics show: the error log says little or nothing.
func TestCulpritFromMetricsAlone(t *testing.T) {
	for _, tc := range []struct {
		name   string
		series Series
		line   string
		file   string
		diff   string
	}{
		{"leak", flatSeries("billing", "process_resident_memory_bytes", "Bytes", 80, func(i int) float64 { return 2e8 + 4e7*float64(max(i-57, 0)) }), "container killed: out of memory", "services/billing/session.go",
			"@@ services/billing/session.go @@\n+var sessions = map[string]*Session{}\n+\tsessions[id] = append(sessions[id], s)"},
		{"threads", shopSeries("billing", "goroutines_count", 120, 9000), "", "services/billing/notify.go", "@@ services/billing/notify.go @@\n+\tgo s.notify(ctx, invoice)"},
		{"cache", shopSeries("billing", "rate_cache_hit_ratio", 0.97, 0.2), "", "services/billing/cache.yaml", "@@ services/billing/cache.yaml @@\n-  rate_cache_ttl: 10m\n+  rate_cache_ttl: 1s"},
		{"queries", shopSeries("billing", "db_queries_per_request", 3, 90), "", "services/billing/lines.py", "@@ services/billing/lines.py @@\n-    lines = repo.lines_for(invoices)\n+    for invoice in invoices:\n+        lines = repo.query(invoice.id)"},
		{"scan", shopSeries("ledger-db", "rows_examined", 50, 900000), "slow query: SELECT id FROM entries took 3000ms", "services/billing/entries.sql", "@@ services/billing/entries.sql @@\n-SELECT id FROM entries WHERE account = $1 LIMIT 100\n+SELECT id FROM entries WHERE account = $1"},
		{"processor", shopSeries("billing", "container_cpu_usage_percent", 30, 98), "", "deploy/billing/values.yaml", "@@ deploy/billing/values.yaml @@\n   limits:\n-    cpu: 2000m\n+    cpu: 100m"},
		{"backlog", shopSeries("billing", "consumer_lag_messages", 10, 90000), "", "services/billing/worker.yaml", "@@ services/billing/worker.yaml @@\n-  worker_count: 32\n+  worker_count: 1"},
		{"disk", flatSeries("billing", "disk_used_percent", "Percent", 80, func(i int) float64 { return min(99, 40+10*float64(max(i-58, 0))) }), "write /var/log/app.log: no space left on device", "services/billing/log.yaml",
			"@@ services/billing/log.yaml @@\n-  level: info\n+  level: debug"},
		{"polling", shopSeries("ledger", "requests_per_second", 100, 4000), "", "services/billing/poll.go", "@@ services/billing/poll.go @@\n-const pollInterval = 30 * time.Second\n+const pollInterval = 50 * time.Millisecond"},
		{"backtracking", shopSeries("billing", "process_cpu_pct", 20, 99), "slow request: validateAddress took 5200ms", "services/billing/address.js", "@@ services/billing/address.js @@\n-  return /^[\\w ]+$/.test(address)\n+  return new RegExp('^(\\\\w+\\\\s?)*$').test(address)"},
		{"lock order", shopSeries("ledger-db", "deadlocks_total", 0, 30), "ERROR: deadlock detected while updating entries", "services/billing/post.go", "@@ services/billing/post.go @@\n-\ttx.Exec(\"UPDATE accounts SET x=1 WHERE id=$1\", id)\n+\ttx.Exec(\"SELECT 1 FROM entries WHERE id=$1 FOR UPDATE\", id)\n+\ttx.Exec(\"UPDATE accounts SET x=1 WHERE id=$1\", id)"},
		{"audience", shopSeries("billing", "auth_failures_total", 1, 400), "401 unauthorized: invalid token: audience mismatch", "services/billing/auth.yaml", "@@ services/billing/auth.yaml @@\n-  audience: billing-prod\n+  audience: billing"},
		{"bucket", shopSeries("billing", "upload_errors_total", 0, 70), "NoSuchBucket: The specified bucket does not exist: billing-archive-eu", "services/billing/archive.yaml", "@@ services/billing/archive.yaml @@\n-  bucket: billing-archive\n+  bucket: billing-archive-eu"},
		{"autoscaler", shopSeries("billing", "container_cpu_usage_percent", 40, 99), "request queue full, dropping request", "deploy/billing/hpa.yaml", "@@ deploy/billing/hpa.yaml @@\n-  maxReplicas: 20\n+  maxReplicas: 3"},
		{"batch", shopSeries("billing", "heap_used_percent", 50, 98), "java.lang.OutOfMemoryError: Java heap space", "services/billing/consumer.properties", "@@ services/billing/consumer.properties @@\n-max.poll.records=100\n+max.poll.records=50000"},
		{"heap", shopSeries("billing", "gc_pause_seconds", 0.02, 4), "java.lang.OutOfMemoryError: GC overhead limit exceeded", "services/billing/Dockerfile", "@@ services/billing/Dockerfile @@\n-ENTRYPOINT java -Xmx2g -jar app.jar\n+ENTRYPOINT java -Xmx256m -jar app.jar"},
		{"proxy timeout", shopSeries("web", "http_504_ratio", 0.001, 0.3), "upstream timed out (110: Connection timed out) while reading response header from upstream", "deploy/billing/nginx.conf", "@@ deploy/billing/nginx.conf @@\n-    proxy_read_timeout 60s;\n+    proxy_read_timeout 1s;"},
		{"topic", shopSeries("billing", "publish_errors_total", 0, 90), "UnknownTopicOrPartition: topic invoices-v2 does not exist", "services/billing/topics.yaml", "@@ services/billing/topics.yaml @@\n-  invoices: invoices-v1\n+  invoices: invoices-v2"},
		{"setting renamed", shopSeries("billing", "restarts_total", 0, 9), "config error: missing required key ledger_endpoint", "services/billing/config.py", "@@ services/billing/config.py @@\n-    url = os.environ.get('LEDGER_URL', default)\n+    url = os.environ['LEDGER_ENDPOINT']"},
		{"isolation", shopSeries("billing", "tx_retries_total", 2, 300), "ERROR: could not serialize access due to concurrent update", "services/billing/tx.go", "@@ services/billing/tx.go @@\n-\ttx, err := db.BeginTx(ctx, nil)\n+\ttx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})"},
		{"await", shopSeries("billing", "unhandled_rejections_total", 0, 50), "TypeError: Cannot read properties of undefined (reading 'amount')", "services/billing/total.ts", "@@ services/billing/total.ts @@\n-  const line = lines?.get(id)\n-  if (line === undefined) return 0\n+  const line = lines.get(id)"},
		{"orm limit", shopSeries("ledger-db", "db_cpu_utilization_percent", 20, 97), "slow query: SELECT * FROM entries ORDER BY at", "services/billing/history.py", "@@ services/billing/history.py @@\n-    return session.query(Entry).order_by(Entry.at).limit(100).all()\n+    return session.query(Entry).order_by(Entry.at).all()"},
		{"cache switched off", shopSeries("ledger", "requests_per_second", 100, 1500), "", "services/billing/cache.yaml", "@@ services/billing/cache.yaml @@\n-  cache_enabled: true\n+  cache_enabled: false"},
		{"sync writes", shopSeries("billing", "disk_write_latency_ms", 2, 300), "", "services/billing/wal.go", "@@ services/billing/wal.go @@\n \tw.Write(b)\n+\tw.file.Sync()"},
		{"replicas", shopSeries("billing", "cpu_utilization_percent", 35, 97), "", "deploy/billing/values.yaml", "@@ deploy/billing/values.yaml @@\n-  replicas: 12\n+  replicas: 2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := incidentOf(tc.line)
			in.Metrics = append(in.Metrics, tc.series)
			in.Changes = append(bystanders(), Change{ID: guilty, Time: minute(54), Kind: "commit", Title: "chore: adjust billing", Files: []string{tc.file}, Diff: tc.diff},
				Change{ID: "deploy-guilty", Time: minute(56.5), Kind: "deployment", Component: "billing", Revision: guilty})
			c := correlate(in, newGraph(in), nil, nil)
			if len(c.changes) == 0 || c.changes[0].Verdict != Culprit || c.changes[0].Change.ID != guilty {
				show(t, c)
			}
		})
	}
}

// Of two changes that differ in one thing, that thing tells them apart: the value that the errors mention, the file that the
// stack trace names, what was deployed before the trouble, what a new release may break, what does more than move words, what
// runs at all, where it runs.
func TestTwinsAreToldApart(t *testing.T) {
	commit := func(id, file, diff string) Change {
		return Change{ID: id, Time: minute(54), Kind: "commit", Title: "tidy", Files: []string{file}, Diff: "@@ " + file + " @@\n" + diff}
	}
	on := func(component string, at float64, c Change) []Change {
		return []Change{c, {ID: "deploy-" + c.ID, Time: minute(at), Kind: "deployment", Component: component, Revision: c.ID}}
	}
	deployed := func(at float64, c Change) []Change { return on("billing", at, c) }
	const other = "0000000011112222" // by its name it comes first where all else is equal
	const exhausted, lowered = "timeout acquiring connection from pool", "-  max_connections: 90\n+  max_connections: 23"
	const rounds = "-\treturn token.amount\n+\treturn token.amount.Truncate(0)"
	const panics = "-\tlast := lines[len(lines)-1]\n+\tlast := lines[n]"
	for name, c := range map[string]struct {
		line         string
		verdict      Verdict
		right, wrong []Change
	}{
		"value": {exhausted + " (max=23)", Culprit, deployed(56, commit(guilty, "services/billing/read.yaml", lowered)),
			deployed(56, commit(other, "services/billing/copy.yaml", "-  max_connections: 90\n+  max_connections: 37"))},
		"stack frame": {"panic: runtime error: index out of range [5] with length 5 services/billing/ledger.go:44", Culprit, deployed(56, commit(guilty, "services/billing/ledger.go", panics)),
			deployed(56, commit(other, "services/billing/web.go", panics))},
		"shipped before": {exhausted, Culprit, deployed(56, commit(guilty, "services/billing/read.yaml", lowered)), deployed(75, commit(other, "services/billing/copy.yaml", lowered))},
		"runs": {"capture of token refused: amount of request differs from amount of invoice", Possible, deployed(56, commit(guilty, "services/billing/round.go", "-\treturn amount\n+\treturn amount.Truncate(0)")),
			deployed(56, commit(other, "docs/capture.md", "+Capture of the token is refused: the amount of the request differs from the amount of the invoice."))},
		"place": {exhausted + " (max=23)", Culprit, deployed(56, commit(guilty, "services/billing/read.yaml", "-  max_connections: 90\n+  max_connections: 37")),
			on("mail", 56, commit(other, "services/mail/read.yaml", lowered))},
		"major release": {"could not convert invoice: unsupported version of the format", Possible, deployed(56, commit(guilty, "services/billing/go.mod", "-\tgithub.com/acme/money v1.4.0\n+\tgithub.com/acme/money v2.0.0")),
			deployed(56, commit(other, "services/billing/tools/go.mod", "-\tgithub.com/acme/dates v1.4.0\n+\tgithub.com/acme/dates v1.4.1"))},
		"more than a move": {"capture of token refused: amount of request differs from amount of invoice", Possible, deployed(56, commit(guilty, "services/billing/round.go", rounds)),
			deployed(56, commit(other, "services/billing/capture.go", "-\treq := card.CaptureRequest{Amount: in.Amount, Token: in.Token}\n-\treturn c.card.Capture(ctx, req)\n+\treturn c.card.Capture(ctx, request(in))\n+}\n+\n+func request(in Input) card.CaptureRequest {\n+\treturn card.CaptureRequest{Amount: in.Amount, Token: in.Token}"))},
	} {
		in := incidentOf(c.line)
		in.Changes = append(append([]Change{}, c.wrong...), c.right...)
		b := Analyze(in)
		if v := b.Changes[0]; v.Change.ID != guilty && v.Change.ID != "deploy-"+guilty || v.Verdict != c.verdict {
			t.Errorf("%s: first comes %q, %s: %+v", name, v.Change.ID, v.Verdict, v.Reasons)
		}
		for _, v := range b.Changes { // what was deployed does what it carries
			if v.Change.ID == "deploy-"+guilty && v.Verdict != c.verdict {
				t.Errorf("%s: the deployment is %s: %+v", name, v.Verdict, v.Reasons)
			}
		}
	}
}

// A number in an error is the value that was set only where the two mean the same: a pool of 5 is not a wait of 5000 ms.
func TestValuesMatchWithinTheirUnit(t *testing.T) {
	number, duration := quantity{"number", 40, "40"}, quantity{"duration", 20, "20s"}
	for _, c := range []struct {
		s     setting
		says  map[float64]string
		match bool
	}{
		{setting{name: "DB_POOL_MAX", old: number, new: quantity{"number", 5, "5"}}, map[float64]string{5000: "after"}, false},
		{setting{name: "DB_POOL_MAX", old: number, new: quantity{"number", 5, "5"}}, map[float64]string{5: "max_pool"}, true},
		{setting{name: "DB_POOL_MAX", old: number, new: quantity{"number", 5, "5"}}, map[float64]string{5: "after"}, false},
		{setting{name: "BATCH", old: number, new: quantity{"number", 250, "250"}}, map[float64]string{250: "sent"}, true},
		{setting{name: "CALL_TIMEOUT", old: duration, new: quantity{"duration", 2, "2s"}}, map[float64]string{2000: "after"}, true},
	} {
		if got, why := (&assessment{edit: edit{settings: []setting{c.s}}}).valueMatch(&trouble{numbers: c.says}); (got > 0) != c.match {
			t.Errorf("%s set to %s, errors say %v: %v %s", c.s.name, c.s.new.text, c.says, got, why)
		}
	}
}

// The change to blame and the leading cause are about one component wherever the lead only feels what the change did.
func TestTheCauseIsWhereTheChangeWas(t *testing.T) {
	g := newGraph(Input{Telemetry: Telemetry{Dependencies: []Dependency{{Caller: "web", Callee: "booking"}, {Caller: "booking", Callee: "rates"}, {Caller: "web-1", Callee: "web", Kind: "instance_of"}}}})
	causes := []Cause{{Component: "web-1", Score: 0.8}, {Component: "booking", Score: 0.5}}
	for _, c := range []struct{ changed, want string }{
		{"booking", "booking web-1"}, {"rates", "rates web-1 booking"}, {"web", "web-1 booking"}, {"", "web-1 booking"}, {"mail", "web-1 booking"},
	} {
		got := ""
		for _, cause := range (correlation{changes: []ChangeVerdict{{Change: Change{ID: "c", Component: c.changed}, Verdict: Culprit}}}).enrich(causes, g) {
			got += cause.Component + " "
		}
		if got != c.want+" " {
			t.Errorf("a change of %q: %q, want %q", c.changed, got, c.want)
		}
	}
}
