// Package lambda runs compiled functions as Lambda does: as a process that asks the Lambda Runtime API for invocations.
// In-process calls hide build tags, JSON shapes, cold starts and panics; this does not. The API is after "Using the Lambda
// runtime API for custom runtimes" in the AWS Lambda developer guide, version 2018-06-01.
package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Process is one running function: an execution environment that handles one invocation at a time.
type Process struct {
	Init time.Duration // from start of the process to its first question for work

	cmd     *exec.Cmd
	server  *http.Server
	output  lockedBuffer
	work    chan invocation
	ready   chan struct{}
	answers chan Answer
	exited  chan struct{}
	once    sync.Once
	started atomic.Int64
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
}

// Answer is how an invocation ended.
type Answer struct {
	Payload   json.RawMessage // of a success
	ErrorType string          // "" for a success; what Retry and Catch of a state machine match
	Message   string          // of an error
}

// Start runs a binary with exactly the given environment and waits until it asks for work. If it ends before, the error
// holds what it wrote.
func Start(ctx context.Context, binary string, env []string) (*Process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Process{work: make(chan invocation), ready: make(chan struct{}), answers: make(chan Answer, 1), exited: make(chan struct{})}
	p.server = &http.Server{Handler: p.routes(), ReadHeaderTimeout: time.Second}
	go func() { _ = p.server.Serve(listener) }()
	p.cmd = exec.CommandContext(ctx, binary)
	p.cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=test", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "LAMBDA_TASK_ROOT=/var/task", "_HANDLER=bootstrap")
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.started.Store(time.Now().UnixNano())
	if err := p.cmd.Start(); err != nil {
		_ = p.server.Close()
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	select {
	case <-p.ready:
		return p, nil
	case <-p.exited:
		_ = p.server.Close()
		return nil, fmt.Errorf("the function ended during its cold start: %s: %s", p.cmd.ProcessState, p.Output())
	case <-ctx.Done():
		p.Close()
		return nil, ctx.Err()
	}
}

// Invoke hands the function an event and waits for its answer. Deadline is what the function reads from its context.
func (p *Process) Invoke(ctx context.Context, event any, timeout time.Duration) (Answer, error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return Answer{}, err
	}
	id := strconv.FormatInt(time.Now().UnixNano(), 36)
	select {
	case p.work <- invocation{id, payload, time.Now().Add(timeout)}:
	case <-p.exited:
		return Answer{}, fmt.Errorf("the function has ended: %s", p.Output())
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	select {
	case a := <-p.answers:
		return a, nil
	case <-p.exited:
		select {
		case a := <-p.answers: // it reported before it ended, as after a panic
			return a, nil
		default:
			return Answer{}, fmt.Errorf("the function ended without an answer: %s", p.Output())
		}
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// Output is what the function has written so far.
func (p *Process) Output() string { return p.output.String() }

// Wrote reports whether the function writes a text before ctx ends; what it writes arrives later than its answer may.
func (p *Process) Wrote(ctx context.Context, text string) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(p.Output(), text) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Ended reports whether the process has ended, waiting for it at most as long as ctx lets it.
func (p *Process) Ended(ctx context.Context) bool {
	select {
	case <-p.exited:
		return true
	case <-ctx.Done():
		return false
	}
}

// Close ends the process.
func (p *Process) Close() {
	_ = p.cmd.Process.Kill()
	<-p.exited
	_ = p.server.Close()
}

func (p *Process) routes() http.Handler {
	mux := http.NewServeMux()
	const base = "/2018-06-01/runtime"
	mux.HandleFunc("GET "+base+"/invocation/next", p.next)
	mux.HandleFunc("POST "+base+"/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		p.answers <- Answer{Payload: body}
	})
	mux.HandleFunc("POST "+base+"/invocation/{id}/error", p.failed)
	mux.HandleFunc("POST "+base+"/init/error", p.failed)
	return mux
}

func (p *Process) next(w http.ResponseWriter, r *http.Request) {
	p.once.Do(func() {
		p.Init = time.Since(time.Unix(0, p.started.Load()))
		close(p.ready)
	})
	select {
	case i := <-p.work:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:test")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(i.payload)
	case <-r.Context().Done():
	}
}

func (p *Process) failed(w http.ResponseWriter, r *http.Request) {
	var in struct{ ErrorType, ErrorMessage string }
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	w.WriteHeader(http.StatusAccepted)
	p.answers <- Answer{ErrorType: in.ErrorType, Message: in.ErrorMessage}
}

// lockedBuffer is written by the process and read by tests.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.TrimSpace(b.buf.String())
}
