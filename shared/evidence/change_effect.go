package evidence

import (
	"path"
	"strings"
)

// effect is something that a change does to a system, with the line that shows it.
type effect struct {
	name string
	text string
	size float64 // how far a value moved: below 1 for a nudge, above for a change of several times; 1 for what has no size
}

// effectsOf lists what an edit does: values lowered or raised, guards and limits removed, work added. It reads only what
// changed, never titles: a title says what the author meant.
func effectsOf(c Change, e edit) []effect {
	var out []effect
	add := func(name, text string) {
		for _, have := range out {
			if have.name == name && have.text == text {
				return
			}
		}
		out = append(out, effect{name, clip(text, 120), 1})
	}
	for _, s := range e.settings {
		for _, name := range settingEffects(s) {
			add(name, s.text)
			out[len(out)-1].size = s.size()
		}
	}
	for _, r := range lineEffects {
		sides := map[string][]string{"-": e.removed, "+": e.added}
		lines, other := sides[r.side], sides[opposite(r.side)]
		if shown, n := matching(lines, r.line); n > 0 && !(e.rewrites && touches[r.name]) {
			if _, m := matching(other, r.line); n > m || r.both {
				add(r.name, r.side+" "+shown)
			}
		}
	}
	if shown, ok := callInLoop(e.added); ok {
		if _, before := callInLoop(e.removed); !before {
			add("call_in_loop", "+ "+shown)
		}
	}
	for _, f := range e.files {
		for _, r := range fileEffects {
			if r.file.MatchString(strings.ToLower(f)) {
				add(r.name, f)
			}
		}
	}
	if c.Kind == "flag" {
		add("flag_flipped", strings.TrimSpace(c.ID+" "+c.Title))
	}
	if c.Kind == "scaling" {
		add("capacity_changed", strings.TrimSpace(c.ID+" "+c.Title))
	}
	return out
}

func opposite(side string) string {
	if side == "-" {
		return "+"
	}
	return "-"
}

// touches are effects that only say which matter a line is about. In a change that keeps all words of what it replaces they
// say nothing.
var touches = wordSet(`tls_changed endpoint_changed access_changed format_changed heavy_pattern grows_unbounded raises_added timeout_added remote_call_added
	validation_removed error_handling_removed cache_removed retry_removed filter_removed`)

// plainError is the idiom of passing an error on: no guard of a value.
var plainError = expr(`\berr(or)?\b\s*[!=]=\s*nil|catch\s*\(`)

// matching returns the first line that matches and how many do.
func matching(lines []string, want *expression) (shown string, n int) {
	for _, l := range lines {
		if want.MatchString(l) && !plainError.MatchString(l) {
			if n == 0 {
				shown = l
			}
			n++
		}
	}
	return shown, n
}

// settingRule names the effect of moving a value whose name matches. The first rule that fits the name and kind decides.
type settingRule struct {
	name    *expression
	kinds   string // kinds of quantity it is about
	lowered string
	raised  string
}

// Names are matched as words joined by underscores, lower-case: "maxConnIdleTime" is max_conn_idle_time.
var settingRules = []settingRule{
	{expr(`idle|lifetime|keep_?alive_time|health_check`), "duration", "", ""},
	{expr(`backoff|base_delay|retry_delay|retry_wait|jitter`), "duration number", "backoff_lowered", "backoff_raised"},
	{expr(`retry|retries|attempt`), "number", "retries_lowered", "retries_raised"},
	{expr(`initial_delay|failure_threshold|success_threshold|liveness|readiness|startup_probe|grace`), "number duration", "probe_tightened", "probe_loosened"},
	{expr(`ttl|expir|max_age|stale`), "duration number", "ttl_lowered", "ttl_raised"},
	{expr(`timeout|deadline|time_limit|budget|max_wait|acquire_wait`), "duration number", "timeout_lowered", "timeout_raised"},
	{expr(`cache|max_entries|lru|evict`), "number size", "cache_lowered", "cache_raised"},
	{expr(`pool|conn|connection|max_open|max_active|max_idle`), "number", "pool_lowered", "pool_raised"},
	{expr(`mem|memory|heap|xmx|xms|ram\b|maxram`), "size number", "memory_lowered", "memory_raised"},
	{expr(`cpu|vcpu|core`), "number duration size", "cpu_lowered", "cpu_raised"},
	{expr(`capacity_unit|read_capacity|write_capacity|rcu|wcu|iops|throughput|rate|rps|qps|per_(sec|min|hour|day)|burst|throttle|quota|permit|token_bucket|limiter`), "number", "rate_lowered", "rate_raised"},
	{expr(`replica|desired|min_size|max_size|min_capacity|max_capacity|instance_count|instances|task_count|shard|partition|node_count`), "number", "capacity_lowered", "capacity_raised"},
	{expr(`concurren|worker|thread|in_?flight|parallel|prefetch|consumer|semaphore|executor|fanout|goroutine`), "number", "concurrency_lowered", "concurrency_raised"},
	{expr(`batch|page_size|chunk|fetch_size|bulk|max_poll`), "number size", "batch_lowered", "batch_raised"},
	{expr(`queue|buffer|backlog|pending|channel|ring`), "number size", "queue_lowered", "queue_raised"},
	{expr(`interval|period|every|poll|refresh|flush|frequency|cron|schedule`), "duration number", "interval_lowered", "interval_raised"},
	{expr(`storage|disk|volume|allocated`), "size number", "storage_lowered", "storage_raised"},
	{expr(`retention|retain|keep`), "duration number", "retention_lowered", "retention_raised"},
	{expr(`sampl`), "number", "sampling_lowered", "sampling_raised"},
	{expr(`nofile|ulimit|file_desc|open_files`), "number", "files_lowered", "files_raised"},
	{expr(`max|limit|ceiling|cap\b|size|bound`), "number size duration", "limit_lowered", "limit_raised"},
}

