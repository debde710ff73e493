package kvtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/kv"
)

func (s suite) fill(pk string, keys ...string) {
	s.t.Helper()
	for _, sk := range keys {
		s.commit(kv.Put(s.key(pk, sk), doc{len(sk)}, kv.Absent()))
	}
}

func testQuery(t *testing.T, s suite) {
	s.fill("p", "A#1", "A#2", "A#3", "AB", "B#1", "B#2")
	s.fill("p2", "A#9")
	s.fill("", "A#8")
	for _, c := range []struct {
		name, prefix string
		page         kv.Page
		want         []string
	}{
		{"all", "", kv.Page{}, []string{"A#1", "A#2", "A#3", "AB", "B#1", "B#2"}},
		{"prefix", "A#", kv.Page{}, []string{"A#1", "A#2", "A#3"}},
		{"prefix is a whole key", "A#2", kv.Page{}, []string{"A#2"}},
		{"nothing", "C", kv.Page{}, []string{}},
		{"descending", "A#", kv.Page{Desc: true}, []string{"A#3", "A#2", "A#1"}},
		{"limit", "A", kv.Page{Limit: 2}, []string{"A#1", "A#2"}},
		{"limit beyond the end", "B", kv.Page{Limit: 9}, []string{"B#1", "B#2"}},
		{"descending limit", "", kv.Page{Desc: true, Limit: 2}, []string{"B#2", "B#1"}},
		{"after", "A#", kv.Page{After: "A#1"}, []string{"A#2", "A#3"}},
		{"after with limit", "A", kv.Page{After: "A#1", Limit: 2}, []string{"A#2", "A#3"}},
		{"after a key that is not there", "A#", kv.Page{After: "A#15"}, []string{"A#2", "A#3"}},
		{"after the last", "A#", kv.Page{After: "A#3"}, []string{}},
		{"after, descending", "A#", kv.Page{After: "A#3", Desc: true}, []string{"A#2", "A#1"}},
		{"after the first, descending", "A#", kv.Page{After: "A#1", Desc: true}, []string{}},
		{"after, without prefix", "", kv.Page{After: "AB"}, []string{"B#1", "B#2"}},
		{"after before the prefix", "B", kv.Page{After: "A#2"}, []string{"B#1", "B#2"}},
		{"after beyond the prefix", "A", kv.Page{After: "B#1"}, []string{}},
		{"after before the prefix, descending", "B", kv.Page{After: "A#2", Desc: true}, []string{}},
		{"after beyond the prefix, descending", "A#", kv.Page{After: "B#1", Desc: true}, []string{"A#3", "A#2", "A#1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := s
			s.t = t
			if diff := cmp.Diff(c.want, s.query("p", c.prefix, c.page)); diff != "" {
				t.Error(diff)
			}
		})
	}
	items, err := s.Query(t.Context(), s.key("p2", "").PK, "", kv.Page{})
	if err != nil || len(items) != 1 || string(items[0].Body) != `{"N":3}` || items[0].Version != 1 || items[0].Key != s.key("p2", "A#9") {
		t.Errorf("an item of a query is whole: %+v, %v", items, err)
	}
	s.commit(kv.Delete(s.key("p2", "A#9"), kv.Present()))
	if got := s.query("p2", "", kv.Page{}); len(got) != 0 {
		t.Errorf("a deleted item is still listed: %v", got)
	}
}

// testOrder pins that sort keys are ordered by their UTF-8 bytes: not by locale, length, case or UTF-16 unit.
func testOrder(t *testing.T, s suite) {
	want := []string{" ", "#", "-", "10", "2", "A", "AA", "Z", "_", "a", "a\x00", "a\x01", "aa", "ab", "z", "~", "\u007f", "é", "Ω", "火", "\uffee", "\U0001f525"}
	if !slices.IsSorted(want) {
		t.Fatal("the table is out of order")
	}
	for i := range want { // written in another order than read
		s.fill("p", want[(i*7+3)%len(want)])
	}
	if diff := cmp.Diff(want, s.query("p", "", kv.Page{})); diff != "" {
		t.Error(diff)
	}
	slices.Reverse(want)
	if diff := cmp.Diff(want, s.query("p", "", kv.Page{Desc: true})); diff != "" {
		t.Error(diff)
	}
}

// testPages walks a partition page by page in both directions while it is longer than a page.
func testPages(t *testing.T, s suite) {
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("E#%03d", i))
	}
	s.fill("p", append([]string{"D#1", "F#1"}, want...)...)
	for _, desc := range []bool{false, true} {
		var got []string
		for page := (kv.Page{Limit: 7, Desc: desc}); ; {
			keys := s.query("p", "E#", page)
			if len(keys) > 7 {
				t.Fatalf("a page of 7 has %d items", len(keys))
			}
			if len(keys) == 0 {
				break
			}
			got = append(got, keys...)
			page.After = keys[len(keys)-1]
		}
		if desc {
			slices.Reverse(got)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("desc=%v: %s", desc, diff)
		}
	}
}

// testMany reads more than one megabyte: what DynamoDB answers in several pages is still one answer.
func testMany(t *testing.T, s suite) {
	body := []byte(`"` + strings.Repeat("x", 350<<10) + `"`)
	for i := range 8 {
		s.commit(kv.Op{Kind: kv.KindPut, Key: s.key("p", fmt.Sprint(i)), Body: body, Cond: kv.Absent()})
	}
	for _, c := range []struct {
		page kv.Page
		want int
	}{{kv.Page{}, 8}, {kv.Page{Limit: 6}, 6}, {kv.Page{Desc: true}, 8}} {
		items, err := s.Query(t.Context(), s.key("p", "").PK, "", c.page)
		if err != nil || len(items) != c.want {
			t.Errorf("%+v: %d items, %v", c.page, len(items), err)
		}
		for _, item := range items {
			if len(item.Body) != len(body) {
				t.Errorf("item %s has %d bytes", item.SK, len(item.Body))
			}
		}
	}
}
