package evidence

import (
	"fmt"
	"strconv"
	"strings"
)

// States of an orchestrator: pods, nodes, deployments. Sources give them as statuses with fields; a state without a time is
// the present one. Nested fields are joined by dots.

// field returns the first field whose name ends in one of the given names.
func field(s Status, names ...string) string {
	for _, name := range names {
		if v, ok := s.Fields[name]; ok {
			return v
		}
	}
	for _, name := range names {
		best := ""
		for k, v := range s.Fields {
			if strings.HasSuffix(k, "."+name) && v != "" && (best == "" || v < best) {
				best = v
			}
		}
		if best != "" {
			return best
		}
	}
	return ""
}

// fieldsWith returns every field value whose name ends in name.
func fieldsWith(s Status, name string) []string {
	var out []string
	for k, v := range s.Fields {
		if k == name || strings.HasSuffix(k, "."+name) {
			out = append(out, v)
		}
	}
	return out
}

func isTrue(v string) bool { return strings.EqualFold(v, "true") }

// leaving says whether a pod is on its way out: what it does no longer matters.
func leaving(s Status) bool {
	return field(s, "deletion_timestamp", "deletionTimestamp") != "" || strings.EqualFold(s.Reason, "Terminating") || strings.EqualFold(field(s, "phase"), "Succeeded")
}

// podHealthy says whether a pod runs with all its containers ready.
func podHealthy(s Status) bool {
	if !strings.EqualFold(field(s, "phase"), "Running") {
		return false
	}
	for _, r := range fieldsWith(s, "ready") {
		if !isTrue(r) {
			return false
		}
	}
	return true
}

// healthyObjects are the objects whose present state is good or no longer matters: events about them are history.
func healthyObjects(in Input) map[string]bool {
	out := map[string]bool{}
	for _, s := range in.Statuses {
		name := field(s, "name")
		if name == "" {
			continue
		}
		switch s.Kind {
		case "pod":
			if leaving(s) || podHealthy(s) && restarts(s) == 0 {
				out["Pod/"+name] = true
			}
		case "node":
			if isTrue(field(s, "ready")) {
				out["Node/"+name] = true
			}
		}
	}
	return out
}

func restarts(s Status) int {
	most := 0
	for _, v := range fieldsWith(s, "restart_count") {
		if n, err := strconv.Atoi(v); err == nil {
			most = max(most, n)
		}
	}
	return most
}

// stateClues reads pods, nodes and deployments.
func stateClues(in Input, t *trouble) []clue {
	var out []clue
	add := func(s Status, category Category, score float64, detail string) {
		out = append(out, clue{component: s.Component, category: category, score: score, at: s.Time,
			reason: Reason{Name: "platform_state", Detail: detail, Refs: nonEmpty(s.Ref)}})
	}
	for _, s := range in.Statuses {
		if !t.current(s.Time) {
			continue
		}
		switch s.Kind {
		case "pod":
			podClues(s, add)
		case "node":
			nodeClues(s, add)
		case "deployment":
			desired, ready := field(s, "desired", "replicas"), field(s, "available", "ready")
			if d, err := strconv.Atoi(desired); err == nil {
				if r, err := strconv.Atoi(ready); err == nil && r < d {
					add(s, RolloutStuck, 0.3, fmt.Sprintf("%d of %d replicas are available", r, d))
				}
			}
		case "wait", "statement":
			waitClues(s, add)
		}
	}
	return out
}

func podClues(s Status, add func(Status, Category, float64, string)) {
	name := field(s, "name")
	if leaving(s) {
		return
	}
	said := strings.ToLower(strings.Join(fieldsWith(s, "reason"), " ") + " " + strings.Join(fieldsWith(s, "message"), " ") + " " + s.Reason + " " + s.Message)
	healthy := podHealthy(s)
	killed := strings.Contains(said, "oomkilled")
	for _, code := range fieldsWith(s, "exit_code") {
		killed = killed || code == "137" && !strings.Contains(said, "probe")
	}
	switch {
	case killed:
		add(s, MemoryExhaustion, 0.95, "pod "+name+" was killed for using too much memory")
	case healthy:
		if n := restarts(s); n >= 3 {
			add(s, ErrorsRaised, 0.35, fmt.Sprintf("pod %s restarted %d times", name, n))
		}
		return
	case strings.Contains(said, "imagepull") || strings.Contains(said, "errimage") || strings.Contains(said, "invalidimage"):
		add(s, ImagePull, 0.95, "pod "+name+" cannot pull its image")
	case strings.Contains(said, "evicted"):
		category := MemoryExhaustion
		if strings.Contains(said, "disk") || strings.Contains(said, "storage") {
			category = StorageFull
		}
		add(s, category, 0.7, "pod "+name+" was evicted: "+clip(said, 80))
	case strings.Contains(said, "unschedulable") || strings.EqualFold(field(s, "phase"), "Pending") && field(s, "node_name", "nodeName", "node") == "":
		add(s, Unschedulable, 0.85, "pod "+name+" is pending on no node")
	case strings.Contains(said, "nodelost") || strings.Contains(said, "nodenotready") || strings.EqualFold(field(s, "phase"), "Unknown"):
		add(s, NodeNotReady, 0.6, "pod "+name+" lost its node")
	case strings.Contains(said, "createcontainerconfigerror"):
		add(s, ErrorsRaised, 0.7, "pod "+name+" refers to configuration that does not exist")
	case strings.Contains(said, "crashloopbackoff"):
		add(s, ErrorsRaised, 0.6, "pod "+name+" crashes again and again")
	case restarts(s) >= 3:
		add(s, ErrorsRaised, 0.35, fmt.Sprintf("pod %s restarted %d times", name, restarts(s)))
	}
}

func nodeClues(s Status, add func(Status, Category, float64, string)) {
	name := field(s, "name")
	if name == "" {
		name = s.Component
	}
	if ready := field(s, "ready"); ready != "" && !isTrue(ready) {
		add(s, NodeNotReady, 0.95, "node "+name+" reports ready="+ready)
	}
	for _, pressure := range []struct {
		field    string
		category Category
	}{{"memory_pressure", MemoryExhaustion}, {"disk_pressure", StorageFull}, {"pid_pressure", QuotaExceeded}} {
		if isTrue(field(s, pressure.field)) {
			add(s, pressure.category, 0.6, "node "+name+" is under "+words(pressure.field))
		}
	}
}

// waitClues reads what a database waits for: sessions by wait event and statement (AAS, average active sessions).
func waitClues(s Status, add func(Status, Category, float64, string)) {
	event := strings.ToLower(s.Reason)
	load, _ := strconv.ParseFloat(field(s, "load"), 64)
	share, _ := strconv.ParseFloat(field(s, "share"), 64)
	if load < 1 || share < 0.4 {
		return
	}
	detail := fmt.Sprintf("%s sessions wait for %s", number(load), s.Reason)
	switch {
	case strings.HasPrefix(event, "client:clientread"):
		add(s, ConnectionExhaustion, 0.4, detail+": idle sessions hold connections")
	case strings.HasPrefix(event, "cpu"):
		add(s, CPUSaturation, 0.35, detail)
	case strings.HasPrefix(event, "wal:"), strings.HasPrefix(event, "io:walwrite"):
		add(s, ReplicationLag, 0.2, detail)
	case strings.HasPrefix(event, "lock:"):
		add(s, Slowdown, 0.3, detail)
	}
}
