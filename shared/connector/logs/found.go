package logs

import (
	"slices"

	"github.com/firefinder/firefinder/shared/incident"
)

// found is what one log group of one account gave. When its first read fails there are no others.
type found struct {
	account string
	group   int // index in query.groups
	reads   []reading
}

// reading is one pass over one part.
type reading struct {
	lines []line
	more  bool  // the part holds more than was read
	ended bool  // the search of the part was given up before it was through
	cased bool  // the text was found in its usual spellings alone
	late  bool  // the time of the look was up; lines are those until then
	err   error // any other reason why lines may be missing
}

// fault is the first fault, nil when there was none. That there is no such log group is none.
func (f found) fault() error {
	for _, r := range f.reads {
		if r.err != nil && !f.missing() {
			return r.err
		}
	}
	return nil
}

// missing says that the account has no such log group.
func (f found) missing() bool {
	return len(f.reads) == 1 && incident.Is(f.reads[0].err, incident.NotFound)
}

// answered says that some of the log group was read.
func (f found) answered() bool {
	return slices.ContainsFunc(f.reads, func(r reading) bool { return r.err == nil && !r.late })
}

// given counts the searches that were given up.
func (f found) given() (n int) {
	for _, r := range f.reads {
		if r.ended {
			n++
		}
	}
	return n
}

// sampled says that the log group holds more than was read, though nothing failed.
func (f found) sampled() bool {
	return slices.ContainsFunc(f.reads, func(r reading) bool { return r.more })
}
