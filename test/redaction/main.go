// Command redaction runs texts through the product's redactor and says which secrets it masked and which ordinary texts it
// touched, and how fast it is. The exit code is 1 when a secret stays or more than 2 % of the ordinary texts are touched.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/firefinder/firefinder/shared/redact"
)

func main() {
	file := flag.String("file", "", "texts: [{name, text, secret, expect: masked or kept}]; without it our own are taken")
	out := flag.String("out", "", "where to write [{name, masked, text}]")
	flag.Parse()
	ok, err := run(*file, *out, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "redaction: "+err.Error())
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// result is what became of one text.
type result struct {
	Name   string `json:"name"`
	Masked bool   `json:"masked"` // the secret is gone; without a given secret: something was masked
	Text   string `json:"text"`
}

func run(file, out string, say io.Writer) (ok bool, err error) {
	samples := corpus()
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return false, fmt.Errorf("read texts: %w", err)
		}
		if samples, err = parse(data); err != nil {
			return false, fmt.Errorf("%s %w", file, err)
		}
	}
	results := masked(samples)
	ok = sum(samples, results, say)
	fmt.Fprintf(say, "throughput: %.0f MB a second of processor time, %.0f where one line in fifty holds a secret\n", speed(samples), speed(log(samples)))
	if out == "" {
		return ok, nil
	}
	doc, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return ok, err
	}
	if err := os.WriteFile(out, append(doc, '\n'), 0o644); err != nil {
		return ok, fmt.Errorf("write results: %w", err)
	}
	return ok, nil
}

func masked(samples []sample) []result {
	r := redact.New([]byte("redaction"))
	out := make([]result, len(samples))
	for i, s := range samples {
		text := r.Text(s.text)
		out[i] = result{Name: s.name, Masked: text != s.text, Text: text}
		for _, secret := range s.secrets {
			out[i].Masked = out[i].Masked && !left(text, secret)
		}
	}
	return out
}

// left reports whether a text still holds so much of a secret that it is worth something: half of it, at least six bytes.
func left(text, secret string) bool {
	n := max(6, (len(secret)+1)/2)
	if len(secret) < n {
		return strings.Contains(text, secret)
	}
	for i := 0; i+n <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+n]) {
			return true
		}
	}
	return false
}

func sum(samples []sample, results []result, say io.Writer) bool {
	secrets, taken, ordinary, touched := 0, 0, 0, 0
	for i, s := range samples {
		switch {
		case s.policy:
		case s.keep:
			ordinary++
			if results[i].Masked {
				touched++
				fmt.Fprintf(say, "TOUCHED %s: %s\n", s.name, results[i].Text)
			}
		default:
			secrets++
			if results[i].Masked {
				taken++
			} else {
				fmt.Fprintf(say, "LEFT %s: %s\n", s.name, results[i].Text)
			}
		}
	}
	fmt.Fprintf(say, "%d of %d secrets masked, %d of %d ordinary texts touched\n", taken, secrets, touched, ordinary)
	return taken == secrets && 50*touched <= ordinary
}

// log is what a service writes: the ordinary texts, and a secret in one line of fifty.
func log(samples []sample) []sample {
	var ordinary, secrets, out []sample
	for _, s := range samples {
		switch {
		case s.policy:
		case s.keep:
			ordinary = append(ordinary, s)
		default:
			secrets = append(secrets, s)
		}
	}
	if len(ordinary) == 0 || len(secrets) == 0 {
		return samples
	}
	for i := range 50 * len(secrets) {
		out = append(out, ordinary[i%len(ordinary)])
		if i%50 == 0 {
			out[i] = secrets[i/50]
		}
	}
	return out
}

// speed measures the redactor on the samples as lines of one text, by the processor time of this process: other work on
// the machine counts little.
func speed(samples []sample) float64 {
	var b strings.Builder
	for b.Len() < 1<<20 {
		for _, s := range samples {
			b.WriteString(s.text + "\n")
		}
	}
	text, r := b.String(), redact.New([]byte("redaction"))
	before := processor()
	r.Text(text)
	return float64(len(text)) / 1e6 / (processor() - before).Seconds()
}

func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for a wrong argument only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
