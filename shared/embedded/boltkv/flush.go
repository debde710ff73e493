package boltkv

import (
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// flusher writes to disk, beside the commits, what a store that does not sync leaves to the operating system. Left alone the
// system gathers pages for half a minute and then holds up whoever writes next.
type flusher struct {
	db      *bolt.DB
	written chan struct{} // holds one token while something may not be on disk
	stop    chan struct{}
	once    sync.Once
	done    sync.WaitGroup
	err     error // of the last sync, at the end
}

// lag is how long commits wait for a sync that they share.
const lag = 100 * time.Millisecond

func flush(db *bolt.DB) *flusher {
	f := &flusher{db: db, written: make(chan struct{}, 1), stop: make(chan struct{})}
	f.done.Go(func() {
		for {
			select {
			case <-f.written:
			case <-f.stop:
				return
			}
			select {
			case <-time.After(lag):
			case <-f.stop:
				return
			}
			_ = db.Sync() // end syncs once more and tells
		}
	})
	return f
}

// wrote says that there is something to write. It never waits.
func (f *flusher) wrote() {
	select {
	case f.written <- struct{}{}:
	default:
	}
}

// end stops and syncs a last time.
func (f *flusher) end() error {
	f.once.Do(func() {
		close(f.stop)
		f.done.Wait()
		f.err = f.db.Sync()
	})
	return f.err
}
