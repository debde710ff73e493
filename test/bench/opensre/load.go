// Package opensre translates and scores the AWS-shaped scenarios of Tracer-Cloud/opensre (Apache-2.0): what kind of failure
// an RDS or EKS workload has, or none. scenario.yml's failure_mode and answer.yml are labels, read by the scorer only. Of
// alert.json only the names of the resources that it is about are kept: its title, alert name, severity, state, annotations and
// failure mode name the answer.
package opensre

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

// scenario is one folder of an archive; base is the folder from which absent evidence is inherited, empty for none.
type scenario struct {
	name       string // engine/id
	mode       string // label
	root, base string
	zip        archive.Zip
}

// scenarios discovers every folder with a scenario.yml in every archive below dir, by name. The caller closes what shut
// closes. What cannot be read is named in the error.
func scenarios(dir string) (out []scenario, shut func(), err error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	for _, z := range zips {
		for _, n := range z.Names(func(n string) bool { return path.Base(n) == "scenario.yml" }) {
			s, err := open(z, path.Dir(n))
			failed = append(failed, err)
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b scenario) int { return strings.Compare(a.name, b.name) })
	if err = errors.Join(failed...); err == nil && len(out) == 0 {
		err = fmt.Errorf("no scenario.yml in any archive of %s: see its README for the layout", dir)
	}
	return out, func() {
		for _, z := range zips {
			_ = z.Close() // read only
		}
	}, err
}

func open(z archive.Zip, folder string) (scenario, error) {
	s := scenario{name: path.Join(path.Base(path.Dir(folder)), path.Base(folder)), root: folder, zip: z}
	data, err := z.Read(path.Join(folder, "scenario.yml"))
	if err != nil {
		return s, err
	}
	var meta struct {
		Base string `yaml:"base"`
		Mode string `yaml:"failure_mode"`
	}
	if err := yaml.Unmarshal(data, &meta); err != nil {
		return s, fmt.Errorf("%s/scenario.yml: %w", folder, err)
	}
	s.mode = meta.Mode
	if meta.Base != "" {
		s.base = path.Join(path.Dir(folder), meta.Base)
	}
	return s, nil
}

// read returns an evidence file, the base's when the scenario has none, nil when neither has.
func (s scenario) read(name string) ([]byte, error) {
	for _, folder := range []string{s.root, s.base} {
		if file := path.Join(folder, name); folder != "" && s.zip.Has(file) {
			return s.zip.Read(file)
		}
	}
	return nil, nil
}

// load translates one scenario. What cannot be read is named in the error, the rest is returned with it.
func (s scenario) load() (evidence.Input, error) {
	l := loader{}
	var failed []error
	for _, step := range []struct {
		file string
		read func([]byte) error
	}{
		{"alert.json", l.alert}, {"eks_deployments.json", l.deployments}, {"eks_pods.json", l.pods}, {"eks_events.json", l.events}, {"eks_node_health.json", l.nodes},
		{"eks_pod_logs.json", l.podLogs}, {"datadog_logs.json", l.logs}, {"datadog_monitors.json", l.monitors},
		{"aws_rds_events.json", l.rdsEvents}, {"aws_performance_insights.json", l.insights},
	} {
		data, err := s.read(step.file)
		if err == nil && data != nil {
			err = step.read(data)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s/%s: %w", s.name, step.file, err))
		}
	}
	if err := s.metrics(&l); err != nil {
		failed = append(failed, fmt.Errorf("%s: metrics: %w", s.name, err))
	}
	l.in.Window.From, l.in.Window.To = l.from, l.to
	return l.in, errors.Join(failed...)
}

// metrics reads aws_cloudwatch_metrics.json, or one file per metric, own ones before inherited ones.
func (s scenario) metrics(l *loader) error {
	var failed []error
	for _, folder := range []string{s.root, s.base} {
		var own []string
		if folder != "" {
			own = slices.DeleteFunc(s.zip.In(folder), func(n string) bool { return !strings.HasPrefix(path.Base(n), "aws_cloudwatch_metrics") })
		}
		for _, n := range own {
			data, err := s.zip.Read(n)
			if err == nil {
				err = l.cloudwatch(data)
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", n, err))
			}
		}
		if len(own) > 0 {
			break
		}
	}
	return errors.Join(failed...)
}

// loader collects the parts.
type loader struct {
	in        evidence.Input
	from, to  time.Time
	workloads []string
}

func (l *loader) see(t time.Time) {
	if t.IsZero() {
		return
	}
	if l.from.IsZero() || t.Before(l.from) {
		l.from = t
	}
	if t.After(l.to) {
		l.to = t
	}
}

