package evidence

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// wordRule reads a well-known wording of databases, orchestrators, clouds, runtimes and protocols. They are documented error
// texts and reason codes of the vendors: PostgreSQL appendix A, MySQL error reference, Kubernetes event reasons, AWS common
// errors and RDS event messages, RFC 5280 and OpenSSL verification errors, getaddrinfo(3).
type wordRule struct {
	category Category
	score    float64
	text     *expression
	external bool
	effects  []string
}

// Effects of changes by which a condition from outside may be home-made after all.
var (
	fillers    = strings.Fields("logging_raised retention_raised storage_lowered release_removed grows_unbounded sampling_raised interval_raised table_locked migration switched_on")
	amplifiers = strings.Fields(`rate_lowered capacity_lowered retries_raised backoff_lowered interval_lowered call_in_loop concurrency_raised concurrency_lowered cache_removed ttl_lowered
		cache_lowered batch_lowered batch_raised worker_added limit_lowered limit_removed quota_changed partition_changed query_added remote_call_added timeout_lowered pool_raised`)
	growers = strings.Fields("quota_changed cpu_raised memory_raised capacity_raised capacity_changed limit_lowered rate_lowered concurrency_raised scheduling_changed storage_raised")
)

var wordRules = []wordRule{
	// expiry
	{Expiry, 0.92, expr(`certificate (has |is |was )?(expired|not yet valid)|certificate_?expired|cert(ificate)? expir(ed|y)|x509: certificate has expired|err_cert_date|self.?signed cert.*expired|notafter=\S+ is expired`), true, []string{"certificate_changed"}},
	{Expiry, 0.85, expr(`expiredtoken|token (has |is )?expired|credentials? (have |has |are )?expired|requestexpired|security token included in the request is expired|password (has )?expired|licen[cs]e (has )?expired|(api )?key (has )?expired|secret.{0,20}expired`), true, []string{"access_changed", "time_changed", "ttl_lowered"}},
	// storage
	{StorageFull, 0.95, expr(`no space left on device|ran out of storage space|storage[- ]?full|enospc|disk (is )?full|could not extend file|disk quota exceeded|no free (disk )?space|volume is full|errno 28`), true, fillers},
	{StorageFull, 0.5, expr(`free storage capacity .{0,40}(is low|less than|consumed)|allocated storage has been exhausted|storage.{0,30}(critical|9[5-9] ?%|100 ?%)|diskpressure|disk pressure|watermark.{0,20}exceeded`), false, nil},
	{StorageFull, 0.2, expr(`low storage|storage space`), false, nil},
	// failover
	{Failover, 0.9, expr(`multi-az (instance )?failover (has been |was )?(initiated|started|in progress|begun)|failover (initiated|started|in progress)|started cross az failover|promot(ed|ing) .{0,30}to (primary|writer|master)`), true, []string{"network_changed", "migration"}},
	{Failover, 0.75, expr(`(finished|completed) (a )?multi-az (instance )?failover|multi-az (instance )?failover (has )?(completed|finished)|failover complete`), false, nil},
	{Failover, 0.5, expr(`the database system is (starting up|shutting down|in recovery)|terminating connection due to administrator command|read-only transaction|not (the )?(master|primary|leader)|notwriteableprimary|cannot execute .{0,20}in a read-only|db instance (was )?(restarted|rebooted)|recovery of the db instance (has )?(started|begun)`), false, nil},
	// replication
	{ReplicationLag, 0.85, expr(`replication lag .{0,60}exceeded|replica(tion)? (is )?(significantly |far )?(behind|lagging)|replica.{0,20}lag.{0,30}(exceed|high|critical)|seconds_behind_master|canceling statement due to conflict with recovery|replication (has )?(stopped|broken|error)|wal segment .{0,40}removed`), false, nil},
	// connections
	{ConnectionExhaustion, 0.92, expr(`remaining connection slots are reserved|too many (clients|connections)|max_connections (limit )?(reached|exceeded)|user .{0,40}max_user_connections|er_con_count|connection limit (exceeded|reached)|too many open connections`), false, nil},
	{ConnectionExhaustion, 0.6, expr(`approaching max_connections|connections? .{0,30}(9\d|100) ?%|max_connections limit`), false, nil},
	{ConnectionExhaustion, 0.9, expr(`pool.{0,30}(exhausted|timed? ?out)|(timeout|timed out|deadline exceeded|waited|waiting|unable|could not|cannot|failed).{0,40}(acquir|obtain|check(ing)? ?out|borrow|get(ting)?|wait(ing)? for)\w*.{0,25}connection|connection is not available, request timed out|queuepool limit|no (free|available) connections? in (the )?pool|connection pool (is )?(full|exhausted|saturated)|hikaripool.{0,40}(not available|timeout)`), false, nil},
	{ConnectionExhaustion, 0.7, expr(`too many open files|emfile|cannot assign requested address|unable to create new native thread|resource temporarily unavailable`), false, nil},
	// throttling and quotas
	{QuotaExceeded, 0.95, expr(`exceeded quota|resourcequota|forbidden: exceeded|servicequotaexceeded|limitexceededexception|vcpulimitexceeded|instancelimitexceeded|quota .{0,30}(exceeded|reached)|insufficient.?instance.?capacity|addresslimitexceeded`), true, growers},
	{Throttling, 0.9, expr(`provisionedthroughputexceeded|throttlingexception|throttled|requestlimitexceeded|rate exceeded|too ?many ?requests|\b429\b|throughput exceeds the current capacity|write_?throttle|read_?throttle|requestthrottled|bandwidthlimitexceeded|rate limit(ed| exceeded)|resource_exhausted`), true, amplifiers},
	// memory
	{MemoryExhaustion, 0.95, expr(`oomkill|oom-kill|out of memory|outofmemory|cannot allocate memory|memory cgroup out of memory|java heap space|gc overhead limit|exit(ed)?.{0,12}code:?\s*137|exit_code=137|fatal error: runtime: out of memory|allocation failed - javascript heap|memoryerror|std::bad_alloc|enomem|sqlstate 53200|runtime exited with error: signal: killed`), false, nil},
	{MemoryExhaustion, 0.6, expr(`memorypressure|memory pressure|evicted.{0,60}memory|low on resource: memory`), false, nil},
	// images, scheduling, probes, nodes, rollouts
	{ImagePull, 0.95, expr(`imagepullbackoff|errimagepull|failed to pull image|back-off pulling image|manifest unknown|invalidimagename|pull access denied|cannotpullcontainererror|repository does not exist or may require|toomanyrequests: you have reached your pull rate limit`), false, nil},
	{Unschedulable, 0.92, expr(`failedscheduling|\d+/\d+ nodes are available|insufficient (cpu|memory|pods|ephemeral|nvidia)|didn'?t match (pod'?s )?node (affinity|selector)|untolerated taint|unschedulable|unable to place a task|no container instance met|pod has unbound|unbound immediate persistentvolumeclaims`), false, nil},
	{ProbeFailure, 0.88, expr(`(liveness|readiness|startup) probe (failed|errored)|failed (liveness|readiness|startup) probe|failed (elb|container|target group) health checks|health checks failed with`), false, nil},
	{NodeNotReady, 0.95, expr(`nodenotready|node .{0,60}(is )?not ?ready|nodestatusunknown|kubelet stopped posting node status|node .{0,40}status is now: nodenotready|instance status check failed|system status check failed|node .{0,30}unreachable`), true, []string{"scheduling_changed", "capacity_lowered", "network_changed", "memory_lowered"}},
	{RolloutStuck, 0.93, expr(`progressdeadlineexceeded|exceeded its progress deadline|rollout (is )?(stalled|stuck|blocked)|deployment circuit breaker|tasks failed to start|rollout .{0,40}no progress`), false, nil},
	// names and networks
	{DNSFailure, 0.92, expr(`getaddrinfo|enotfound|eai_again|no such host|nxdomain|servfail|temporary failure in name resolution|name or service not known|could not resolve (host|hostname)|unable to resolve|unknownhostexception|name resolution (failed|failure)|dns (lookup|resolution|query) .{0,20}(fail|error|timeout|timed out)|server misbehaving|lookup \S+ on \S+:53`), true, []string{"endpoint_changed", "network_changed"}},
	{NetworkLatency, 0.4, expr(`connection (timed out|reset)|etimedout|econnreset|i/o timeout|no route to host|packet loss|network is unreachable`), false, nil},
	// processor
	{CPUSaturation, 0.5, expr(`cpu utili[sz]ation .{0,40}(above|exceeded|sustained).{0,10}([89]\d|100)|cpu credit balance .{0,20}(exhausted|0\b)`), false, nil},
	// own failures
	{ErrorsRaised, 0.5, expr(`panic:|nil pointer|nullpointerexception|unhandled exception|traceback \(most recent|segmentation fault|sigsegv|crashloopbackoff|does not exist|undefined (column|table|method)|is not defined|configuration error|assertion failed`), false, nil},
	{Slowdown, 0.3, expr(`slow (query|request)|statement timeout|deadlock detected|lock wait timeout|lock timeout`), false, nil},
}

