// Command vectors runs signature vectors through the real webhook, as API Gateway delivers to it, and compares its
// decisions with what each vector expects. Decisions go to the -out file, mismatches and a summary to stdout; the exit
// code is 1 when there is a mismatch. A vector that cannot be run is a mismatch, whatever it expects.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	file := flag.String("file", "", "vectors: {\"scheme_tests\": [{name, expect, now, headers, body_b64, secrets_b64, ...}]}")
	out := flag.String("out", "", "where to write [{name, status, decision, reason}]")
	flag.Parse()
	mismatches, err := run(*file, *out, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vectors: "+err.Error())
		os.Exit(2)
	}
	if mismatches > 0 {
		os.Exit(1)
	}
}

func run(file, out string, say io.Writer) (mismatches int, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read vectors: %w", err)
	}
	set, err := parse(data)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	var decisions []decision
	for _, v := range set.vectors {
		if _, note := v.hears(); note != "" {
			fmt.Fprintln(say, note)
		}
		d, err := set.decide(v)
		if err != nil {
			d = decision{Name: v.Name, Decision: "none", Reason: "cannot be run: " + err.Error()}
		}
		decisions = append(decisions, d)
		if d.Decision != v.Expect {
			mismatches++
			fmt.Fprintf(say, "MISMATCH %s: expected %s, got %s (%d, %s)%s\n", v.Name, v.Expect, d.Decision, d.Status, d.Reason, because(v.Why))
		}
	}
	fmt.Fprintf(say, "%d vectors, %d as expected, %d mismatches\n", len(decisions), len(decisions)-mismatches, mismatches)
	if out == "" {
		return mismatches, nil
	}
	doc, err := json.MarshalIndent(decisions, "", "  ")
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(out, append(doc, '\n'), 0o644); err != nil {
		return 0, fmt.Errorf("write decisions: %w", err)
	}
	return mismatches, nil
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return "; why: " + why
}
