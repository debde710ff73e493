package journal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
)

func clock() time.Time { return time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC) }

func open(t *testing.T, s kv.Store, b blob.Store) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), s, b, "inv-1", clock)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func add(t *testing.T, j *journal.Journal, key string, body any) {
	t.Helper()
	if _, _, err := j.Append(t.Context(), journal.Observed, key, body); err != nil {
		t.Fatal(err)
	}
}

func TestAppendIsOnceOnlyAndSurvivesReopening(t *testing.T) {
	s, b := kv.NewMemory(), &blob.Memory{}
	j := open(t, s, b)
	add(t, j, "a", map[string]int{"n": 1})
	add(t, j, "big", strings.Repeat("x", 100<<10))
	again := open(t, s, b)
	rec, existed, err := again.Append(t.Context(), journal.Observed, "a", map[string]int{"n": 2})
	if err != nil || !existed {
		t.Fatalf("existed = %v, err = %v", existed, err)
	}
	var body map[string]int
	if err := again.Decode(t.Context(), rec, &body); err != nil || body["n"] != 1 {
		t.Fatalf("body = %v, err = %v: the first record must stand", body, err)
	}
	big, _ := again.Find("big")
	var text string
	if err := again.Decode(t.Context(), big, &text); err != nil || len(text) != 100<<10 || big.Blob == "" {
		t.Fatalf("large body: %d bytes, blob %q, err %v", len(text), big.Blob, err)
	}
}

func TestAnOlderHolderIsFenced(t *testing.T) {
	s, b := kv.NewMemory(), &blob.Memory{}
	zombie := open(t, s, b)
	add(t, zombie, "a", 1)
	holder := open(t, s, b)
	if _, _, err := zombie.Append(t.Context(), journal.Observed, "b", 1); !incident.Is(err, incident.Conflict) {
		t.Fatalf("zombie append: %v, want Conflict", err)
	}
	add(t, holder, "b", 2)
}

func TestNotesDoNotFenceTheHolder(t *testing.T) {
	s, b := kv.NewMemory(), &blob.Memory{}
	holder := open(t, s, b)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := journal.Note(context.Background(), s, b, "inv-1", clock, journal.Told, fmt.Sprint("note-", i), i); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range 20 {
		add(t, holder, fmt.Sprint("turn-", i), i)
	}
	wg.Wait()
	records, err := journal.Read(t.Context(), s, "inv-1")
	if err != nil || len(records) != 40 {
		t.Fatalf("%d records, err %v, want 40", len(records), err)
	}
	if err := journal.Verify(records, ""); err != nil {
		t.Fatal(err)
	}
}

// Every way of tampering with an exported journal is detected (T25).
func TestVerifyDetectsTampering(t *testing.T) {
	s, b := kv.NewMemory(), &blob.Memory{}
	j := open(t, s, b)
	for i := range 6 {
		add(t, j, fmt.Sprint(i), map[string]string{"text": fmt.Sprintf("<observation %d>", i)})
	}
	export := journal.Export(j.Records())
	check := func(data []byte) error {
		records, head, err := journal.Parse(data)
		if err != nil {
			return err
		}
		return journal.Verify(records, head)
	}
	if err := check(export); err != nil {
		t.Fatalf("untouched journal: %v", err)
	}
	lines := bytes.SplitAfter(export, []byte("\n"))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for i := range 6 {
		cases := map[string][]byte{
			"delete": join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...)...),
			"edit":   join(append(append(append([][]byte{}, lines[:i]...), bytes.Replace(lines[i], []byte("observation "), []byte("Observation "), 1)), lines[i+1:]...)...),
			"repeat": join(append(append(append([][]byte{}, lines[:i+1]...), lines[i]), lines[i+1:]...)...),
			"cut":    join(append(append([][]byte{}, lines[:i]...), lines[6])...),
		}
		if i < 5 {
			cases["swap"] = join(append(append(append([][]byte{}, lines[:i]...), lines[i+1], lines[i]), lines[i+2:]...)...)
		}
		for name, data := range cases {
			if check(data) == nil {
				t.Errorf("%s of record %d went unnoticed", name, i+1)
			}
		}
	}
	for pos := range export { // flip every byte: whatever still parses must fail the chain, unless its meaning is the same
		mutated := bytes.Clone(export)
		mutated[pos] ^= 0x20
		if check(mutated) == nil && !sameMeaning(t, mutated, export) {
			t.Errorf("byte %d (%q) flipped unnoticed", pos, export[pos])
		}
	}
}

// A journal that was written anew from some record on is a chain like any other; the head that stood in the report
// before gives it away (T25).
func TestAForkIsNotTheJournal(t *testing.T) {
	of := func(last string) []journal.Record {
		s, b := kv.NewMemory(), &blob.Memory{}
		j := open(t, s, b)
		for i := range 5 {
			add(t, j, fmt.Sprint(i), i)
		}
		add(t, j, "5", last)
		return j.Records()
	}
	told, forged := of("the pool is dry"), of("nothing is wrong")
	head := told[5].Hash
	if err := journal.Verify(told, head); err != nil {
		t.Fatal(err)
	}
	if journal.Verify(forged, "") != nil || forged[4].Hash != told[4].Hash {
		t.Fatal("the forged journal is no chain of its own: the test proves nothing")
	}
	for name, records := range map[string][]journal.Record{
		"fork": forged, "record of the fork on top": append(slices.Clone(told[:5]), forged[5]), "both": append(slices.Clone(told), forged[5]), "shorter": told[:5], "none": nil,
	} {
		if journal.Verify(records, head) == nil {
			t.Errorf("%s: passes for the journal that was told", name)
		}
	}
}

func sameMeaning(t *testing.T, a, b []byte) bool {
	t.Helper()
	ra, ha, errA := journal.Parse(a)
	rb, hb, errB := journal.Parse(b)
	ja, _ := json.Marshal(ra)
	jb, _ := json.Marshal(rb)
	return errA == nil && errB == nil && ha == hb && bytes.Equal(ja, jb)
}
