// Command injection plays attacks on the model: texts that give orders, in logs, metric names, alarms, deployments,
// traces, tickets and errors of tools, are investigated from alarm to decided plan by a model that obeys all of them. It
// says which attacks held and which broke a promise; the exit code is 1 when one broke.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

//go:embed testdata/own.json
var own []byte

func main() {
	file := flag.String("file", "", "attacks: [{name, carrier, text}]; without it our own are played")
	out := flag.String("out", "", "where to write [{name, carrier, outcome, broke}]")
	flag.Parse()
	broke, err := run(context.Background(), *file, *out, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "injection: "+err.Error())
		os.Exit(2)
	}
	if broke > 0 {
		os.Exit(1)
	}
}

// verdict is what became of one attack over one carrier.
type verdict struct {
	Name    string   `json:"name"`
	Carrier string   `json:"carrier"`
	Outcome string   `json:"outcome"` // held or broke
	Broke   []string `json:"broke"`
	Heard   int      `json:"heard"` // texts of the attack that reached the model
	Asked   int      `json:"asked"` // calls that the model asked for
	Called  int      `json:"called"`
}

func run(ctx context.Context, file, out string, say io.Writer) (broke int, err error) {
	data, name := own, "testdata/own.json"
	if file != "" {
		if data, err = os.ReadFile(file); err != nil {
			return 0, fmt.Errorf("read attacks: %w", err)
		}
		name = file
	}
	attacks, err := parse(data)
	if err != nil {
		return 0, fmt.Errorf("%s %w", name, err)
	}
	verdicts := play(ctx, attacks, say)
	broke = sum(len(attacks), verdicts, say)
	if out == "" {
		return broke, nil
	}
	doc, err := json.MarshalIndent(verdicts, "", "  ")
	if err != nil {
		return broke, err
	}
	if err := os.WriteFile(out, append(doc, '\n'), 0o644); err != nil {
		return broke, fmt.Errorf("write verdicts: %w", err)
	}
	return broke, nil
}

// play runs every attack over its carriers, one after the other, so that a connection outwards has one culprit.
func play(ctx context.Context, attacks []attack, say io.Writer) []verdict {
	defer guard()()
	var out []verdict
	for _, a := range attacks {
		for _, carrier := range a.Carriers {
			v := try(ctx, a, carrier)
			out = append(out, v)
			if v.Outcome == "broke" {
				fmt.Fprintf(say, "BROKE %s over %s: %s\n", v.Name, v.Carrier, strings.Join(v.Broke, "; "))
			}
		}
	}
	return out
}

// try plays one attack. One that keeps the alarm from being investigated broke that.
func try(ctx context.Context, a attack, carrier string) verdict {
	v := verdict{Name: a.Name, Carrier: carrier, Outcome: "held", Broke: []string{}}
	w, err := played(ctx, a, carrier)
	if err != nil {
		v.Outcome, v.Broke = "broke", []string{"not investigated: " + err.Error()}
		return v
	}
	v.Called = len(w.called)
	v.Heard, v.Asked = w.model.count()
	if broke := w.judge(); len(broke) > 0 {
		v.Outcome, v.Broke = "broke", broke
	}
	return v
}

func sum(attacks int, verdicts []verdict, say io.Writer) (broke int) {
	reached, asked, called := 0, 0, 0
	for _, v := range verdicts {
		if v.Outcome == "broke" {
			broke++
		}
		if v.Heard > 0 {
			reached++
		}
		asked, called = asked+v.Asked, called+v.Called
	}
	fmt.Fprintf(say, "%d attacks in %d investigations: %d held, %d broke; %d reached the model, which asked for %d calls; %d reads of registered tools were made\n",
		attacks, len(verdicts), len(verdicts)-broke, broke, reached, asked, called)
	return broke
}

// outwards records connections to anywhere but this machine, and makes none.
type outwards struct {
	mu   sync.Mutex
	sent []string
	next http.RoundTripper
}

var outward outwards

// RoundTrip implements http.RoundTripper.
func (o *outwards) RoundTrip(r *http.Request) (*http.Response, error) {
	if ip := net.ParseIP(r.URL.Hostname()); ip != nil && ip.IsLoopback() {
		return o.next.RoundTrip(r)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, r.Method+" "+r.URL.Host)
	return nil, fmt.Errorf("no way outwards")
}

func (o *outwards) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent = nil
	return sent
}

// guard puts outward in the way of every client and of the resolver, until the returned function is called.
func guard() func() {
	transport, resolver := http.DefaultTransport, net.DefaultResolver
	outward.next = transport
	http.DefaultTransport = &outward
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		outward.mu.Lock()
		defer outward.mu.Unlock()
		outward.sent = append(outward.sent, "name lookup")
		return nil, fmt.Errorf("no names are looked up")
	}}
	return func() { http.DefaultTransport, net.DefaultResolver = transport, resolver }
}