var nameBreak = expr(`[^a-z0-9]+`)

func settingEffects(s setting) []string {
	name := strings.Join(splitIdentifier(strings.ReplaceAll(strings.ReplaceAll(s.name, "-", "_"), ".", "_")), "_")
	name = nameBreak.ReplaceAllString(name, "_")
	if s.old.kind == "bool" && s.new.kind == "bool" {
		return switchEffects(name, s.new.value > s.old.value)
	}
	if s.old.kind == "text" || s.new.kind == "text" {
		if strings.Contains(name, "level") && strings.Contains(strings.ToLower(s.new.text), "debug") {
			return []string{"logging_raised"}
		}
		return nil
	}
	for _, r := range settingRules {
		if !strings.Contains(r.kinds, s.old.kind) && !strings.Contains(r.kinds, s.new.kind) || !r.name.MatchString(name) {
			continue
		}
		switch s.direction() {
		case -1:
			return nonEmpty(r.lowered)
		case 1:
			return nonEmpty(r.raised)
		}
		return nil
	}
	return nil
}

// switchRules name what turning a switch means, by words of its name.
var switchRules = []struct {
	name    *expression
	off, on string
}{
	{expr(`cache`), "cache_removed", ""},
	{expr(`keep_?alive|pooling|reuse`), "keepalive_off", ""},
	{expr(`retry|retries`), "retry_removed", "retries_raised"},
	{expr(`async|buffered`), "sync_io_added", "worker_added"},
	{expr(`sync`), "", "sync_io_added"},
	{expr(`debug|verbose|trace`), "", "logging_raised"},
	{expr(`limit|throttl|circuit|breaker`), "limit_removed", "rate_lowered"},
	{expr(`valid|check|verify`), "validation_removed", "raises_added"},
	{expr(`tls|ssl|https`), "tls_changed", "tls_changed"},
	{expr(`auth|require|public|private`), "access_changed", "access_changed"},
}

