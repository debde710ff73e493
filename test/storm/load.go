package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firefinder/firefinder/shared/source/sign"
)

// load is how a storm is sent.
type load struct {
	addr        string
	connections int
	rate        float64 // alarms a second; 0: as fast as answers come back
	n           int
	request     func(i int) []byte // one HTTP request, signed at the moment it is sent
}

// sent is what the sender saw. Times count from when a delivery was due, so that a server that falls behind cannot hide it.
type sent struct {
	began, ended time.Time
	due          []time.Time
	answers      []time.Duration
	refused      int
}

// send sends the storm and waits for all answers.
func (l load) send() (sent, error) {
	s := sent{began: time.Now(), due: make([]time.Time, l.n), answers: make([]time.Duration, l.n)}
	var next, refused atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, l.connections)
	for range min(l.connections, l.n) {
		group.Go(func() {
			if err := l.sender(&s, &next, &refused); err != nil {
				failed <- err
			}
		})
	}
	group.Wait()
	s.ended, s.refused = time.Now(), int(refused.Load())
	select {
	case err := <-failed:
		return s, err
	default:
		return s, nil
	}
}

// sender sends over one connection whatever is due next.
func (l load) sender(s *sent, next, refused *atomic.Int64) error {
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for {
		i := int(next.Add(1)) - 1
		if i >= l.n {
			return nil
		}
		s.due[i] = time.Now()
		if l.rate > 0 {
			s.due[i] = s.began.Add(time.Duration(float64(i) / l.rate * float64(time.Second)))
			time.Sleep(time.Until(s.due[i]))
		}
		if _, err := conn.Write(l.request(i)); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		s.answers[i] = time.Since(s.due[i])
		if res.StatusCode >= 300 {
			refused.Add(1)
		}
	}
}

// delivery writes one HTTP request.
func delivery(path string, header map[string]string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, len(body))
	for name, value := range header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// signed makes the webhook's request.
func (s storm) signed(i int) []byte {
	stamp := sign.Stamp(time.Now())
	return delivery("/hooks/generic", map[string]string{
		sign.HeaderTimestamp: stamp, sign.HeaderSignature: sign.Sign(secret, stamp, s.bodies[i]), number: strconv.Itoa(i),
	}, s.bodies[i])
}

// quantile of durations, which it sorts.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}
