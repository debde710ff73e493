package evidence

// AnalyzeWithout leaves out the named arguments.
func AnalyzeWithout(in Input, names ...string) Brief {
	skip := map[string]bool{}
	for _, n := range names {
		skip[n] = true
	}
	return analyze(in, skip)
}

// ArgumentNames lists the arguments of the ranking.
func ArgumentNames() []string {
	var out []string
	for _, a := range arguments {
		out = append(out, a.name)
	}
	return out
}

// Synthetic are inputs whose cause only one argument finds, by the argument's name.
func Synthetic() map[string]struct {
	In    Input
	Cause string
} {
	out := map[string]struct {
		In    Input
		Cause string
	}{}
	add := func(name, cause string, in Input) {
		out[name] = struct {
			In    Input
			Cause string
		}{in, cause}
	}
	path := shop()
	path.Symptoms = []Symptom{{Component: "web", Metric: "latency", Statistic: "Average"}}
	path.Metrics = []Series{
		wave("web", "latency", "Average", 0.10, constant(0.3)), wave("web", "requests", "Sum", 1000, nil),
		wave("checkout", "latency", "Average", 0.08, constant(0.48)), wave("checkout", "requests", "Sum", 500, nil),
		wave("search", "latency", "Average", 0.02, constant(0.9)), wave("search", "requests", "Sum", 5, nil),
	}
	add("path", "checkout", path)
	calls, logs := spans(-30, 20, "")
	flow := Input{Window: hour(), Reference: &Telemetry{Calls: calls, Logs: logs}}
	flow.Calls, flow.Logs = spans(3, 20, "breaks")
	add("flow", "checkout", flow)
	slow := Input{Window: hour(), Reference: &Telemetry{Calls: calls}}
	slow.Calls, _ = spans(3, 20, "orders-db")
	add("time", "orders-db", slow)
	metrics := shop()
	metrics.Metrics = []Series{wave("orders-db", "QueueDepth", "Average", 30, constant(95)), wave("web", "CPUUtilization", "Average", 20, nil)}
	add("metrics", "orders-db", metrics)
	alarms := shop()
	alarms.Alarms = []Alarm{{Component: "search", Metric: "memory", Direction: "up", Time: clock(1)}}
	add("alarms", "search", alarms)
	return out
}