func when(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// alert keeps who the alert is about and nothing of what it says.
func (l *loader) alert(data []byte) error {
	var a struct {
		Annotations map[string]any `json:"commonAnnotations"`
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return err
	}
	for _, key := range []string{"kube_deployment", "db_instance_identifier", "db_instance"} {
		if name := text(a.Annotations[key]); name != "" {
			l.workloads = append(l.workloads, name)
			l.in.Alarms = append(l.in.Alarms, evidence.Alarm{Component: name, Ref: "alert.json"})
			break
		}
	}
	if replica, primary := text(a.Annotations["read_replica"]), text(a.Annotations["db_instance_identifier"]); replica != "" && primary != "" {
		l.in.Dependencies = append(l.in.Dependencies, evidence.Dependency{Caller: replica, Callee: primary, Kind: "replica_of", Ref: "alert.json"})
	}
	return nil
}

// workload is the deployment that a pod belongs to by its name, else the name itself.
func (l *loader) workload(pod string) string {
	best := pod
	for _, w := range l.workloads {
		if strings.HasPrefix(pod, w+"-") && (best == pod || len(w) > len(best)) {
			best = w
		}
	}
	return best
}

func (l *loader) deployments(data []byte) error {
	var doc struct {
		Deployments []map[string]any `json:"deployments"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, d := range doc.Deployments {
		name := text(d["name"])
		if !slices.Contains(l.workloads, name) {
			l.workloads = append(l.workloads, name)
		}
		l.in.Statuses = append(l.in.Statuses, evidence.Status{Component: name, Kind: "deployment", Fields: flat(d), Ref: "eks_deployments.json"})
	}
	return nil
}

func (l *loader) pods(data []byte) error {
	var doc struct {
		Pods []map[string]any `json:"pods"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, p := range doc.Pods {
		l.in.Statuses = append(l.in.Statuses, evidence.Status{Component: l.workload(text(p["name"])), Kind: "pod", Fields: flat(p), Ref: "eks_pods.json"})
	}
	return nil
}

func (l *loader) nodes(data []byte) error {
	var doc struct {
		Nodes []map[string]any `json:"nodes"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, n := range doc.Nodes {
		l.in.Statuses = append(l.in.Statuses, evidence.Status{Component: text(n["name"]), Kind: "node", Fields: flat(n), Ref: "eks_node_health.json"})
	}
	return nil
}

func (l *loader) events(data []byte) error {
	var doc struct {
		Events []struct {
			Reason  string `json:"reason"`
			Message string `json:"message"`
			Count   int    `json:"count"`
			Object  string `json:"involved_object"`
			First   string `json:"first_time"`
			Last    string `json:"last_time"`
		} `json:"warning_events"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, e := range doc.Events {
		l.see(when(e.First))
		l.see(when(e.Last))
		_, name, _ := strings.Cut(e.Object, "/")
		l.in.Statuses = append(l.in.Statuses, evidence.Status{Time: when(e.Last), Component: l.workload(name), Kind: "event", Reason: e.Reason, Message: e.Message, Count: e.Count,
			Fields: map[string]string{"object": e.Object, "first": e.First}, Ref: "eks_events.json"})
	}
	return nil
}

func (l *loader) podLogs(data []byte) error {
	var doc struct {
		Pod  string `json:"pod_name"`
		Logs string `json:"logs"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	var at time.Time
	for _, row := range strings.Split(doc.Logs, "\n") {
		if strings.TrimSpace(row) == "" {
			continue
		}
		line := evidence.LogLine{Component: l.workload(doc.Pod), Message: row, Ref: "eks_pod_logs.json"}
		if stamp, rest, ok := strings.Cut(row, " "); ok && !when(stamp).IsZero() {
			at = when(stamp)
			line.Message = rest
			if level, message, ok := strings.Cut(rest, " "); ok && level == strings.ToUpper(level) {
				line.Level, line.Message = level, message
			}
		}
		line.Time = at
		l.see(at)
		l.in.Logs = append(l.in.Logs, line)
	}
	return nil
}

func (l *loader) logs(data []byte) error {
	var doc struct {
		Logs []struct {
			Timestamp string `json:"timestamp"`
			Message   string `json:"message"`
			Status    string `json:"status"`
			Service   string `json:"service"`
		} `json:"logs"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, r := range doc.Logs {
		l.see(when(r.Timestamp))
		l.in.Logs = append(l.in.Logs, evidence.LogLine{Time: when(r.Timestamp), Component: r.Service, Level: r.Status, Message: r.Message, Ref: "datadog_logs.json"})
	}
	return nil
}

func (l *loader) monitors(data []byte) error {
	var doc struct {
		Monitors []struct {
			Name    string   `json:"name"`
			Message string   `json:"message"`
			State   string   `json:"overall_state"`
			Tags    []string `json:"tags"`
		} `json:"monitors"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, m := range doc.Monitors {
		component := ""
		for _, tag := range m.Tags {
			if key, value, ok := strings.Cut(tag, ":"); ok && (key == "service" || key == "kube_deployment" || key == "kube_pod") {
				component = l.workload(value)
			}
		}
		if strings.EqualFold(m.State, "OK") {
			l.in.Statuses = append(l.in.Statuses, evidence.Status{Component: component, Kind: "monitor", Reason: m.State, Message: m.Name, Ref: "datadog_monitors.json"})
			continue
		}
		l.in.Alarms = append(l.in.Alarms, evidence.Alarm{Component: component, Text: m.Name + ": " + m.Message, Severity: m.State, Ref: "datadog_monitors.json"})
	}
	return nil
}

func (l *loader) cloudwatch(data []byte) error {
	type result struct {
		Metric     string           `json:"metric_name"`
		Dimensions []map[string]any `json:"dimensions"`
		Stat       string           `json:"stat"`
		Unit       string           `json:"unit"`
		Timestamps []string         `json:"timestamps"`
		Values     evidence.Values  `json:"values"` // null: no data
	}
	var doc struct {
		result
		Results []result `json:"metric_data_results"`
		Metrics []result `json:"metrics"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, r := range append(append([]result{doc.result}, doc.Results...), doc.Metrics...) {
		if r.Metric == "" {
			continue
		}
		s := evidence.Series{Metric: r.Metric, Statistic: r.Stat, Unit: r.Unit, Ref: "cloudwatch"}
		for _, d := range r.Dimensions {
			s.Component = text(d["Value"])
		}
		for i := range min(len(r.Timestamps), len(r.Values)) {
			if at := when(r.Timestamps[i]); !at.IsZero() {
				l.see(at)
				s.Times = append(s.Times, at.UnixMilli())
				s.Values = append(s.Values, r.Values[i])
			}
		}
		l.in.Metrics = append(l.in.Metrics, s)
	}
	return nil
}

func (l *loader) rdsEvents(data []byte) error {
	var doc struct {
		Events []struct {
			Date       string   `json:"date"`
			Message    string   `json:"message"`
			Source     string   `json:"source_identifier"`
			Categories []string `json:"event_categories"`
		} `json:"events"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	for _, e := range doc.Events {
		l.in.Statuses = append(l.in.Statuses, evidence.Status{Time: when(e.Date), Component: e.Source, Kind: "database", Reason: strings.Join(e.Categories, ", "), Message: e.Message, Ref: "rds_events"})
	}
	return nil
}

// insights are Performance Insights: the load as a metric, wait events and statements as statuses with their load.
func (l *loader) insights(data []byte) error {
	type share struct {
		Name      string  `json:"name"`
		Statement string  `json:"statement"`
		Load      float64 `json:"db_load_avg"`
		Waits     []share `json:"wait_events"`
	}
	var doc struct {
		Instance string `json:"db_instance_identifier"`
		Load     struct {
			Timestamps []string        `json:"timestamps"`
			Values     evidence.Values `json:"values"`
		} `json:"db_load"`
		SQL   []share `json:"top_sql"`
		Waits []share `json:"top_wait_events"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	load := evidence.Series{Component: doc.Instance, Metric: "DBLoad", Statistic: "Average", Ref: "performance_insights"}
	for i := range min(len(doc.Load.Timestamps), len(doc.Load.Values)) {
		if at := when(doc.Load.Timestamps[i]); !at.IsZero() {
			load.Times = append(load.Times, at.UnixMilli())
			load.Values = append(load.Values, doc.Load.Values[i])
		}
	}
	l.in.Metrics = append(l.in.Metrics, load)
	for kind, list := range map[string][]share{"wait": doc.Waits, "statement": doc.SQL} {
		total := 0.0
		for _, w := range list {
			total += w.Load
		}
		for _, w := range list {
			fields := map[string]string{"load": strconv.FormatFloat(w.Load, 'g', 6, 64)}
			if total > 0 {
				fields["share"] = strconv.FormatFloat(w.Load/total, 'g', 4, 64)
			}
			for _, inner := range w.Waits {
				fields["wait."+inner.Name] = strconv.FormatFloat(inner.Load, 'g', 6, 64)
			}
			l.in.Statuses = append(l.in.Statuses, evidence.Status{Component: doc.Instance, Kind: kind, Reason: w.Name, Message: w.Statement, Fields: fields, Ref: "performance_insights"})
		}
	}
	sort.SliceStable(l.in.Statuses, func(i, j int) bool { return l.in.Statuses[i].Kind < l.in.Statuses[j].Kind })
	return nil
}

// flat joins nested fields by dots.
func flat(m map[string]any) map[string]string {
	out := map[string]string{}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(prefix+"."+k, x)
			}
		case []any:
			for i, x := range v {
				walk(prefix+"."+strconv.Itoa(i), x)
			}
		default:
			out[strings.TrimPrefix(prefix, ".")] = text(v)
		}
	}
	walk("", m)
	return out
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
