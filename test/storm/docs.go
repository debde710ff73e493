package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// results are all measurements of a run.
type results struct {
	machine            string
	ours               []result
	peer               []peerResult
	allocations, bytes float64
}

// ratio compares the flood rates of one size: alarms decided and stored against alerts answered.
func (r results) ratio(i int) string {
	var parts []string
	for _, ours := range r.ours {
		if ours.size == r.peer[i].size {
			parts = append(parts, fmt.Sprintf("%.2f (%s)", ours.flood.rate/r.peer[i].flood.rate, mode(ours.synced)))
		}
	}
	return strings.Join(parts, ", ")
}

func mode(synced bool) string {
	if synced {
		return "synced"
	}
	return "not synced"
}

const (
	begin = "<!-- storm: begin -->"
	end   = "<!-- storm: end -->"
)

// writeDocs replaces the part of benchmarks.md between the marks, or adds it, and draws the plot beside the page.
func writeDocs(o options, r results) error {
	file := filepath.Join(o.docs, "benchmarks.md")
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, marked := strings.Cut(string(page), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !marked || !closed {
		head, tail = strings.TrimRight(string(page), "\n")+"\n\n## Alarm storms\n\n", "\n"
	}
	var b bytes.Buffer
	section(&b, o, r)
	if err := os.WriteFile(file, []byte(head+begin+"\n"+b.String()+end+tail), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.docs, "storm.svg"), plot(r), 0o644)
}

// section writes what was measured.
func section(w io.Writer, o options, r results) {
	fmt.Fprintf(w, `Written by `+"`make bench-storm`"+`; measured, never edited. Distinct alarms over %d services, one signed delivery each, over %d loopback
connections into the real webhook, queue, triage and store in one process that also holds the sender. The open loop sends %.0f a second
and waits for nobody; the flood sends as fast as answers come. Decision latency runs from the webhook hearing a delivery to the
commit of its decision; "from due" counts from when the open loop should have sent it. "Synced" forces every commit to
disk before it is answered. Store requests are those of webhook and triage on an alarm's way; the queue's own, which on AWS are
calls to SQS, stand beside them.

%s. Other programs on the machine slow down what is measured; processor time an alarm hardly depends on them.

| storm | disk | open loop, decided a second | decision p50 | p99 | p99 from due | flood, decided a second | processor time an alarm | store requests an alarm (webhook + triage) | items written an alarm | queue requests | lost |
|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`, o.services, o.connections, o.rate, r.machine)
	for _, x := range r.ours {
		fmt.Fprintf(w, "| %d | %s | %.0f | %s | %s | %s | %.0f | %d µs | %.2f (%.2f + %.2f) | %.2f | %.2f | %d |\n", x.size, mode(x.synced), x.open.rate, ms(x.open.p50), ms(x.open.p99),
			ms(x.open.due99), x.flood.rate, x.flood.cpu.Microseconds(), x.flood.requests(), x.flood.door, x.flood.judge, x.flood.doorItems+x.flood.jItems, x.flood.queue, x.open.lost+x.flood.lost)
	}
	fmt.Fprintf(w, "\nAn alarm allocates %.0f objects, %.0f KB, from its delivery to its decision (5,000 alarms one after the other, no sockets).\n\n![Rate, latency and store requests by size of the storm](storm.svg)\n\n", r.allocations, r.bytes/1000)
	peerSection(w, r)
}

func peerSection(w io.Writer, r results) {
	if len(r.peer) == 0 {
		fmt.Fprint(w, "Prometheus Alertmanager was not measured in this run: its binary was not there.\n")
		return
	}
	fmt.Fprintf(w, `Beside it, in the same run, %s takes the same alarms, one a request, over its API from the same sender. It does a different
and smaller job: it checks no signature, keeps alerts in memory, and an answer is no decision on disk. The ratio, flood against flood,
says what that difference costs.

| storm | open loop, answered a second | HTTP answer p99 (ours: not synced, synced) | flood, answered a second | ours : Alertmanager |
|---:|---:|---:|---:|---|
`, r.peer[0].version)
	for i, p := range r.peer {
		ours := []string{}
		for _, x := range r.ours {
			if x.size == p.size {
				ours = append(ours, ms(x.open.answer99))
			}
		}
		fmt.Fprintf(w, "| %d | %.0f | %s (%s) | %.0f | %s |\n", p.size, p.open.rate, ms(p.open.answer99), strings.Join(ours, ", "), p.flood.rate, r.ratio(i))
	}
}