// doneWords mark a text as the end of something, not its presence.
var doneWords = expr(`\b(resolved|recovered|restored|successfully|subsequently|no longer|cleared|is available|has finished|completed|complete\b|is now (ready|running|healthy))`)

// eventClues reads platform events and states by their wording.
func eventClues(in Input, t *trouble) []clue {
	var out []clue
	healthy := healthyObjects(in)
	for _, s := range in.Statuses {
		if s.Kind == "provider" || s.Kind == "pod" || s.Kind == "node" || s.Kind == "monitor" || s.Kind == "statement" || s.Kind == "wait" {
			continue // read by rules of their own
		}
		text := strings.ToLower(s.Reason + " " + s.Message)
		if !t.current(s.Time) || healthy[s.Fields["object"]] || t.superseded(in, s) {
			continue
		}
		for _, r := range wordRules {
			if !r.text.MatchString(text) {
				continue
			}
			score := r.score
			if r.category == Failover && doneWords.MatchString(text) && !t.start.IsZero() && !s.Time.IsZero() && s.Time.Before(t.start.Add(-recentAfter)) {
				continue
			}
			if doneWords.MatchString(text) && r.category != Failover {
				score *= 0.3
			}
			out = append(out, clue{component: s.Component, category: r.category, score: score, at: s.Time, external: r.external, effects: r.effects,
				reason: Reason{Name: "platform_event", Detail: "the platform reports " + quote(strings.TrimSpace(s.Reason+" "+s.Message)), Refs: nonEmpty(s.Ref)}})
			break
		}
	}
	return out
}

