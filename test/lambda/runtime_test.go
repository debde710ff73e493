package lambda

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// build builds packages once for the host and returns the folder of the executables.
func build(t *testing.T, packages ...string) string {
	t.Helper()
	built, err := Build(t.Context(), root, t.TempDir(), false, packages...)
	if err != nil {
		t.Fatal(err)
	}
	return built.Dir
}

func start(t *testing.T, binary string, env ...string) *Process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	p, err := Start(ctx, binary, env)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); cancel() })
	return p
}

func invoke(t *testing.T, p *Process, event any) Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, err := p.Invoke(ctx, event, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestRuntime drives a function through every way an invocation can end.
func TestRuntime(t *testing.T) {
	echo := filepath.Join(build(t, "./test/lambda/testdata/echo"), "echo")
	p := start(t, echo)
	for _, say := range []string{"one", "two"} { // one process serves many
		var out struct {
			Said string
			Left time.Duration
		}
		if a := invoke(t, p, map[string]string{"say": say}); json.Unmarshal(a.Payload, &out) != nil || out.Said != say || out.Left <= 20*time.Second || out.Left > 30*time.Second {
			t.Errorf("answer: %+v", a)
		}
	}
	a := invoke(t, p, map[string]string{"fail": "Throttled"})
	if a.ErrorType != "Throttled" || strings.Contains(a.Message, "secret detail") {
		t.Errorf("a classed error: %+v", a)
	}
	if a := invoke(t, p, 5); a.ErrorType == "" || a.Payload != nil {
		t.Errorf("an event of the wrong shape: %+v", a)
	}
	if a := invoke(t, p, map[string]string{"panic": "oh"}); a.Message != "oh" || a.ErrorType == "" {
		t.Errorf("a panic: %+v", a)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if !p.Ended(ctx) {
		t.Error("a process goes on after a panic")
	}
	if _, err := start(t, echo).Invoke(ctx, map[string]bool{"exit": true}, time.Second); err == nil || !strings.Contains(err.Error(), "without an answer") {
		t.Errorf("an exit: %v", err)
	}
	if _, err := Start(ctx, echo, []string{"ECHO_BROKEN=1"}); err == nil || !strings.Contains(err.Error(), "cold start failed") {
		t.Errorf("a failing cold start: %v", err)
	}
}

// TestTaintIsSeen proves the check of TestFunctionsAreSmall on a function that must fail it.
func TestTaintIsSeen(t *testing.T) {
	built, err := Build(t.Context(), root, t.TempDir(), true, "./test/lambda/testdata/tainted", "./test/lambda/testdata/echo")
	if err != nil {
		t.Fatal(err)
	}
	if len(built.Tainted["tainted"]) == 0 {
		t.Error("the linker's listing shows no taint where there is some")
	}
	if lines := built.Tainted["echo"]; len(lines) > 0 {
		t.Errorf("taint where there is none: %s", lines[0])
	}
	if _, err := Build(t.Context(), root, t.TempDir(), true, "./test/lambda/testdata/none"); err == nil {
		t.Error("building nothing succeeds")
	}
	size, err := ZipSize(filepath.Join(built.Dir, "echo"))
	info, _ := os.Stat(filepath.Join(built.Dir, "echo"))
	if err != nil || size < 500_000 || int64(size) >= info.Size() {
		t.Errorf("archive of %d bytes from %d, %v", size, info.Size(), err)
	}
}
