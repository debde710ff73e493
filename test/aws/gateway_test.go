package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	jsonata "github.com/blues/jsonata-go"

	"github.com/firefinder/firefinder/shared/incident"
)

// function answers one invocation. An error reaches the machine with its class as error type, as boot.Task sends it.
type function func(ctx context.Context, payload []byte) (any, error)

// gateway is what moto's state machines call: functions are ours, JSONata is evaluated here, the rest is moto's own.
type gateway struct {
	mu        sync.Mutex
	functions map[string]function
	moto      http.Handler
	beyond    *outside // nil: everything else is moto's
}

func (g *gateway) forward(to string) {
	u, err := url.Parse(to)
	if err != nil {
		panic(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // clients see a 502; functions that are stopped in the middle are no news
	g.moto = proxy
}

// serve puts functions behind their names for one test.
func (g *gateway) serve(functions map[string]function) (restore func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.functions
	g.functions = functions
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.functions = before
	}
}

// outside sets who answers for what moto lacks.
func (g *gateway) outside(o *outside) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.beyond = o
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/jsonata" {
		evaluate(w, r)
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/"); ok {
		g.invoke(w, r, strings.TrimSuffix(name, "/invocations"))
		return
	}
	g.mu.Lock()
	beyond := g.beyond
	g.mu.Unlock()
	if beyond != nil && beyond.handle(w, r) {
		return
	}
	g.moto.ServeHTTP(w, r)
}

func evaluate(w http.ResponseWriter, r *http.Request) {
	source, _ := io.ReadAll(r.Body)
	expr, err := jsonata.Compile(string(source))
	var value any
	if err == nil {
		value, err = expr.Eval(nil)
	}
	if err != nil && !errors.Is(err, jsonata.ErrUndefined) {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	_ = json.NewEncoder(w).Encode(value)
}

func (g *gateway) invoke(w http.ResponseWriter, r *http.Request, name string) {
	g.mu.Lock()
	f := g.functions[name]
	g.mu.Unlock()
	w.Header().Set("x-amzn-RequestId", "request") // moto reads it
	if f == nil {
		w.Header().Set("x-amzn-errortype", "ResourceNotFoundException")
		http.Error(w, fmt.Sprintf(`{"Message":"Function not found: %s"}`, name), http.StatusNotFound)
		return
	}
	payload, _ := io.ReadAll(r.Body)
	out, err := f(r.Context(), payload)
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		out = map[string]string{"errorType": string(incident.ClassOf(err)), "errorMessage": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(out)
}