// superseded says whether a later event of the same component says that what this one reports is over, before trouble began.
func (t *trouble) superseded(in Input, s Status) bool {
	if s.Time.IsZero() {
		return false
	}
	for _, later := range in.Statuses {
		if later.Component == s.Component && later.Kind == s.Kind && later.Time.After(s.Time) && (t.start.IsZero() || later.Time.Before(t.start.Add(-resolvedGrace))) &&
			doneWords.MatchString(strings.ToLower(later.Message)) {
			return true
		}
	}
	return false
}

const maxWording = 600 // bytes of a line that are read for wording

// wordClues reads log patterns that came with the trouble, and severe lines where nothing tells before from after.
func wordClues(in Input, t *trouble, found []Pattern) []clue {
	var out []clue
	for _, p := range found {
		if p.Kind != patternNew && p.Kind != patternMore {
			continue
		}
		text := strings.ToLower(p.Example[:min(len(p.Example), maxWording)])
		if !p.Severe && (!severeText(text) || doneWords.MatchString(text)) {
			continue
		}
		for _, r := range wordRules {
			if !r.text.MatchString(text) || !p.Severe && r.score < 0.85 {
				continue
			}
			score := r.score
			if !p.Severe {
				score *= 0.5
			}
			out = append(out, clue{component: p.Component, category: r.category, score: score, at: p.First, external: r.external, effects: r.effects,
				reason: Reason{Name: "log_wording", Detail: "its log says " + quote(p.Example), Refs: p.Refs}})
			break
		}
	}
	for _, a := range in.Alarms {
		text := strings.ToLower(a.Text)
		for _, r := range wordRules {
			if !a.Recovered && r.text.MatchString(text) {
				out = append(out, clue{component: a.Component, category: r.category, score: 0.5 * r.score, at: a.Time, external: r.external, effects: r.effects,
					reason: Reason{Name: "alarm_wording", Detail: "the alarm says " + quote(a.Text), Refs: nonEmpty(a.Ref)}})
				break
			}
		}
	}
	return out
}

