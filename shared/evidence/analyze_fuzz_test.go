package evidence

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

// source turns fuzz bytes into values; it never runs dry.
type source struct {
	data []byte
	at   int
}

func (s *source) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[s.at%len(s.data)]
	s.at++
	return b
}

func (s *source) name() string {
	return []string{"", "web", "api", "db", "node", "web-0", "\x00\xff", "lambda"}[s.byte()%8]
}

func (s *source) metric() string {
	return []string{"", "Latency", "Errors", "Availability", "RequestCount", "CPUUtilization", "ClientLatencyP99", "\xfe"}[s.byte()%8]
}

func (s *source) value() float64 {
	switch b := s.byte(); b % 16 {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(1)
	case 2:
		return math.Inf(-1)
	case 3:
		return math.MaxFloat64
	case 4:
		return -math.MaxFloat64
	case 5:
		return math.SmallestNonzeroFloat64
	case 6:
		return 0
	default:
		return float64(int8(s.byte())) * math.Pow(10, float64(b%7))
	}
}

func (s *source) time() time.Time {
	switch s.byte() % 8 {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(1<<37, 0) // the year 6325
	case 2:
		return time.Unix(-1<<35, 0) // the year 881
	}
	return time.Unix(1_700_000_000+int64(s.byte())*30, 0)
}

func (s *source) telemetry() Telemetry {
	var t Telemetry
	for range s.byte() % 5 {
		m := Series{Component: s.name(), Metric: s.metric(), Statistic: []string{"", "p99"}[s.byte()%2]}
		for range s.byte() % 40 {
			m.Times, m.Values = append(m.Times, s.time().UnixMilli()), append(m.Values, s.value())
		}
		if s.byte()%4 == 0 {
			m.Times = append(m.Times, math.MinInt64, math.MaxInt64)
		}
		t.Metrics = append(t.Metrics, m)
	}
	for range s.byte() % 6 {
		t.Logs = append(t.Logs, LogLine{Time: s.time(), Component: s.name(), Message: string(s.data[:min(len(s.data), int(s.byte()))]), Trace: s.name(), Span: s.name()})
	}
	for range s.byte() % 8 {
		t.Calls = append(t.Calls, Call{Time: s.time(), Caller: s.name(), Callee: s.name(), Operation: s.metric(), Count: int(int8(s.byte())), Errors: int(int8(s.byte())),
			Duration: time.Duration(s.value()), Own: time.Duration(s.byte()), Seen: time.Duration(s.value()), Trace: s.name(), Span: s.name(), Parent: s.name()})
	}
	for range s.byte() % 6 {
		t.Dependencies = append(t.Dependencies, Dependency{Caller: s.name(), Callee: s.name(), Kind: []string{"", "hosts", "instance_of", "hosted_on", "has_instance"}[s.byte()%5]})
	}
	for range s.byte() % 4 {
		t.Changes = append(t.Changes, Change{ID: s.name(), Time: s.time(), Component: s.name(), Diff: string(s.data[:min(len(s.data), int(s.byte()))])})
	}
	for range s.byte() % 6 {
		t.Alarms = append(t.Alarms, Alarm{Time: s.time(), Component: s.name(), Metric: s.metric(), Peer: s.name(), Host: s.name(), Direction: []string{"", "up", "down"}[s.byte()%3]})
	}
	return t
}

// FuzzAnalyze feeds the engine what no source should send: gaps, infinities, times in any order, names that are no text,
// graphs with cycles. It must answer, the same way twice, with numbers that are numbers.
func FuzzAnalyze(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x04\x01\x02\x09\x27\x03\x08\x10\x22\x33\x44\x55\x66\x77\x88\x99"))
	f.Add([]byte("\x03\x02\x01\x07\x20\x05\x07\x09\x0b\x0d\x0f\x11\x13\x15\x17\x19\x1b\x1d\x1f\x21\x23\x25\x27\x29"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &source{data: data}
		in := Input{Window: Window{From: s.time(), To: s.time(), Start: s.time()}, Telemetry: s.telemetry()}
		if s.byte()%2 == 0 {
			ref := s.telemetry()
			in.Reference = &ref
		}
		for range s.byte() % 3 {
			in.History = append(in.History, Episode{Alarms: s.telemetry().Alarms})
		}
		if s.byte()%2 == 0 {
			in.Symptoms = []Symptom{{Component: s.name(), Metric: s.metric()}}
		}
		b := Analyze(in)
		if math.IsNaN(b.Confidence) || b.Confidence < 0 || b.Confidence > 1 {
			t.Fatalf("confidence %v", b.Confidence)
		}
		for i, c := range b.Causes {
			if math.IsNaN(c.Score) || i > 0 && c.Score > b.Causes[i-1].Score {
				t.Fatalf("cause %d of %d: score %v after %v", i, len(b.Causes), c.Score, b.Causes[max(0, i-1)].Score)
			}
			if c.Component == "" {
				t.Fatalf("cause %d has no component", i)
			}
		}
		if b.Outcome == "" {
			t.Fatal("no outcome")
		}
		first, err := json.Marshal(b)
		if err != nil {
			t.Fatalf("brief is no JSON: %v", err)
		}
		if again, _ := json.Marshal(Analyze(in)); string(first) != string(again) {
			t.Fatalf("two answers for one input:\n%s\n%s", first, again)
		}
	})
}
