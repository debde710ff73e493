package evidence

import (
	"slices"
	"sort"
	"time"
)

// burstWithin is how soon after the last alarm of its component another still tells of the same request, whose spans lie
// milliseconds apart.
const burstWithin = 50 * time.Millisecond

// burst is strokes that one request set off, and so of one storm.
type burst struct {
	strokes []int
	storms  []*storm // that it may belong to, oldest first; one: settled
}

// attribute divides strokes among storms. Every burst begins with the storms under way. Each settled one takes its storm
// away from other bursts that hold one of its bells, for a storm rings a bell once, until nothing changes: constraint
// propagation (Waltz, "Understanding line drawings of scenes with shadows", 1975; Mackworth, "Consistency in networks of
// relations", 1977), which may settle an earlier burst by a later one. A burst always keeps one storm.
func attribute(strokes []stroke, storms []*storm) []*burst {
	type claim struct {
		storm *storm
		bell  int
	}
	bursts, open := burstsOf(strokes), map[claim][]*burst{}
	var settled []*burst
	for _, b := range bursts {
		if b.storms = b.candidates(strokes, storms); len(b.storms) == 1 {
			settled = append(settled, b)
			continue
		}
		for _, s := range b.storms {
			for _, i := range b.strokes {
				c := claim{s, strokes[i].bell}
				open[c] = append(open[c], b)
			}
		}
	}
	for ; len(settled) > 0; settled = settled[1:] {
		for _, i := range settled[0].strokes {
			c := claim{settled[0].storms[0], strokes[i].bell}
			for _, other := range open[c] {
				if other.lose(c.storm) {
					settled = append(settled, other)
				}
			}
			delete(open, c)
		}
	}
	return bursts
}

// candidates are the storms, at least one, that had begun when the burst ended and that all its strokes are near.
func (b *burst) candidates(strokes []stroke, storms []*storm) []*storm {
	last := b.strokes[len(b.strokes)-1]
	begun := sort.Search(len(storms), func(i int) bool { return storms[i].from > last })
	var out []*storm
	for _, s := range storms[max(0, begun-stormsAtOnce):begun] {
		if !slices.ContainsFunc(b.strokes, func(i int) bool { return !s.near(strokes[i]) }) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		out = append(out, storms[begun-1])
	}
	return out
}

// lose takes a storm away and says whether that settles the burst.
func (b *burst) lose(s *storm) bool {
	i := slices.Index(b.storms, s)
	if i < 0 || len(b.storms) == 1 {
		return false
	}
	b.storms = slices.Delete(b.storms, i, i+1)
	return len(b.storms) == 1
}

// burstsOf joins strokes that follow each other at once at one end, unless they are of the same bell.
func burstsOf(strokes []stroke) (out []*burst) {
	type place struct {
		burst *burst
		at    time.Time
	}
	latest, rang := map[int]place{}, map[int]*burst{} // by end; by bell
	for i, k := range strokes {
		var b *burst
		for _, e := range k.ends {
			l := latest[e]
			if b == nil && e != 0 && l.burst != nil && k.at.Sub(l.at) <= burstWithin && rang[k.bell] != l.burst {
				b = l.burst
			}
		}
		if b == nil {
			b = &burst{}
			out = append(out, b)
		}
		b.strokes, rang[k.bell] = append(b.strokes, i), b
		for _, e := range k.ends {
			latest[e] = place{b, k.at}
		}
	}
	return out
}