var (
	// externalHost finds host names in error texts.
	externalHost = expr(`\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|co|cloud|app|ai|gov|edu|de|uk|eu|jp|us)\b`)
	insideHost   = expr(`\.(svc|local|internal|cluster|lan|corp|intra|home)\b|localhost|\.compute\.|\.rds\.|\.elb\.|\.cache\.|example\.`)
	serverFault  = expr(`\b50[0234]\b|service ?unavailable|internal ?(server )?error|slowdown|bad gateway|gateway time-?out|deadline|timed? ?out|timeout|refused|reset|unreachable|outage|degraded|overloaded|unavailable`)
	providerBad  = expr(`degrad|outage|disrupt|impair|down\b|investigating|identified|monitoring|major|critical|partial|increased error|elevated|unavailable|incident|maintenance|issue`)
	providerGood = expr(`^(operational|operating.normally|ok|available|none|resolved|healthy|normal|up|completed)$`)
)

// outsideClues looks for causes outside the system: a provider that reports trouble of its own, and errors on calls to hosts
// that are no component, while the components have no failure of their own to show.
func outsideClues(in Input, t *trouble, found []Pattern) []clue {
	var out []clue
	texts := strings.Builder{}
	for _, p := range found {
		if p.Severe && (p.Kind == patternNew || p.Kind == patternMore) {
			texts.WriteString(strings.ToLower(p.Example) + "\n")
		}
	}
	said := texts.String()
	for _, s := range in.Statuses {
		state := strings.ToLower(strings.TrimSpace(s.Reason))
		if s.Kind != "provider" || providerGood.MatchString(strings.ReplaceAll(state, "_", "-")) || !providerBad.MatchString(strings.ReplaceAll(state+" "+strings.ToLower(s.Message), "_", " ")) {
			continue
		}
		score := 0.45
		if s.Time.IsZero() {
			score = 0.35
		} else if !t.start.IsZero() {
			if s.Time.After(t.start.Add(recentAfter)) || s.Time.Before(t.start.Add(-6*time.Hour)) {
				continue
			}
			score = 0.6
		}
		if mentions(said, s) {
			score += 0.33
		}
		out = append(out, clue{component: s.Component, category: DependencyFailure, score: score, at: s.Time, external: true, effects: []string{"endpoint_changed"},
			reason: Reason{Name: "provider_reports_trouble", Detail: "its provider reports " + quote(s.Reason+": "+s.Message), Refs: nonEmpty(s.Ref)}})
	}
	return append(out, hostClues(in, found)...)
}

// mentions says whether errors speak of a provider's component: by its host, its name or the words of its message.
func mentions(said string, s Status) bool {
	texts := []string{s.Component, s.Message}
	for _, v := range s.Fields {
		texts = append(texts, v)
	}
	for _, text := range texts {
		for _, w := range componentWords(text) {
			if len(w) >= 2 && regexp.MustCompile(`(^|[^a-z0-9])`+regexp.QuoteMeta(w)+`($|[^a-z0-9])`).MatchString(said) && !commonWords[w] && !providerWords[w] {
				return true
			}
		}
	}
	return false
}

var providerWords = wordSet("amazon aws cloud google azure east west north south central region error latency increased elevated unavailable degraded partial outage investigating dashboard issue simple web elastic")

// hostClues counts severe patterns that name a host outside the system with a fault on its side.
func hostClues(in Input, found []Pattern) []clue {
	var out []clue
	for _, p := range found {
		text := strings.ToLower(p.Example)
		if !p.Severe || p.Kind != patternNew && p.Kind != patternMore || !serverFault.MatchString(text) {
			continue
		}
		for _, host := range externalHost.FindAllString(text, 4) {
			if insideHost.MatchString(host) || knownComponent(in, host) {
				continue
			}
			out = append(out, clue{component: host, category: DependencyFailure, score: 0.62, at: p.First, external: true, effects: []string{"endpoint_changed", "network_changed", "timeout_lowered", "access_changed"},
				reason: Reason{Name: "outside_host_fails", Detail: p.Component + " gets faults from outside: " + quote(p.Example), Refs: p.Refs}})
			break
		}
	}
	return out
}

// knownComponent says whether a host is one of the system's own components with telemetry of its own.
func knownComponent(in Input, host string) bool {
	for _, s := range in.Metrics {
		if s.Component == host {
			return true
		}
	}
	return slices.ContainsFunc(in.Logs, func(l LogLine) bool { return l.Component == host })
}
