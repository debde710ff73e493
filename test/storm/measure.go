package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/firefinder/firefinder/shared/source/sign"
)

// pass is one sending of a storm.
type pass struct {
	rate              float64 // alarms a second, from the first one sent to the last one decided (of a peer: answered)
	p50, p99          time.Duration
	due99             time.Duration // like p99, but from when the delivery was due
	answer99          time.Duration // from due to the HTTP answer
	cpu               time.Duration // of this process, for each alarm, sender included
	door, judge       float64       // store requests for each alarm
	doorItems, jItems float64       // items written for each alarm
	queue             float64       // the queue's own store requests for each alarm
	started           int64
	lost, refused     int
}

// result is a storm of one size.
type result struct {
	size        int
	synced      bool
	open, flood pass
}

func (p pass) requests() float64 { return p.door + p.judge }

func (r result) String() string {
	mode := "not synced"
	if r.synced {
		mode = "synced to disk"
	}
	o, f := r.open, r.flood
	return fmt.Sprintf("%6d alarms, %-14s open loop %5.0f/s: p50 %v p99 %v (from due: p99 %v; HTTP answer p99 %v), cpu %v each; store requests %.2f each (webhook %.2f, triage %.2f), items written %.2f each; lost %d\n"+
		"                                flood %5.0f/s: p50 %v p99 %v, cpu %v each; store requests %.2f each (webhook %.2f, triage %.2f), items written %.2f each; queue's own requests %.2f; executions %d; lost %d",
		r.size, mode, o.rate, ms(o.p50), ms(o.p99), ms(o.due99), ms(o.answer99), o.cpu.Round(time.Microsecond), o.requests(), o.door, o.judge, o.doorItems+o.jItems, o.lost,
		f.rate, ms(f.p50), ms(f.p99), f.cpu.Round(time.Microsecond), f.requests(), f.door, f.judge, f.doorItems+f.jItems, f.queue, f.started, f.lost)
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// measure sends a storm in the open loop and as a flood.
func measure(ctx context.Context, o options, size int, synced bool) (r result, err error) {
	r = result{size: size, synced: synced}
	if r.open, err = pour(ctx, o, size, synced, o.rate); err != nil {
		return r, err
	}
	r.flood, err = pour(ctx, o, size, synced, 0)
	return r, err
}

// pour sends a storm into an empty store.
func pour(ctx context.Context, o options, size int, synced bool, rate float64) (p pass, err error) {
	s, err := newStorm(size, o.services, time.Now(), time.Duration(float64(size)/o.rate*float64(time.Second)))
	if err != nil {
		return p, err
	}
	d, err := newDesk(ctx, o.services, s, synced)
	if err != nil {
		return p, err
	}
	defer d.close()
	runtime.GC()
	before := cpu()
	sent, err := load{addr: d.ln.Addr().String(), connections: o.connections, rate: rate, n: size, request: s.signed}.send()
	if err == nil {
		err = d.drained()
	}
	if err != nil {
		return p, err
	}
	p = d.figures(sent)
	p.cpu = (cpu() - before) / time.Duration(size)
	p.lost = d.lost(ctx)
	return p, nil
}

// figures are what desk and sender noted.
func (d *desk) figures(s sent) pass {
	n := len(s.due)
	took, late := make([]time.Duration, n), make([]time.Duration, n)
	last := time.Duration(0)
	for i := range n {
		at := time.Duration(d.judge.decided[i].Load())
		took[i], late[i], last = at-time.Duration(d.accepted[i].Load()), d.judge.clock.Add(at).Sub(s.due[i]), max(last, at)
	}
	p := pass{
		rate: float64(n) / d.judge.clock.Add(last).Sub(s.began).Seconds(), p50: quantile(took, 0.5), p99: quantile(took, 0.99),
		due99: quantile(late, 0.99), answer99: quantile(s.answers, 0.99), started: d.started.Load(), refused: s.refused,
	}
	p.door, p.doorItems = d.door.per(n)
	p.judge, p.jItems = d.judge.per(n)
	p.queue, _ = d.carrier.per(n)
	return p
}

// allocations counts what an alarm allocates on its whole way, without a socket and without a sender.
func allocations(ctx context.Context, o options) (objects, bytes float64, err error) {
	const n = 5000
	s, err := newStorm(n, o.services, time.Now(), time.Second)
	if err != nil {
		return 0, 0, err
	}
	d, err := newDesk(ctx, o.services, s, false)
	if err != nil {
		return 0, 0, err
	}
	defer d.close()
	requests, stamp := make([]*http.Request, n), sign.Stamp(time.Now())
	for i, body := range s.bodies {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/hooks/generic", strings.NewReader(string(body)))
		if err != nil {
			return 0, 0, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(sign.HeaderTimestamp, stamp)
		r.Header.Set(sign.HeaderSignature, sign.Sign(secret, stamp, body))
		requests[i] = r
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, r := range requests {
		d.handler.ServeHTTP(&silent{header: http.Header{}}, r)
	}
	if err := d.drained(); err != nil {
		return 0, 0, err
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / n, float64(after.TotalAlloc-before.TotalAlloc) / n, nil
}

// silent is a ResponseWriter that keeps nothing.
type silent struct{ header http.Header }

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) Write(b []byte) (int, error) { return len(b), nil }
func (s *silent) WriteHeader(int)             {}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machine describes where this runs.
func machine() string {
	busy := ""
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		if fields := strings.Fields(string(data)); len(fields) > 0 {
			busy = ", load before the run " + fields[0]
		}
	}
	return fmt.Sprintf("%s, %s/%s, %d cores%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), busy)
}

func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}
