package evidence

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMaskLine(t *testing.T) {
	cases := map[string]string{
		"":                          "",
		"plain":                     "plain",
		"took 12 ms for user=5":     "took <*> for user=<*>",
		"GET /api/v1/orders/17 500": "GET /api/v1/orders/<*> 500",
		"GET /api/v1/orders/17?page=2&x=y HTTP/1.1":     "GET /api/v1/orders/<*> HTTP/<*>",
		`"GET /v2/54fadb/servers HTTP/1.1" status: 404`: `"GET /v2/<*>/servers HTTP/<*>" status: 404`,
		"status=503 len=1893":                           "status=503 len=<*>",
		"at Fri Jun 17 07:07:00 2005":                   "at <*>",
		"peer 10.0.0.1:5432 gone":                       "peer <*> gone",
		"db-primary.shop.internal:5432 refused":         "<*> refused",
		"mac FF:F2:9F:16:E2:23 lost":                    "mac <*> lost",
		"request 3f2504e0-4f89-11d3-9a0c-0305e82c3301":  "request <*>",
		"logname= uid=0 tty=ssh ruser=":                 "logname=<*> uid=<*> tty=ssh ruser=<*>",
		"init() done, args [] kept":                     "init(<*>) done, args [<*>] kept",
		"ready=true sum of nothing":                     "ready=<*> sum of nothing",
		"illegal instruction......0":                    "illegal instruction <*>",
		"copied /var/data/file 512 bytes":               "copied /var/data/file <*> bytes",
		"level=error msg=\"pool exhausted\" active=50":  "level=error msg=\"pool exhausted\" active=<*>",
		"2026-11-24T17:11:54.123Z ERROR timeout":        "<*> ERROR timeout",
		"ssh2 and http2 stay":                           "ssh2 and http2 stay",
		"May I go":                                      "May I go",
		"mail to ann@example.com.":                      "mail to <*>",
		"\x00\x01\x02 binary \xff\xfe":                  "<*> binary \xff\xfe",
		"used 5.2 KB, free 10.1 KB":                     "used <*>, free <*>",
		"worker-7 joined":                               "<*> joined",
		"java.lang.OutOfMemoryError: Java heap space":   "java.lang.OutOfMemoryError: Java heap space",
		"a, b and/or c - d":                             "a, b and/or c - d",
	}
	for in, want := range cases {
		if got := string(maskLine(nil, in)); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestMinerGroupsStatements(t *testing.T) {
	m := NewMiner()
	var ids []int
	for i, who := range []string{"ann", "bob", "cid", "dan", "eve", "fay", "gil"} {
		ids = append(ids, m.Add(fmt.Sprintf("payment of %d cents by %s accepted", i*31, who)))
	}
	started, stopped := m.Add("worker pool started"), m.Add("worker pool stopped")
	for _, id := range ids {
		if m.Group(id) != m.Group(ids[0]) {
			t.Errorf("%q is apart from %q", m.Shape(id), m.Shape(ids[0]))
		}
	}
	if got, want := m.Template(ids[0]), "payment of <*> cents by <*> accepted"; got != want {
		t.Errorf("template %q, want %q", got, want)
	}
	if m.Group(started) == m.Group(stopped) {
		t.Errorf("two statements in one group %q", m.Template(started))
	}
}

// Severities and status codes must never be blurred into a value: they are what an incident is recognised by.
func TestMinerKeepsWhatMatters(t *testing.T) {
	m := NewMiner()
	groups := map[int]bool{}
	for _, level := range []string{"trace", "debug", "info", "notice", "warn", "error", "fatal", "critical", "panic"} {
		groups[m.Group(m.Add("level="+level+" msg=flush"))] = true
	}
	if len(groups) != 9 {
		t.Errorf("%d groups for 9 severities", len(groups))
	}
	ok, failed := m.Add("GET /api/v1/orders/17 200"), m.Add("GET /api/v1/orders/18 500")
	if ok == failed || m.Group(ok) != m.Group(failed) {
		t.Errorf("shapes %q and %q should differ within one group", m.Shape(ok), m.Shape(failed))
	}
	if m.Failure(ok) != 0 || m.Failure(failed) != 500 {
		t.Errorf("failures %d and %d, want none and 500", m.Failure(ok), m.Failure(failed))
	}
	other := m.Add("GET /api/v1/carts/3 200")
	if got, want := m.Template(other), "GET /api/v1/<*> 200"; got != want {
		t.Errorf("template %q, want %q", got, want)
	}
	if got, want := m.Template(failed), "GET /api/v1/orders/<*> 500"; got != want {
		t.Errorf("template %q, want %q", got, want)
	}
}

func TestMinerIsIndependentOfOrder(t *testing.T) {
	lines := []string{"user ann logged in", "disk 5 full", "user bob logged in", "disk 7 full", "retry a", "retry b", "user cid logged in"}
	forward, backward := NewMiner(), NewMiner()
	want, got := map[string]string{}, map[string]string{}
	for i := range lines {
		forward.Add(lines[i])
		backward.Add(lines[len(lines)-1-i])
	}
	for _, l := range lines {
		want[l], got[l] = forward.Template(forward.Add(l)), backward.Template(backward.Add(l))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMinerMemoryIsBounded(t *testing.T) {
	m := NewMiner()
	for i := range 3 * maxShapes {
		m.Add(word26(i) + " " + word26(i*7+3) + " " + word26(i*13+5))
	}
	if m.Len() > maxShapes+maxShapes/10+1 {
		t.Errorf("%d shapes kept, the bound is %d", m.Len(), maxShapes+maxShapes/10+1)
	}
	total := 0
	for id := range m.Len() {
		total += m.Count(id)
	}
	if total != 3*maxShapes {
		t.Errorf("%d lines counted of %d", total, 3*maxShapes)
	}
}

// word26 writes a number in letters.
func word26(n int) string {
	var b strings.Builder
	for b.WriteByte(byte('a' + n%26)); n >= 26; b.WriteByte(byte('a' + n%26)) {
		n /= 26
	}
	return b.String()
}

func FuzzMiner(f *testing.F) {
	for _, s := range []string{"", "a=1\nb=2", "GET /x/1 500\nGET /y/2 200", "\x00\xff<*>\n<*>:<*>", "....\n----", "a..b...c", "((((\n))))[]{}=", "x= ,y=;z="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := NewMiner()
		var ids []int
		lines := strings.Split(text, "\n")
		for _, l := range lines {
			ids = append(ids, m.Add(l))
		}
		for i, id := range ids {
			g := m.Group(id)
			if g < 0 || g >= m.Len() || m.Group(g) != g {
				t.Fatalf("line %q: group %d of %d shapes is no group", lines[i], g, m.Len())
			}
			if m.Template(id) != m.Template(g) && m.Failure(id) == m.Failure(g) {
				t.Fatalf("line %q: template %q, its group's %q", lines[i], m.Template(id), m.Template(g))
			}
			if again := m.Add(lines[i]); again != id {
				t.Fatalf("line %q: id %d, then %d", lines[i], id, again)
			}
		}
	})
}

// BenchmarkMiner shows cost per line at three sizes: it must not grow with them.
func BenchmarkMiner(b *testing.B) {
	for _, size := range []int{1_000, 10_000, 100_000} {
		lines := sampleLog(size)
		b.Run(fmt.Sprintf("lines=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := NewMiner()
				for _, l := range lines {
					m.Add(l)
				}
				if m.Group(0) != 0 {
					b.Fatal("the first shape must lead its group")
				}
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// sampleLog is a made-up log of a few dozen statements with varying values.
func sampleLog(n int) []string {
	statements := []string{
		`10.0.%d.%d "GET /api/v1/orders/%d HTTP/1.1" status: 200 len: %d time: 0.%d`,
		"level=info msg=\"order accepted\" order=%d customer=c-%d cents=%d took=%dms shard=%d",
		"Received block blk_%d of size %d from /10.250.%d.%d:%d",
		"ERROR pool exhausted: active=%d idle=%d waiting=%d max=%d after %d ms",
		"2026-11-24T17:11:%d.%dZ worker-%d checkpoint %d written in %d ms",
	}
	out := make([]string, n)
	for i := range out {
		s := statements[i%len(statements)]
		out[i] = fmt.Sprintf(s, i%251, i%97, i, i*7%1000, i%60)
		if i%11 == 0 {
			out[i] += " by " + word26(i%500)
		}
	}
	return out
}
