package evidence

// mechanism is a way in which changes break systems, known to the trade: what the trouble then says, and which effects of
// a change bring it about, with how strongly each speaks for itself.
type mechanism struct {
	name     string
	category Category
	says     *expression // in error texts, alarms and metric names, lower-case
	effects  map[string]float64
	slow     bool // may show long after the change
}

// mechanisms is general knowledge about software in operation; nothing in it comes from one system. Strengths: 0.9 is the
// textbook pair, 0.6 a usual one, 0.3 a possible one.
var mechanisms = []mechanism{
	{"connections_exhausted", ConnectionExhaustion,
		expr(`pool (is )?(exhausted|timeout|saturat)|pool_(wait|pending|timeout)|(acquir|obtain|check(ing)? ?out|borrow|wait(ing|ed)? for)\w* .{0,20}(connection|conn\b)|connection pool|too many (clients|connections)|remaining connection slots|max_connections|queuepool|hikari|no (free|available) connections?|connections? (exhaust|limit)|pool.{0,12}(in_use|satur)`),
		map[string]float64{"pool_lowered": 0.95, "release_removed": 0.75, "concurrency_raised": 0.6, "capacity_raised": 0.4, "pool_raised": 0.2, "timeout_raised": 0.25, "timeout_removed": 0.5,
			"limit_lowered": 0.6, "lock_added": 0.35, "call_in_loop": 0.4, "worker_added": 0.4, "remote_call_added": 0.3, "query_added": 0.3}, false},
	{"deadline_exceeded", NetworkLatency,
		expr(`deadline ?exceeded|context (deadline|cancel)|timed? ?out|timeout|cancel+ed|etimedout|504|gateway timeout|slow`),
		map[string]float64{"timeout_lowered": 0.9, "timeout_added": 0.5, "call_in_loop": 0.6, "sleep_added": 0.6, "remote_call_added": 0.35, "query_added": 0.3, "wide_query": 0.45, "index_dropped": 0.7,
			"limit_removed": 0.65, "filter_removed": 0.5, "table_locked": 0.6, "lock_added": 0.5, "sync_io_added": 0.55, "heavy_pattern": 0.4, "cache_removed": 0.55, "pool_lowered": 0.45, "concurrency_lowered": 0.5,
			"cpu_lowered": 0.5, "retries_raised": 0.35, "batch_raised": 0.4, "keepalive_off": 0.55, "network_changed": 0.5, "endpoint_changed": 0.4, "capacity_lowered": 0.5}, false},
	{"latency_risen", Slowdown,
		expr(`latency|duration|slow (request|query|response)|response_?time|p9[059]|exceeded \S*ms|took \S*ms|elapsed`),
		map[string]float64{"call_in_loop": 0.7, "sleep_added": 0.6, "wide_query": 0.5, "index_dropped": 0.7, "limit_removed": 0.7, "filter_removed": 0.5, "table_locked": 0.6, "lock_added": 0.5, "sync_io_added": 0.7,
			"heavy_pattern": 0.45, "cache_removed": 0.6, "cache_lowered": 0.5, "pool_lowered": 0.45, "concurrency_lowered": 0.5, "cpu_lowered": 0.6, "memory_lowered": 0.35, "batch_raised": 0.4, "keepalive_off": 0.5,
			"ttl_lowered": 0.5, "capacity_lowered": 0.6, "query_added": 0.3, "remote_call_added": 0.35, "logging_raised": 0.35, "sampling_raised": 0.3, "limit_raised": 0.3, "timeout_raised": 0.3}, false},
	{"queries_multiplied", Slowdown,
		expr(`quer(y|ies)_(count|per)|calls_in_request|db_calls|queries per|n\+1|statements_per|quer(y|ies)_per_second|rows_(examined|read|scanned)|full (table )?scan|seq(uential)? scan|slow query`),
		map[string]float64{"call_in_loop": 0.9, "query_added": 0.4, "wide_query": 0.55, "limit_removed": 0.9, "filter_removed": 0.7, "index_dropped": 0.9, "cache_removed": 0.65, "ttl_lowered": 0.6, "interval_lowered": 0.4,
			"retries_raised": 0.35, "limit_raised": 0.4, "batch_lowered": 0.4}, true},
	{"cache_cold", Slowdown,
		expr(`cache.?miss|hit_?(ratio|rate)|cache_(hit|miss|evict)|evict|stampede|thundering|read-through`),
		map[string]float64{"ttl_lowered": 0.95, "cache_lowered": 0.9, "cache_removed": 0.8, "memory_lowered": 0.4, "partition_changed": 0.35}, true},
	{"null_dereferenced", ErrorsRaised,
		expr(`nil pointer|null ?pointer|nullreference|nonetype|cannot read propert|undefined is not|invalid memory address|segfault|sigsegv|is not a function|attributeerror|typeerror`),
		map[string]float64{"guard_removed": 0.9, "validation_removed": 0.5, "error_handling_removed": 0.4, "format_changed": 0.4, "schema_narrowed": 0.3}, false},
	{"index_out_of_range", ErrorsRaised,
		expr(`out of (range|bounds)|indexerror|slice bounds|arrayindex|keyerror|division by zero|divide by zero|overflow|arithmetic`),
		map[string]float64{"bounds_removed": 0.85, "guard_removed": 0.5, "validation_removed": 0.5}, false},
	{"relation_missing", ErrorsRaised,
		expr(`relation .* does not exist|(unknown|undefined|missing) (column|table)|no such (table|column)|column .* does not exist|table .* doesn'?t exist|missing_table|violates|constraint|not-null|foreign key|duplicate key|schema`),
		map[string]float64{"schema_narrowed": 0.85, "query_added": 0.6, "migration": 0.4}, false},
	{"start_crash", ErrorsRaised,
		expr(`crashloop|failed to start|startup (panic|failure|error)|restart|cannot start|exit(ed)? (code|with)|init(ialization)? (failed|error|panic)`),
		map[string]float64{"dependency_bumped": 0.45, "env_removed": 0.7, "env_required": 0.7, "image_changed": 0.4, "raises_added": 0.5, "memory_lowered": 0.5, "probe_tightened": 0.6, "format_changed": 0.3, "access_changed": 0.4,
			"certificate_changed": 0.3, "switched_on": 0.3}, false},
	{"dependency_conflict", ErrorsRaised,
		expr(`incompatible|version (conflict|mismatch)|duplicate registration|nosuchmethod|classnotfound|noclassdef|undefined symbol|modulenotfound|importerror|cannot find module|abi|unsupported version`),
		map[string]float64{"dependency_bumped": 0.8, "image_changed": 0.5}, false},
	{"setting_missing", ErrorsRaised,
		expr(`env(ironment)? var|is not set|missing (required )?(config|setting|env|key|property)|required .{0,30}(missing|not set)|no such key|config(uration)? error|invalid config`),
		map[string]float64{"env_removed": 0.9, "env_required": 0.9, "switched_off": 0.3}, false},
	{"memory_exhausted", MemoryExhaustion,
		expr(`oom|out of memory|heap|memory_|memory (usage|limit|pressure|growth|leak|util)|gc (overhead|pause)|exit(ed)? (code )?137|cannot allocate|working_set|rss`),
		map[string]float64{"memory_lowered": 0.95, "grows_unbounded": 0.55, "release_removed": 0.7, "worker_added": 0.55, "cache_raised": 0.7, "queue_raised": 0.6, "batch_raised": 0.65, "limit_removed": 0.6, "concurrency_raised": 0.55,
			"ttl_raised": 0.55, "limit_raised": 0.5, "wide_query": 0.4, "cache_removed": 0.2, "pool_raised": 0.3}, true},
	{"descriptors_exhausted", ConnectionExhaustion,
		expr(`too many open files|emfile|file descriptor|open_fds|goroutine(s|_count)|thread(s|_count)|unable to create new native thread|cannot assign requested address|port exhaustion|time_wait`),
		map[string]float64{"release_removed": 0.9, "files_lowered": 0.9, "worker_added": 0.75, "keepalive_off": 0.7, "timeout_removed": 0.55, "concurrency_raised": 0.55}, true},
	{"cpu_saturated", CPUSaturation,
		expr(`cpu|load_?average|throttled_seconds|cfs_`),
		map[string]float64{"cpu_lowered": 0.85, "heavy_pattern": 0.6, "index_dropped": 0.7, "limit_removed": 0.65, "call_in_loop": 0.5, "ttl_lowered": 0.6, "cache_removed": 0.6, "interval_lowered": 0.55, "wide_query": 0.5,
			"worker_added": 0.45, "logging_raised": 0.45, "sampling_raised": 0.4, "retries_raised": 0.45, "backoff_lowered": 0.5, "concurrency_raised": 0.45, "filter_removed": 0.5, "capacity_lowered": 0.7}, true},
	{"throttled", Throttling,
		expr(`throttl|rate.?(limit|exceeded)|429|too many requests|slowdown|provisionedthroughput|quota|limit exceeded`),
		map[string]float64{"rate_lowered": 0.95, "capacity_lowered": 0.6, "retries_raised": 0.6, "backoff_lowered": 0.6, "interval_lowered": 0.65, "call_in_loop": 0.55, "concurrency_raised": 0.6, "cache_removed": 0.55, "ttl_lowered": 0.5,
			"batch_lowered": 0.4, "batch_raised": 0.35, "worker_added": 0.35, "partition_changed": 0.5, "remote_call_added": 0.35, "limit_lowered": 0.6, "quota_changed": 0.6}, false},
	{"retries_exhausted", ErrorsRaised,
		expr(`retr(y|ies)|attempt|budget exhausted|max(imum)? retries|giving up|backoff`),
		map[string]float64{"retries_lowered": 0.9, "retry_removed": 0.7, "backoff_lowered": 0.55, "timeout_lowered": 0.5, "retries_raised": 0.4}, false},
	{"load_amplified", TrafficRise,
		expr(`requests?_(per|rate|count)|rps|qps|throughput|load shed|overload|circuit (breaker )?open|retry storm|5xx.{0,20}retr`),
		map[string]float64{"retries_raised": 0.75, "backoff_lowered": 0.75, "interval_lowered": 0.7, "call_in_loop": 0.6, "cache_removed": 0.7, "ttl_lowered": 0.6, "concurrency_raised": 0.4}, false},
	{"deadlocked", Slowdown,
		expr(`deadlock|lock (wait|timeout|contention)|lock_wait|blocked|could not (obtain|serialize)|accessexclusivelock|waiting for .{0,20}lock`),
		map[string]float64{"lock_added": 0.85, "table_locked": 0.85, "lock_removed": 0.4, "index_dropped": 0.5, "batch_raised": 0.4, "release_removed": 0.75, "query_added": 0.25}, false},
	{"data_race", ErrorsRaised,
		expr(`concurrent map|race|concurrentmodification|inconsistent|corrupt|checksum|stale (read|data)|duplicate (order|charge|message|payment|event)|double`),
		map[string]float64{"lock_removed": 0.9, "worker_added": 0.5, "validation_removed": 0.4, "ttl_raised": 0.5, "retries_raised": 0.5, "partition_changed": 0.4, "guard_removed": 0.4}, false},
	{"access_denied", ErrorsRaised,
		expr(`access.?denied|forbidden|unauthori[sz]ed|\b40[13]\b|permission denied|not authorized|invalid (token|signature|credential|api key|grant)|authentication failed|password authentication|signature.{0,12}(mismatch|invalid)|jwt`),
		map[string]float64{"access_changed": 0.85, "env_removed": 0.5, "endpoint_changed": 0.35, "certificate_changed": 0.4, "time_changed": 0.4, "network_changed": 0.3}, false},
	{"handshake_failed", Expiry,
		expr(`tls|ssl|x509|certificate|handshake|cipher|unknown authority|self.signed`),
		map[string]float64{"certificate_changed": 0.9, "tls_changed": 0.5, "endpoint_changed": 0.4, "time_changed": 0.3}, false},
	{"name_unresolved", DNSFailure,
		expr(`no such host|enotfound|name resolution|nxdomain|servfail|could not resolve|getaddrinfo|unknownhost|dns`),
		map[string]float64{"endpoint_changed": 0.85, "network_changed": 0.6}, false},
	{"unreachable", NetworkLatency,
		expr(`connection (refused|reset|timed out)|econnrefused|econnreset|no route|unreachable|broken pipe|bad gateway|502|503|service unavailable|upstream connect`),
		map[string]float64{"endpoint_changed": 0.75, "network_changed": 0.8, "capacity_lowered": 0.5, "probe_tightened": 0.45, "keepalive_off": 0.3, "switched_off": 0.3, "tls_changed": 0.35, "image_changed": 0.3, "raises_added": 0.3}, false},
	{"format_broken", ErrorsRaised,
		expr(`unmarshal|deserial|parse|json|invalid character|unexpected (token|field|end)|schema|decode|malformed|proto|codec|encoding|bad request|\b4(00|22)\b|valueerror|formatexception|cannot convert|type mismatch`),
		map[string]float64{"format_changed": 0.7, "schema_narrowed": 0.55, "dependency_bumped": 0.4, "time_changed": 0.5, "validation_removed": 0.4, "endpoint_changed": 0.2}, false},
	{"backlog", Slowdown,
		expr(`consumer.?lag|backlog|queue.{0,12}(depth|full|age|length|size)|oldest_?message|iterator_?age|rebalanc|buffer full|dropped|messages_visible|pending`),
		map[string]float64{"concurrency_lowered": 0.85, "capacity_lowered": 0.75, "queue_lowered": 0.8, "batch_lowered": 0.65, "batch_raised": 0.45, "timeout_lowered": 0.5, "interval_raised": 0.6, "sleep_added": 0.6, "lock_added": 0.45,
			"partition_changed": 0.65, "call_in_loop": 0.55, "sync_io_added": 0.5, "remote_call_added": 0.4, "limit_lowered": 0.5, "rate_lowered": 0.6, "error_handling_removed": 0.4}, true},
	{"disk_filled", StorageFull,
		expr(`no space left|disk (full|usage|space)|storage|enospc|volume.{0,12}full|free_?(storage|space)|disk_?(used|free)`),
		map[string]float64{"logging_raised": 0.85, "retention_raised": 0.8, "storage_lowered": 0.85, "release_removed": 0.4, "sampling_raised": 0.4, "grows_unbounded": 0.3, "interval_raised": 0.35}, true},
	{"probe_failed", ProbeFailure,
		expr(`(liveness|readiness|startup|health).{0,12}(probe|check)|unhealthy`),
		map[string]float64{"probe_tightened": 0.9, "timeout_lowered": 0.5, "endpoint_changed": 0.5, "cpu_lowered": 0.4, "sleep_added": 0.4}, false},
	{"image_unavailable", ImagePull,
		expr(`imagepull|errimage|manifest unknown|pull image|image.{0,12}not found`),
		map[string]float64{"image_changed": 0.95, "access_changed": 0.5}, false},
	{"unschedulable", Unschedulable,
		expr(`failedscheduling|insufficient (cpu|memory)|unschedulable|didn'?t match|untolerated taint|pending pod`),
		map[string]float64{"scheduling_changed": 0.85, "cpu_raised": 0.85, "memory_raised": 0.85, "capacity_raised": 0.7, "capacity_lowered": 0.5}, false},
	{"quota_reached", QuotaExceeded,
		expr(`exceeded quota|quota|limitexceeded|service limit`),
		map[string]float64{"quota_changed": 0.9, "cpu_raised": 0.7, "memory_raised": 0.7, "capacity_raised": 0.7, "limit_lowered": 0.5, "rate_lowered": 0.6}, false},
	{"code_fails", ErrorsRaised,
		expr(`panic|exception|traceback|fatal|assert|internal server error|\b500\b|5xx|unhandled|error_rate|error_ratio`),
		map[string]float64{"guard_removed": 0.5, "raises_added": 0.5, "error_handling_removed": 0.5, "validation_removed": 0.4, "bounds_removed": 0.4, "format_changed": 0.3, "env_required": 0.35,
			"schema_narrowed": 0.4, "dependency_bumped": 0.2, "switched_on": 0.2, "switched_off": 0.2, "flag_flipped": 0.15}, false},
}

// supportShare is what a second mechanism that fits as well adds to the best one.
const supportShare = 0.25

// explains matches effects of a change with what the trouble says. It returns the strength and the best pair; another
// mechanism that fits supports it.
func (t *trouble) explains(effects []effect) (strength float64, how mechanism, shown effect, quote troubleText) {
	second := 0.0
	for _, m := range mechanisms {
		said, text := t.says(m.says)
		if said == 0 {
			continue
		}
		best, by := 0.0, effect{}
		for _, e := range effects {
			if s := min(m.effects[e.name]*e.size, 0.95) * (0.4 + 0.6*said); s > best {
				best, by = s, e
			}
		}
		if best > strength {
			second, strength, how, shown, quote = strength, best, m, by, text
		} else {
			second = max(second, best)
		}
	}
	return 1 - (1-strength)*(1-supportShare*second), how, shown, quote
}
