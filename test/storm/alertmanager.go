package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// peerResult is what Alertmanager does with a storm of one size. Its rate counts answered deliveries: it keeps alerts in
// memory and forces nothing to disk.
type peerResult struct {
	size        int
	version     string
	open, flood pass
}

func (r peerResult) String() string {
	return fmt.Sprintf("%6d alarms, %s: open loop %5.0f/s, HTTP answer p99 %v; flood %5.0f/s; refused %d; not counted by it %d",
		r.size, r.version, r.open.rate, ms(r.open.answer99), r.flood.rate, r.open.refused+r.flood.refused, r.open.lost+r.flood.lost)
}

// routing groups by service, as our triage does in effect, and tells nobody.
const routing = `route:
  receiver: nobody
  group_by: [service]
  group_wait: 0s
receivers:
  - name: nobody
`

// measurePeer sends the storm to a fresh Alertmanager, in the open loop and as a flood.
func measurePeer(ctx context.Context, o options, size int) (r peerResult, err error) {
	r.size = size
	for _, p := range []struct {
		rate float64
		into *pass
	}{{o.rate, &r.open}, {0, &r.flood}} {
		if *p.into, r.version, err = pourPeer(ctx, o, size, p.rate); err != nil {
			return r, err
		}
	}
	return r, nil
}

func pourPeer(ctx context.Context, o options, size int, rate float64) (p pass, version string, err error) {
	am, err := startPeer(ctx, o.alertmanager)
	if err != nil {
		return p, "", err
	}
	defer am.stop()
	bodies, err := peerBodies(size, o.services)
	if err != nil {
		return p, "", err
	}
	sent, err := load{addr: am.addr, connections: o.connections, rate: rate, n: size, request: func(i int) []byte {
		return delivery("/api/v2/alerts", nil, bodies[i])
	}}.send()
	if err != nil {
		return p, "", err
	}
	received, err := am.received(ctx)
	if err != nil {
		return p, "", err
	}
	return pass{
		rate: float64(size) / sent.ended.Sub(sent.began).Seconds(), answer99: quantile(sent.answers, 0.99), refused: sent.refused, lost: size - received,
	}, am.version, nil
}

// peerBodies are the same alarms in Alertmanager's words, one a delivery as in ours.
func peerBodies(n, services int) ([][]byte, error) {
	s, err := newStorm(n, services, time.Now(), time.Second)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, n)
	for i, body := range s.bodies {
		var e struct {
			IncidentID, Title, Description, Service, Account, Region, Rule string
			Timestamp                                                      time.Time
		}
		if err := json.Unmarshal(body, &e); err != nil {
			return nil, err
		}
		out[i], err = json.Marshal([]any{map[string]any{
			"startsAt":    e.Timestamp,
			"labels":      map[string]string{"alertname": e.IncidentID, "service": e.Service, "account": e.Account, "region": e.Region, "rule": e.Rule, "severity": "critical"},
			"annotations": map[string]string{"summary": e.Title, "description": e.Description},
		}})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// peer is a running Alertmanager.
type peer struct {
	addr, dir, version string
	cmd                *exec.Cmd
}

func startPeer(ctx context.Context, binary string) (*peer, error) {
	dir, err := os.MkdirTemp("", "storm-peer-")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, []byte(routing), 0o600); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free now
	if err != nil {
		return nil, err
	}
	p := &peer{addr: ln.Addr().String(), dir: dir}
	if err := ln.Close(); err != nil {
		return nil, err
	}
	p.cmd = exec.CommandContext(ctx, binary, "--config.file="+config, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+p.addr, "--cluster.listen-address=", "--log.level=error")
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		if _, err := p.get(ctx, "/api/v2/status"); err == nil {
			p.version = versionOf(binary)
			return p, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.stop()
	return nil, errors.New("it does not answer within 10 s")
}

// versionOf is what the binary was built from.
func versionOf(binary string) string {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return "Alertmanager"
	}
	return "Alertmanager " + info.Main.Version
}

func (p *peer) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", path, res.StatusCode)
	}
	return io.ReadAll(res.Body)
}

// received is how many alerts it says it received.
func (p *peer) received(ctx context.Context) (int, error) {
	metrics, err := p.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	total := 0.0
	for line := range bytes.Lines(metrics) {
		if name, value, ok := strings.Cut(strings.TrimSpace(string(line)), "} "); ok && strings.HasPrefix(name, "alertmanager_alerts_received_total{") && strings.Contains(name, `version="v2"`) {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, err
			}
			total += n
		}
	}
	return int(total), nil
}

func (p *peer) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.dir)
}
