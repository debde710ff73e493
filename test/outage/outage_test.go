package outage_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firefinder/firefinder/shared/record"
)

// T5: alarms over an hour, 10,000 with PROOF=full. The webhook is away for the first 30 minutes; later its queue is, for 5. Every alarm
// ends with one stored decision, no investigation runs twice, nothing reaches a dead letter queue.
func TestOutage(t *testing.T) {
	alarms := 2000
	if os.Getenv("PROOF") == "full" {
		alarms = 10_000
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		between := func(from, to time.Duration) func() bool {
			return func() bool { age := time.Since(began); return age >= from && age < to }
		}
		w := newWorld("shop", newSlow())
		w.down, w.events.away = between(0, 30*time.Minute), between(40*time.Minute, 45*time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		w.run(ctx, &group)
		ids := make([]string, alarms)
		for i := range alarms {
			body := alarm(fmt.Sprintf("service-%02d-5xx-%d", i%20, i), time.Now())
			ids[i] = w.idOf(t, body)
			if err := w.alarms.Send(ctx, w.space.Name, body); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour / time.Duration(alarms))
		}
		drained := w.drain(t, ids)
		cancel()
		group.Wait()

		v, dead := w.judge(t, ids), w.alarms.dead+w.events.dead+len(w.alarms.buried)+len(w.events.buried)
		t.Logf("%d alarms in an hour, webhook away 30 minutes, queue away 5: lost %d, doubled %d, never started %d, dead letters %d; %d investigations, their executions asked for %d times; answers of the webhook %v; all decided %v after the last alarm",
			alarms, v.lost, v.doubled, v.unstarted, dead, len(w.machine.executions), w.machine.asked, w.answers, drained)
		if v != (verdict{}) || dead > 0 {
			t.Errorf("%+v, dead letters %d", v, dead)
		}
		if w.answers[503] == 0 {
			t.Error("the queue's outage was not noticed: the test proves nothing")
		}
	})
}

// drain waits until every alarm is decided, at most as long as the signer's queue tries, and says how long that took.
func (w *world) drain(t *testing.T, ids []string) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < 6*time.Hour {
		missing := slices.ContainsFunc(ids, func(id string) bool {
			_, err := record.GetAlarm(t.Context(), w.store, id)
			return err != nil
		})
		if !missing {
			break
		}
		time.Sleep(time.Second)
	}
	return time.Since(began).Round(time.Second)
}
