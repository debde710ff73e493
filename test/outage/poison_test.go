package outage_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// poison are ways to spoil a good body, each with the answer that it gets.
var poison = []struct {
	name   string
	status int
	spoil  func(string) string
}{
	{"cut off", 400, func(s string) string { return s[:len(s)/2] }},
	{"a name twice", 400, func(s string) string { return strings.Replace(s, `{`, `{"title":"another",`, 1) }},
	{"a twin of a name", 400, func(s string) string { return strings.Replace(s, `{`, `{"Title":"another",`, 1) }},
	{"nested too deep", 400, func(s string) string {
		return strings.Replace(s, `"data":{}`, `"data":`+strings.Repeat("[", 200)+strings.Repeat("]", 200), 1)
	}},
	{"not UTF-8", 400, func(s string) string { return strings.Replace(s, "checkout", "check\xffout", 1) }},
	{"a field missing", 422, func(s string) string { return strings.Replace(s, `"priority":"HIGH",`, "", 1) }},
	{"a field of the wrong type", 422, func(s string) string { return strings.Replace(s, `"HIGH"`, `7`, 1) }},
	{"an unknown action", 422, func(s string) string { return strings.Replace(s, `"created"`, `"delete all"`, 1) }},
	{"too large", 413, func(s string) string {
		return strings.Replace(s, `"data":{}`, `"data":"`+strings.Repeat("x", 300<<10)+`"`, 1)
	}},
	{"signed by somebody else", 401, nil},
}

func goodBody(i int, at time.Time) string {
	return fmt.Sprintf(`{"eventType":"incident","incidentId":"poison-%d","action":"created","priority":"HIGH","title":"checkout fails %d","service":"checkout","timestamp":%q,"data":{}}`,
		i, i, at.UTC().Format(time.RFC3339))
}

// post delivers a body, signed with the key, and returns the status.
func (w *world) post(t *testing.T, body, key string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://firefinder.test/hooks/generic", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	stamp := sign.Stamp(time.Now())
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(sign.HeaderTimestamp, stamp)
	r.Header.Set(sign.HeaderSignature, sign.Sign(config.NewSecret([]byte(key)), stamp, []byte(body)))
	res, err := w.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// T9: one delivery in twenty is malformed, hostile, too large or forged. The good ones are all decided; what was proved to
// come from the sender is kept with its reason; mended and sent again, twice, each is decided once.
func TestPoisonMix(t *testing.T) {
	const deliveries, every = 2000, 20
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("shop", kv.NewMemory())
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		w.run(ctx, &group)
		bad := map[int]int{} // delivery -> kind of poison
		at := time.Now()
		for i := range deliveries {
			body, key, want := goodBody(i, at), secret, http.StatusAccepted
			if i%every == 7 {
				kind := i / every % len(poison)
				bad[i], want = kind, poison[kind].status
				if spoil := poison[kind].spoil; spoil != nil {
					body = spoil(body)
				} else {
					key = strings.ToUpper(secret)
				}
			}
			if got := w.post(t, body, key); got != want {
				t.Errorf("delivery %d: %d, want %d", i, got, want)
			}
		}
		time.Sleep(time.Minute)
		buried := len(w.events.buried)
		for body, reason := range w.events.buried {
			if reason == "" {
				t.Errorf("buried without a reason: %.100s", body)
			}
		}
		kept := 0
		for _, kind := range bad {
			if s := poison[kind].status; s == 400 || s == 422 {
				kept++
			}
		}
		if buried != kept {
			t.Errorf("%d dead letters with a reason, want %d", buried, kept)
		}
		if good := w.decided(t); good != deliveries-len(bad) {
			t.Errorf("%d good deliveries decided, want %d", good, deliveries-len(bad))
		}
		for i := range bad {
			for try, want := range []int{http.StatusAccepted, http.StatusOK} {
				if got := w.post(t, goodBody(i, at), secret); got != want {
					t.Errorf("mended delivery %d, try %d: %d, want %d", i, try, got, want)
				}
			}
		}
		time.Sleep(time.Minute)
		cancel()
		group.Wait()
		decided, opened := w.decided(t), len(w.machine.executions)
		t.Logf("%d deliveries, %d bad in %d ways: good ones decided %d, dead letters with a reason %d; mended and sent twice: decided %d, doubled %d, investigations %d",
			deliveries, len(bad), len(poison), deliveries-len(bad), buried, decided, decided-deliveries, opened)
		if decided != deliveries || opened != 1 || w.machine.refused != 0 {
			t.Errorf("decided %d, investigations %d, starts refused %d", decided, opened, w.machine.refused)
		}
	})
}

// decided counts the alarms listed under investigations.
func (w *world) decided(t *testing.T) int {
	t.Helper()
	n := 0
	w.machine.mu.Lock()
	defer w.machine.mu.Unlock()
	for id := range w.machine.executions {
		alarms, err := record.Alarms(t.Context(), w.store, id)
		if err != nil {
			t.Fatal(err)
		}
		n += len(alarms)
	}
	return n
}
