package record_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
)

// The change log gives the changes of a span across days, oldest first, each once.
func TestChangeLog(t *testing.T) {
	s := kv.NewMemory()
	noon := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	at := func(hours int, id string) evidence.Change {
		return evidence.Change{ID: id, Kind: "deployment", Component: "checkout", Time: noon.Add(time.Duration(hours) * time.Hour)}
	}
	for _, c := range []evidence.Change{at(13, "tomorrow"), at(0, "noon"), at(-13, "yesterday"), at(0, "noon"), at(-40, "before"), at(40, "after")} {
		if err := s.Commit(t.Context(), record.PutChange(c)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := record.Changes(t.Context(), s, noon.Add(-13*time.Hour), noon.Add(13*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]evidence.Change{at(-13, "yesterday"), at(0, "noon"), at(13, "tomorrow")}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
