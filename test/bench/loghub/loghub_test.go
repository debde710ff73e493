package loghub

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGroupingAccuracy(t *testing.T) {
	events := strings.Fields("a a b b c")
	cases := []struct {
		name   string
		groups []int
		want   float64
	}{
		{"exact", []int{1, 1, 2, 2, 3}, 1},
		{"one split", []int{1, 4, 2, 2, 3}, 0.6},
		{"two joined", []int{1, 1, 1, 1, 3}, 0.2},
		{"all one", []int{1, 1, 1, 1, 1}, 0},
	}
	for _, c := range cases {
		if got := GroupingAccuracy(c.groups, events); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReadSystem(t *testing.T) {
	s, err := readSystem(strings.NewReader("LineId,Content,EventId\n1,\"a, b\",E1\n2,c,E2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(System{Lines: []string{"a, b", "c"}, Events: []string{"E1", "E2"}}, s); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "LineId,Text\n1,a\n", "Content,EventId\na\n"} {
		if _, err := readSystem(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}
