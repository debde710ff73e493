package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"log/slog"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// outage is a webhook that is away at first, and whose queue then is.
type outage struct {
	*inProcess
	began time.Time
	mu    sync.Mutex
	taken map[string]int // event id -> how often
}

func (o *outage) Do(r *http.Request) (*http.Response, error) {
	if time.Since(o.began) < 30*time.Minute {
		return nil, errors.New("connection refused")
	}
	return o.inProcess.Do(r)
}

func (o *outage) Send(_ context.Context, _ string, body []byte) error {
	if age := time.Since(o.began); age > 40*time.Minute && age < 45*time.Minute {
		return incident.Errorf(incident.Unavailable, "the queue is away")
	}
	var e incident.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken[e.EventID()]++
	return nil
}

// T5: alarms over an hour, while the webhook is away for 30 minutes and then its queue for 5: none is lost. The signer's
// queue holds them; a message comes again 90 seconds after a failure, as deployed.
func TestOutageLosesNothing(t *testing.T) {
	alarms := 2000
	if os.Getenv("PROOF") == "full" {
		alarms = 10_000
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHooks(t, "")
		o := &outage{inProcess: &inProcess{}, began: time.Now(), taken: map[string]int{}}
		o.Handler = source.Handler(source.Deps{
			Space: h.space, Sources: []source.Source{cloudwatch.New(h.space, nil)}, Secrets: h.secrets, Queue: o, Dead: h.dead, Blob: &blob.Memory{}, Store: kv.NewMemory(),
			Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		signer := source.NewSigner(source.SignerDeps{
			Space: h.space, Source: cloudwatch.New(h.space, nil), Target: "http://firefinder.test/hooks/cloudwatch", Secrets: h.secrets, Dead: h.dead,
			HTTP: o, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		var group sync.WaitGroup
		for i := range alarms {
			group.Go(func() {
				time.Sleep(time.Duration(i) * time.Hour / time.Duration(alarms))
				body := fmt.Sprintf(`{"detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":"123456789012","region":"eu-central-1","resources":["arn:%d"],`+
					`"detail":{"alarmName":"a%d","state":{"value":"ALARM","timestamp":%q}}}`, i, i, time.Now().UTC().Format(time.RFC3339Nano))
				for receives := 1; ; receives++ {
					if len(signer.Handle(t.Context(), []queue.Message{{ID: "m", Body: []byte(body), Receives: receives}})) == 0 {
						return
					}
					time.Sleep(90 * time.Second)
				}
			})
		}
		group.Wait()
		again := 0
		for _, n := range o.taken {
			again += n - 1
		}
		t.Logf("%d alarms, lost %d, buried %d, delivered more than once %d", alarms, alarms-len(o.taken), len(h.dead.bodies), again)
		if len(o.taken) != alarms || len(h.dead.bodies) != 0 {
			t.Errorf("%d of %d arrived, buried: %v", len(o.taken), alarms, h.dead.reasons)
		}
	})
}

// rotating are secrets as Secrets Manager rotates them, read through a cache of five minutes.
type rotating struct {
	mu     sync.Mutex
	values []config.Secret // current, previous
	cached []config.Secret
}

func (r *rotating) rotate(next config.Secret) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values = []config.Secret{next, r.values[0]}
}

func (r *rotating) Active(context.Context, string) ([]config.Secret, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cached == nil {
		r.cached = r.values
	}
	return r.cached, nil
}

func (r *rotating) Refresh(context.Context, string) ([]config.Secret, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cached = r.values
	return r.cached, nil
}

// T4: deliveries from several senders while the secret is rotated twice. Whoever signs with the current secret, or with
// the one before it, is never refused; the one before that never gets in again.
func TestRotationUnderLoad(t *testing.T) {
	h := newHooks(t, "")
	keys := []config.Secret{config.NewSecret([]byte("first-secret-0123456789-0123456789-0")), config.NewSecret([]byte("second-secret-0123456789-0123456789-")), config.NewSecret([]byte("third-secret-0123456789-0123456789-0"))}
	ring := &rotating{values: []config.Secret{keys[0]}}
	h.Handler = source.Handler(source.Deps{
		Space: h.space, Sources: []source.Source{cloudwatch.New(h.space, nil)}, Secrets: ring, Queue: &counter{}, Dead: &counter{}, Blob: h.blob, Store: kv.NewMemory(),
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	body := `{"eventType":"incident","incidentId":"%d-%d","action":"created","priority":"LOW","title":"x"}`
	refused, late := 0, 0
	var mu sync.Mutex
	for generation, key := range keys {
		if generation > 0 {
			ring.rotate(key)
		}
		var group sync.WaitGroup
		for sender := range 4 {
			group.Go(func() {
				for i := range 834 {
					use := key
					if generation > 0 && (i+sender)%2 == 0 {
						use = keys[generation-1] // a sender that has not heard of the rotation
					}
					if got := h.do(signedWith(use, "/hooks/cloudwatch", fmt.Sprintf(body, generation*4+sender, i))); got.status != http.StatusAccepted {
						mu.Lock()
						refused++
						mu.Unlock()
					}
				}
			})
		}
		group.Wait()
	}
	for i := range 100 {
		if got := h.do(signedWith(keys[0], "/hooks/cloudwatch", fmt.Sprintf(body, 99, i))); got.status != http.StatusUnauthorized {
			late++
		}
	}
	t.Logf("10,008 deliveries over two rotations: %d valid ones refused, %d of 100 with the retired secret accepted", refused, late)
	if refused+late > 0 {
		t.Errorf("refused %d, accepted after retirement %d", refused, late)
	}
}

// counter takes everything.
type counter struct{}

func (*counter) Send(context.Context, string, []byte) error { return nil }
func (*counter) Bury(context.Context, []byte, string) error { return nil }

// T3: a signature that begins right takes no longer than a random one. The bar is a Welch t below 4.5, as in leakage tests;
// it is reported always and judged only at full size, on a quiet machine.
func TestTiming(t *testing.T) {
	n := 5000
	full := os.Getenv("PROOF") == "full"
	if full {
		n = 100_000
	}
	stamp, payload := sign.Stamp(now), []byte(`{"eventType":"incident"}`)
	right := sign.Sign(secret, stamp, payload)
	prefix := right[:40] + "AAA="
	wrong := sign.Sign(config.NewSecret([]byte("some-other-secret-0123456789-01234567")), stamp, payload)
	var sum, square [2]float64
	var count [2]int
	for range 2 * n {
		which := rand.IntN(2)
		began := time.Now()
		_, err := sign.Verify(now, stamp, []string{prefix, wrong}[which], payload, []config.Secret{secret})
		took := float64(time.Since(began).Nanoseconds())
		if err == nil {
			t.Fatal("accepted")
		}
		if took > 100_000 {
			continue // the scheduler, not the comparison
		}
		sum[which] += took
		square[which] += took * took
		count[which]++
	}
	mean := func(i int) float64 { return sum[i] / float64(count[i]) }
	variance := func(i int) float64 { return square[i]/float64(count[i]) - mean(i)*mean(i) }
	welch := math.Abs(mean(0)-mean(1)) / math.Sqrt(variance(0)/float64(count[0])+variance(1)/float64(count[1]))
	t.Logf("valid prefix %.0f ns, random %.0f ns, t = %.2f over %d", mean(0), mean(1), welch, count[0]+count[1])
	if full && welch > 4.5 {
		t.Errorf("t = %.2f, want below 4.5", welch)
	}
}