func switchEffects(name string, on bool) []string {
	out := []string{"switched_off"}
	if on {
		out[0] = "switched_on"
	}
	for _, r := range switchRules {
		if !r.name.MatchString(name) {
			continue
		}
		if on {
			return append(out, nonEmpty(r.on)...)
		}
		return append(out, nonEmpty(r.off)...)
	}
	return out
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// lineRule names the effect of lines that were added or removed and match. It counts only when the other side has fewer
// such lines, unless both is set.
type lineRule struct {
	name string
	side string
	line *expression
	both bool
}

var lineEffects = []lineRule{
	{"guard_removed", "-", expr(`(?i)[!=]==?\s*(nil|null|undefined)\b|\bis (not )?none\b|\bispresent\b|objects\.require|hasownproperty|\?\.|\bif !?ok\b|, ok :?=|\bif not \w+:|!\w+\s*\)\s*(return|throw)`), false},
	{"bounds_removed", "-", expr(`(?i)\bif\b.*(\blen\(|\.length|\.size\(|count\b|<|>)|Math\.(min|max)|\bmin\(|\bmax\(|clamp`), false},
	{"validation_removed", "-", expr(`(?i)valid|sanitize|verif|assert|\bcheck\w*\(`), false},
	{"error_handling_removed", "-", expr(`(?i)\bcatch\b|\brecover\(|\brescue\b|\bexcept\b|fallback|circuit`), false},
	{"limit_removed", "-", expr(`(?i)\blimit\b|\btop\s+\d|\bfetch first\b|\.take\(|page_?size|rownum`), false},
	{"filter_removed", "-", expr(`(?i)\bwhere\b|\.filter\(|\.where\(`), false},
	{"release_removed", "-", expr(`(?i)\.(close|release|unlock|done|stop|shutdown|dispose|free|put|return|rollback|unsubscribe|disconnect)\w*\(|\bcancel\(\)|\bdefer\b|\bfinally\b|\bwith\b.*:$|try\s*\(`), false},
	{"lock_removed", "-", expr(`(?i)mutex|\.r?lock\(|synchronized|atomic|\bfor update\b|semaphore`), false},
	{"lock_added", "+", expr(`(?i)mutex|\.r?lock\(|synchronized|\bfor update\b|\block table\b|serializable|advisory`), false},
	{"cache_removed", "-", expr(`(?i)cache|memoi[sz]e`), false},
	{"retry_removed", "-", expr(`(?i)retr(y|ies)|backoff`), false},
	{"backoff_lowered", "-", expr(`(?i)backoff|\bsleep\(|jitter`), false},
	{"retries_raised", "+", expr(`(?i)\bretr(y|ies)\b|while\s*\(?true|for\s*\{`), false},
	{"timeout_removed", "-", expr(`(?i)timeout|deadline`), false},
	{"timeout_added", "+", expr(`(?i)timeout|deadline`), false},
	{"sleep_added", "+", expr(`(?i)\bsleep\(|time\.After|delay\(|\.wait\(`), false},
	{"index_dropped", "+", expr(`(?i)drop\s+index|drop_index|remove_index`), false},
	{"index_dropped", "-", expr(`(?i)create\s+(unique\s+)?index|add_index|@index`), false},
	{"table_locked", "+", expr(`(?i)alter\s+table|lock\s+table|\bvacuum\s+full|reindex|cluster\b`), true},
	{"schema_narrowed", "+", expr(`(?i)drop\s+(column|table|view)|rename\s+(column|to)|drop_column|remove_column|rename_column|not\s+null|add\s+constraint|check\s*\(`), true},
	{"schema_narrowed", "-", expr(`(?i)create\s+table|add\s+column|add_column`), false},
	{"query_added", "+", expr(`(?i)\bselect\b.*\bfrom\b|\binsert\s+into\b|\bupdate\b\s+\w+\s+set\b|\bdelete\s+from\b|\bjoin\b\s+\w+\s+on\b|\.(query|queryrow|exec|execute|find|findall|findmany|aggregate|scan)\w*\(`), false},
	{"remote_call_added", "+", expr(`(?i)http\.(get|post|do|newrequest)|fetch\(|axios|requests\.|client\.\w+\(|resttemplate|webclient|grpc|\.(invoke|publish|send|call)\w*\(`), false},
	{"wide_query", "+", expr(`(?i)select\s+\*|like\s+'%|cross\s+join|order\s+by\s+rand|findall\(\s*\)|\bscan\(`), false},
	{"heavy_pattern", "+", expr(`(?i)regexp?\b|re\.compile|pattern\.compile|matches\(|sort\(|\.sort|json\.(parse|unmarshal|stringify)|compress|gzip|encrypt|bcrypt|deepcopy`), false},
	{"grows_unbounded", "+", expr(`(?i)append\(|\.push\(|\.add\(|\.put\(|\]\s*=\s*|\.set\(|addlistener|\.on\(|subscribe\(|map\[|new (hash)?map|static.*(list|map)`), false},
	{"worker_added", "+", expr(`(?i)\bgo\s+(func|\w+[.(])|new\s+thread|task\.run|spawn|executor|setinterval|threading|asyncio\.create_task`), false},
	{"sync_io_added", "+", expr(`(?i)fsync|\.sync\(|o_sync|writefilesync|readfilesync|synchronous_commit`), true},
	{"raises_added", "+", expr(`(?i)\bpanic\(|\bthrow\b|\braise\b|\.unwrap\(\)|\.expect\(|\bassert\b|!!|\bmust\w*\(|orelsethrow|log\.fatal|os\.exit`), false},
	{"env_required", "+", expr(`(?i)getenv|process\.env|os\.environ|lookupenv|requireenv|\$\{[A-Z_]+\}|secretkeyref|configmapkeyref`), false},
	{"env_removed", "-", expr(`^\s*-?\s*(name:\s*|environment\.)?"?[A-Z][A-Z0-9_]{2,}"?\s*[:=]?|secretkeyref|configmapkeyref|getenv|process\.env`), false},
	{"access_changed", "+", expr(`(?i)\biam\b|polic(y|ies)|\brole\b|permission|\bgrant\b|\brevoke\b|\bscope|rbac|"?(effect|actions?|principals?|resources?)"?\s*[:=]|authoriz|authenticat|\bdeny\b|forbid|secret|password|passwd|credential|api_?key|token|oauth|jwt|issuer|audience`), true},
	{"access_changed", "-", expr(`(?i)\biam\b|polic(y|ies)|\brole\b|permission|\bgrant\b|\bscope|rbac|"?(effect|actions?|principals?|resources?)"?\s*[:=]|authoriz|authenticat|secret|password|passwd|credential|api_?key|token|oauth|jwt|issuer|audience`), true},
	{"certificate_changed", "+", expr(`(?i)BEGIN CERTIFICATE|not_?after|not_?before|certificate_arn|renew_?before|\.(pem|crt|cer|p12|jks)\b|truststore|keystore|ca_?(bundle|cert|file)|rootcas`), true},
	{"certificate_changed", "-", expr(`(?i)BEGIN CERTIFICATE|not_?after|certificate_arn|renew_?before|\.(pem|crt|cer|p12|jks)\b|truststore|keystore|ca_?(bundle|cert|file)|rootcas`), true},
	{"tls_changed", "+", expr(`(?i)\btls|\bssl|https|cipher|min_?version|insecure|servername|\bsni\b|mtls`), false},
	{"endpoint_changed", "+", expr(`(?i)(host|url|uri|endpoint|addr|address|domain|dns|port|nameserver|cname|upstream|target|bootstrap\w*)"?\s*[:=]|https?://|\bndots\b|dnspolicy|nameserver`), true},
	{"network_changed", "+", expr(`(?i)security_?group|\bsg-|cidr|ingress|egress|\bnacl|subnet|route_?table|networkpolicy|firewall|iptables|\bnat\b|\bvpc\b|peering`), true},
	{"network_changed", "-", expr(`(?i)security_?group|\bsg-|cidr|ingress|egress|\bnacl|subnet|route_?table|networkpolicy|firewall|\bnat\b|peering`), true},
	{"format_changed", "+", expr(`(?i)json:"|@json|serial|marshal|decode|encode|parse|schema|protobuf|proto\.|avro|\bxml\b|strptime|dateformat|time\.parse|content-type|charset|utf-?8|\.proto\b|=\s*\d+;`), false},
	{"format_changed", "+", expr("(?i)(parse|format|strftime|strptime|dateformatter|ofpattern)\\w*\\(.*[\"'`]"), true},
	{"probe_tightened", "+", expr(`(?i)liveness|readiness|startupprobe|health_?check|/health|/ready|httpget|probe`), false},
	{"image_changed", "+", expr(`(?i)^\s*-?\s*image\s*[:=]|^\s*from\s+\S+[:@]|imagetag|image_tag|repository:`), true},
	{"keepalive_off", "+", expr(`(?i)disablekeepalives|keep-?alive.*(false|close|off)|connection:\s*close|maxidleconns\w*\s*[:=]\s*0`), true},
	{"scheduling_changed", "+", expr(`(?i)nodeselector|affinity|toleration|taint|topologyspread|priorityclass|storageclass|resources:|requests:`), true},
	{"quota_changed", "+", expr(`(?i)resourcequota|limitrange|\bhard:|quota`), true},
	{"logging_raised", "+", expr(`(?i)(level|verbosity).*(debug|trace)|setlevel\(.*debug`), true},
	{"time_changed", "+", expr(`(?i)timezone|time\.local|utcnow|\.utc\b|tzinfo|zoneid|setlocale|daylight`), true},
	{"partition_changed", "+", expr(`(?i)partition_?key|hash_?key|shard_?key|sort_?key|group_?id|consumer_?group|offset`), true},
}

// fileRule names the effect of touching a file.
type fileRule struct {
	name string
	file *expression
}

var fileEffects = []fileRule{
	{"dependency_bumped", expr(`(^|/)(go\.mod|go\.sum|package(-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|requirements[\w.-]*\.txt|poetry\.lock|pyproject\.toml|pipfile(\.lock)?|pom\.xml|build\.gradle(\.kts)?|gemfile(\.lock)?|cargo\.(toml|lock)|composer\.(json|lock)|mix\.exs)$`)},
	{"migration", expr(`migrat|\.sql$|/schema\.|liquibase|flyway`)},
	{"certificate_changed", expr(`\.(pem|crt|cer|p12|jks|key)$|cert(ificate)?s?/`)},
	{"image_changed", expr(`(^|/)dockerfile`)},
}

var (
	loopHead = expr(`(?i)^\s*(for|while|foreach)\b|\.(foreach|map|each)\s*\(`)
	loopCall = expr(`(?i)\bctx\b|await |\.(get|fetch|load|find|query|exec|call|invoke|select|lookup|read|list|request|post|put|send|save|insert)\w*\(`)
)

// callInLoop finds a call to something outside within the lines that follow a loop's head.
func callInLoop(lines []string) (string, bool) {
	for i, l := range lines {
		if !loopHead.MatchString(l) {
			continue
		}
		for _, body := range lines[i:min(i+6, len(lines))] {
			if rest := loopHead.ReplaceAllString(body, ""); loopCall.MatchString(rest) && !strings.Contains(rest, "range") && !strings.Contains(rest, "append(") {
				return body, true
			}
		}
	}
	return "", false
}

var (
	docFile   = expr(`(?i)\.(md|rst|adoc|txt)$|(^|/)docs?/|documentation/|(^|/)(readme|changelog|license|codeowners|authors|contributing)|runbook`)
	testFile  = expr(`(?i)_test\.\w+$|(^|/)tests?/|testdata/|\.(test|spec)\.\w+$|(^|/)test_|fixtures?/|__tests__|golden`)
	toolFile  = expr(`(?i)(^|/)\.(github|gitlab|circleci|vscode|idea|editorconfig|gitignore|golangci|eslint|prettier)|\.gitlab-ci|jenkinsfile|(^|/)makefile$|lint`)
	styleFile = expr(`(?i)\.(css|scss|sass|less|svg|png|jpe?g|gif|ico|woff2?)$|theme\.\w+$`)
	needsText = expr(`(?i)requirements[\w.-]*\.txt$|robots\.txt$`)
	logLine   = expr(`(?i)\blog(ger|ging|rus)?\b\s*[.(]|\blog_(debug|info|warn|error|trace)|console\.(log|warn|error|info|debug)|\bprintf?\w*\(|\bslog\.|\bfmt\.print|^\s*"[^"]*",?$`)
	gaugeLine = expr(`(?i)prometheus|metrics?[._]|\.(inc|observe|dec)\(|counter|histogram|gauge|span\.|setattributes|tracer|otel|statsd|telemetry`)
)

// inertness says why a change cannot have an effect at run time; empty when it may have one.
func inertness(c Change, e edit) string {
	if len(e.files) > 0 {
		kinds := map[string]bool{}
		for _, f := range e.files {
			kinds[fileKind(f)] = true
		}
		if !kinds["code"] {
			switch {
			case len(kinds) == 1 && kinds["style"]:
				return "only_styling"
			default:
				return "only_docs_or_tests"
			}
		}
	}
	if c.Diff == "" || len(c.Parameters) > 0 {
		return ""
	}
	lines := append(append([]string{}, e.removed...), e.added...)
	if len(lines) == 0 {
		return "moved_only"
	}
	all := func(want *expression) bool {
		for _, l := range lines {
			if !want.MatchString(l) && strings.Trim(l, "{}()[];, \t") != "" {
				return false
			}
		}
		return true
	}
	switch {
	case all(logLine) && !strings.Contains(strings.Join(e.added, " "), "panic"):
		return "only_logging"
	case all(gaugeLine):
		return "only_instrumentation"
	}
	return ""
}

func fileKind(f string) string {
	switch {
	case needsText.MatchString(f):
		return "code"
	case docFile.MatchString(f), testFile.MatchString(f), toolFile.MatchString(f):
		return "side"
	case styleFile.MatchString(f):
		return "style"
	case path.Ext(f) == ".html" || path.Ext(f) == ".tmpl":
		return "style"
	}
	return "code"
}
