package aws

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/firefinder/firefinder/shared/aws"
)

// The lane's two servers: moto, and the gateway in front of it that moto itself calls functions through.
var (
	motoURL, gateURL string
	gate             = &gateway{}
)

func TestMain(m *testing.M) {
	if os.Getenv("FIREFINDER_SKIP_AWS") == "1" {
		fmt.Println("AWS contract lane left out: FIREFINDER_SKIP_AWS=1")
		os.Exit(0)
	}
	stop, err := start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "AWS contract lane: %v\n", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// start runs gateway and moto and waits until moto answers.
func start() (stop func(), err error) {
	if out, err := exec.Command("python3", "-c", "import moto").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("python3 cannot import moto; run: pip install 'moto[all,server]==5.2.1' (%w: %s)", err, lastLine(out))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = http.Serve(listener, gate) }()

	cmd := exec.Command("python3", "launch.py")
	port := listener.Addr().(*net.TCPAddr).Port
	gateURL = fmt.Sprintf("http://localhost:%d", port)
	cmd.Env = append(os.Environ(), fmt.Sprintf("MOTO_PORT=%d", port), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION="+region)
	cmd.Stderr = os.Stderr
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = stdin.Close() // launch.py ends with it
		_ = cmd.Wait()
		_ = listener.Close()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return nil, fmt.Errorf("moto did not start: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	motoURL = "http://localhost:" + strings.TrimSpace(line) // by name: some of moto's routes do not match an address
	gate.forward(motoURL)
	return stop, nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

const (
	region  = "eu-central-1"
	account = "123456789012"
)

// load returns the configuration that every test's clients start from.
func load(t *testing.T) sdk.Config {
	t.Helper()
	cfg, err := aws.Load(t.Context(), aws.Options{Region: region, Endpoint: motoURL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

var names atomic.Int64

// unique makes a resource name that no other test uses.
func unique(prefix string) string { return fmt.Sprintf("%s-%d", prefix, names.Add(1)) }

// eventually polls a condition of the stand-in, which runs in another process and has no clock of ours.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		if holds() {
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within 30 s: %s", what)
		case <-tick.C:
		}
	}
}
