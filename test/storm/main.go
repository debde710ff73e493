// Command storm sends alarm storms through the real handlers in one process and prints what they cost: signed deliveries
// over loopback HTTP into the webhook, the queue, triage, and the store on disk, with and without forcing every commit to
// disk. Beside it Prometheus Alertmanager takes the same storm over its own HTTP API, on the same machine in the same run.
//
//	go run ./test/storm [-sizes 1000,10000,100000] [-services 50] [-rate 2000] [-alertmanager PATH] [-docs docs]
//
// Each storm is sent twice, each time into an empty store: at a fixed rate that waits for nobody (open loop), for
// latencies; and as fast as answers come back (flood), for the highest rate. It ends with exit code 1 if an alarm is lost.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	sizes        []int
	services     int
	rate         float64
	connections  int
	alertmanager string
	docs         string
	profile      string
}

func main() {
	o := options{sizes: []int{1000, 10_000, 100_000}}
	flag.Func("sizes", "alarms of each storm, comma separated (default 1000,10000,100000)", func(s string) (err error) {
		o.sizes, err = numbers(s)
		return err
	})
	flag.IntVar(&o.services, "services", 50, "services that the alarms are spread over")
	flag.Float64Var(&o.rate, "rate", 2000, "alarms a second of the open loop")
	flag.IntVar(&o.connections, "connections", 64, "connections that deliveries are sent over")
	flag.StringVar(&o.alertmanager, "alertmanager", "", "binary of Prometheus Alertmanager; empty leaves it out")
	flag.StringVar(&o.docs, "docs", "", "folder whose benchmarks.md gets the results and storm.svg the plot")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile to this file")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

func numbers(s string) ([]int, error) {
	var out []int
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a number of alarms", field)
		}
		out = append(out, n)
	}
	return out, nil
}

func run(ctx context.Context, o options) error {
	stop, err := profile(o.profile)
	if err != nil {
		return err
	}
	defer stop()
	all := results{machine: machine()}
	fmt.Println(all.machine)
	var lost error
	for _, synced := range []bool{false, true} {
		for _, size := range o.sizes {
			r, err := measure(ctx, o, size, synced)
			if err != nil {
				return err
			}
			all.ours = append(all.ours, r)
			fmt.Println(r)
			if n := r.open.lost + r.flood.lost; n > 0 {
				lost = errors.Join(lost, fmt.Errorf("%d of %d alarms have no stored decision", n, 2*size))
			}
		}
	}
	if all.allocations, all.bytes, err = allocations(ctx, o); err != nil {
		return err
	}
	fmt.Printf("an alarm costs %.0f allocations, %.0f bytes, from its delivery to its decision\n", all.allocations, all.bytes)
	if err := compare(ctx, o, &all); err != nil {
		return err
	}
	if o.docs != "" {
		if err := writeDocs(o, all); err != nil {
			return err
		}
	}
	return lost
}

// compare lets Alertmanager take the same storms, if it is there.
func compare(ctx context.Context, o options, all *results) error {
	if o.alertmanager == "" {
		fmt.Println("Alertmanager: not measured; name its binary with -alertmanager")
		return nil
	}
	for _, size := range o.sizes {
		r, err := measurePeer(ctx, o, size)
		if err != nil {
			return fmt.Errorf("alertmanager: %w", err)
		}
		all.peer = append(all.peer, r)
		fmt.Println(r)
	}
	for i, p := range all.peer {
		fmt.Printf("%d alarms, Firefinder : Alertmanager = %s\n", p.size, all.ratio(i))
	}
	return nil
}

const patience = 2 * time.Minute // for the queue to run empty after the last delivery
