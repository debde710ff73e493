package loghub

import (
	"fmt"
	"os"
	"sort"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
)

func TestDev(t *testing.T) {
	systems, err := Load("/work/shared/bench/loghub-2k")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, s := range systems {
		m := evidence.NewMiner()
		g := make([]int, len(s.Lines))
		for i, l := range s.Lines {
			g[i] = m.Add(l)
		}
		for i := range g {
			g[i] = m.Group(g[i])
		}
		a := GroupingAccuracy(g, s.Events)
		sum += a
		fmt.Printf("%-12s %.4f shapes %d\n", s.Name, a, m.Len())
		if os.Getenv("SYS") == s.Name {
			type e struct {
				n     int
				parts map[int]int
				ex    string
			}
			size := map[int]int{}
			ev := map[string]*e{}
			for i := range g {
				size[g[i]]++
				x := ev[s.Events[i]]
				if x == nil {
					x = &e{parts: map[int]int{}, ex: s.Lines[i]}
					ev[s.Events[i]] = x
				}
				x.n++
				x.parts[g[i]]++
			}
			var keys []string
			for k := range ev {
				keys = append(keys, k)
			}
			sort.Slice(keys, func(i, j int) bool { return ev[keys[i]].n > ev[keys[j]].n })
			for _, k := range keys {
				x := ev[k]
				ok := len(x.parts) == 1
				for p := range x.parts {
					ok = ok && size[p] == x.n
				}
				if ok {
					continue
				}
				fmt.Printf("%s %d  %.150s\n", k, x.n, x.ex)
				c := 0
				for p, n := range x.parts {
					if c++; c > 8 {
						break
					}
					fmt.Printf("      %d of %d: %.150s\n", n, size[p], m.Template(p))
				}
			}
		}
	}
	fmt.Printf("mean %.4f\n", sum/float64(len(systems)))
}
