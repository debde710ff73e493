package evidence

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// trouble is what the symptoms speak of: the words, texts, numbers and stack frames of error lines, alarms and deviating
// metrics, when it all began and whom it touches. Changes and conditions are judged against it.
type trouble struct {
	start      time.Time          // when the symptoms began; zero when unknown
	end        time.Time          // the end of the window, else the latest fact
	departures []departure        // every series that left its normal course, earliest first
	components map[string]float64 // how much a component is in trouble, 0..1
	words      map[string]float64 // how strongly the trouble mentions a word
	texts      []troubleText      // what the trouble says, as it was said
	numbers    map[float64]string // numbers that errors mention, with the word before them
	frames     []string           // source files in stack traces, lower-case
	normal     map[string]bool    // words of harmless log lines from before: they distinguish nothing
	step       time.Duration      // typical distance of samples: times are no finer than this
}

// troubleText is one text of the trouble with its weight and where it came from.
type troubleText struct {
	component string
	text      string
	weight    float64
	refs      []string
}

// departure is a series that left its initial course and stayed away until the trouble's height.
type departure struct {
	component, metric, ref string
	at                     time.Time
	before, after          float64
	z                      float64 // signed
}

// Constants of departures.
const (
	departZ     = 6.0             // far outside: early departures are compared across many series
	departStay  = 3.0             // and it stays away while its deviation is at least this
	departGap   = 2               // samples of a run that may fall back
	departRun   = 5               // most of the samples after a departure are away, else it was a blip
	minPrefix   = 5               // samples that make a baseline
	timeSlack   = 1 * time.Minute // clocks of sources differ by this much
	maxTexts    = 400             // texts looked at for wording
	recentAfter = 10 * time.Minute
)

// troubleOf reads the symptoms. Patterns are the shifts around the start.
func troubleOf(in Input, book logBook, found []Pattern) *trouble {
	t := &trouble{components: map[string]float64{}, words: map[string]float64{}, numbers: map[float64]string{}, normal: map[string]bool{}, step: time.Minute}
	t.departures = departuresOf(in)
	t.step = stepOf(in)
	t.end = endOf(in)
	t.start = t.startOf(in, found)
	t.readAlarms(in)
	t.readPatterns(found)
	t.readLines(book, found)
	t.readDepartures()
	t.readStatuses(in)
	return t
}

func (t *trouble) touch(component string, weight float64) {
	if component != "" {
		t.components[component] = max(t.components[component], weight)
	}
}

func (t *trouble) say(component, text string, weight float64, refs ...string) {
	if text == "" || len(t.texts) >= maxTexts {
		return
	}
	t.texts = append(t.texts, troubleText{component: component, text: strings.ToLower(text), weight: weight, refs: slices.DeleteFunc(refs, func(r string) bool { return r == "" })})
	for _, w := range wordsOf(text) {
		t.words[w] = max(t.words[w], weight)
	}
}

func (t *trouble) readAlarms(in Input) {
	for _, a := range in.Alarms {
		t.touch(a.Component, 1)
		t.touch(a.Peer, 0.7)
		t.say(a.Component, a.Text, 0.7, a.Ref)
		t.say(a.Component, a.Metric, 0.7, a.Ref)
		t.note(a.Text)
	}
	for _, s := range in.Symptoms {
		t.touch(s.Component, 1)
		t.say(s.Component, s.Text, 0.7)
		t.say(s.Component, s.Metric, 0.7)
	}
}

func (t *trouble) readPatterns(found []Pattern) {
	for _, p := range found {
		if p.Kind != patternNew && p.Kind != patternMore {
			continue
		}
		weight := 0.3
		if p.Severe {
			weight = 1
			t.touch(p.Component, 0.7)
		}
		t.say(p.Component, p.Example, weight, p.Refs...)
		if p.Severe {
			t.note(p.Example)
		}
	}
}

// readLines learns the normal words, and the numbers and stack frames of severe lines.
func (t *trouble) readLines(book logBook, found []Pattern) {
	severe := map[string]bool{}
	for _, p := range found {
		if p.Severe {
			severe[p.Component] = true
		}
	}
	seen := map[int]bool{}
	for i := range book.now.lines {
		l, bad := &book.now.lines[i], book.now.severe[i]
		if bad && severe[l.Component] && !l.Time.Before(t.start) && len(t.frames) < maxTexts {
			t.note(l.Message)
		}
		if bad || seen[book.now.ids[i]] || !t.start.IsZero() && !l.Time.Before(t.start) {
			continue
		}
		seen[book.now.ids[i]] = true
		for _, w := range wordsOf(l.Message) {
			t.normal[w] = true
		}
	}
}

func (t *trouble) readDepartures() {
	for _, d := range t.departures {
		if !t.start.IsZero() && d.at.After(t.start.Add(recentAfter)) {
			continue
		}
		t.touch(d.component, 0.6)
		t.say(d.component, d.metric, 0.6, d.ref)
	}
}

func (t *trouble) readStatuses(in Input) {
	for _, s := range in.Statuses {
		if text := s.Reason + " " + s.Message; severeText(text) {
			t.touch(s.Component, 0.6)
			t.say(s.Component, text, 0.8, s.Ref)
		}
	}
}

var (
	frameFile   = expr(`[\w./-]+\.(?:go|py|java|kt|scala|js|ts|tsx|jsx|rb|php|rs|cs|cpp|cc|c|h|swift|ex|exs|sql)\b`)
	namedNumber = expr(`([A-Za-z][\w.]*)["']?\s*[:=> ]\s*(\d+(?:\.\d+)?)\b`)
)

// note remembers numbers and source files that a text mentions.
func (t *trouble) note(text string) {
	for _, f := range frameFile.FindAllString(text, 8) {
		f = strings.ToLower(f)
		if !slices.Contains(t.frames, f) {
			t.frames = append(t.frames, f)
		}
	}
	for _, m := range namedNumber.FindAllStringSubmatch(text, 16) {
		if v, ok := parseNumber(m[2]); ok && v != 0 && v != 1 && len(t.numbers) < maxTexts {
			if _, have := t.numbers[v]; !have {
				t.numbers[v] = m[1]
			}
		}
	}
}

// says returns the weight of the strongest text that matches, with the text.
func (t *trouble) says(phrase *expression) (float64, troubleText) {
	best, found := 0.0, troubleText{}
	for _, x := range t.texts {
		if x.weight > best && phrase.MatchString(x.text) {
			best, found = x.weight, x
		}
	}
	return best, found
}

// reportedAt is when somebody first said that something is wrong: the start that was given or the first alarm, whichever is
// earlier. It is zero when nobody did.
func reportedAt(in Input) time.Time {
	at := in.Window.Start
	for _, a := range in.Alarms {
		if !a.Time.IsZero() && (at.IsZero() || a.Time.Before(at)) {
			at = a.Time
		}
	}
	return at
}

// startOf finds when the symptoms began: the departure of the alarmed metric, of the alarmed component, else of anything; else
// the first new severe log line, else the first alarm. The reported start only bounds it from above.
func (t *trouble) startOf(in Input, found []Pattern) time.Time {
	reported := reportedAt(in)
	alarmed := map[string]bool{}
	about := map[string]bool{}
	for _, a := range in.Alarms {
		alarmed[a.Component] = true
		about[a.Component+"\x00"+a.Metric] = true
	}
	for _, s := range in.Symptoms {
		alarmed[s.Component] = true
		about[s.Component+"\x00"+s.Metric] = true
	}
	tests := []func(departure) bool{
		func(d departure) bool { return about[d.component+"\x00"+d.metric] },
		func(d departure) bool { return alarmed[d.component] },
	}
	for _, test := range tests {
		for _, d := range t.departures {
			if test(d) && (reported.IsZero() || !d.at.After(reported.Add(t.step))) {
				return d.at
			}
		}
	}
	if at := t.surge(found, reported); !at.IsZero() {
		return at
	}
	return reported
}

// surge is when most of the trouble set in: the earliest moment of the ten minutes in which the most signals left their course
// and the most new error patterns appeared, not later than reported.
func (t *trouble) surge(found []Pattern, reported time.Time) time.Time {
	type mark struct {
		at     time.Time
		weight float64
	}
	var marks []mark
	for _, d := range t.departures {
		marks = append(marks, mark{d.at, math.Log1p(math.Abs(d.z))})
	}
	for _, p := range found {
		if p.Severe && p.Kind == patternNew && !p.First.IsZero() {
			marks = append(marks, mark{p.First, 5})
		}
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return a.at.Compare(b.at) })
	var best time.Time
	most, sum, last := 0.0, 0.0, 0
	for first := range marks {
		for ; last < len(marks) && !marks[last].at.After(marks[first].at.Add(recentAfter)); last++ {
			sum += marks[last].weight
		}
		if sum > most+1e-9 && (reported.IsZero() || !marks[first].at.After(reported.Add(t.step))) {
			best, most = marks[first].at, sum
		}
		sum -= marks[first].weight
	}
	return best
}

// endOf is when the telemetry ends.
func endOf(in Input) time.Time {
	if !in.Window.To.IsZero() {
		return in.Window.To
	}
	var end time.Time
	for _, l := range in.Logs {
		if l.Time.After(end) {
			end = l.Time
		}
	}
	for _, s := range in.Statuses {
		if s.Time.After(end) {
			end = s.Time
		}
	}
	return end
}

func stepOf(in Input) time.Duration {
	var steps []float64
	for _, s := range in.Metrics {
		if len(s.Times) > 2 {
			steps = append(steps, float64(s.Times[len(s.Times)-1]-s.Times[0])/float64(len(s.Times)-1))
		}
	}
	step := median(steps)
	if math.IsNaN(step) || step < 0 {
		return time.Minute
	}
	return time.Duration(min(max(step, 1000), 3.6e6)) * time.Millisecond
}

// departuresOf finds, for every series, when it left the course of its first samples for good. Levels are compared with
// the head of the window, not with what lies just before the alarm: a slow burn has long begun when an alarm fires.
func departuresOf(in Input) []departure {
	cut := int64(math.MaxInt64)
	if !in.Window.Start.IsZero() {
		cut = in.Window.Start.Add(recentAfter).UnixMilli()
	}
	var out []departure
	for _, s := range in.Metrics {
		if d, ok := departureOf(clean(s), cut); ok {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b departure) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(math.Abs(b.z), math.Abs(a.z)), cmp.Compare(a.component, b.component), cmp.Compare(a.metric, b.metric))
	})
	return out
}

func departureOf(s Series, cut int64) (departure, bool) {
	n := len(s.Values)
	for n > 0 && s.Times[n-1] > cut {
		n--
	}
	prefix := max(minPrefix, n/4)
	if n < prefix+2 {
		return departure{}, false
	}
	base := baselineOf(s.Values[:prefix])
	base.scale = max(base.scale, levelShare*math.Abs(base.center), deviation(s.Values[:prefix])/2)
	if drifts(s.Values[:n], prefix) {
		return departure{}, false
	}
	peak := prefix
	for i := prefix; i < n; i++ {
		if math.Abs(base.z(s.Values[i])) > math.Abs(base.z(s.Values[peak])) {
			peak = i
		}
	}
	z := base.z(s.Values[peak])
	if math.Abs(z) < departZ {
		return departure{}, false
	}
	first, back := peak, 0
	for i := peak; i >= 0 && back <= departGap; i-- {
		if base.z(s.Values[i])*sign(z) >= departStay {
			first, back = i, 0
		} else {
			back++
		}
	}
	next := s.Values[first:min(first+departRun, n)]
	if len(next) < min(departRun, n-prefix)/2 || base.z(median(next))*sign(z) < departStay {
		return departure{}, false // a blip
	}
	return departure{component: s.Component, metric: s.Metric, ref: s.Ref, at: time.UnixMilli(s.Times[first]).UTC(), before: base.center, after: s.Values[peak], z: z}, true
}

// drifts says whether a series merely continues the straight line of its head: a countdown, an uptime, a growing total.
func drifts(values []float64, prefix int) bool {
	slope, fit := line(values[:prefix])
	if fit < 0.9 {
		return false
	}
	span := slope * float64(len(values)-1)
	got := values[len(values)-1] - values[0]
	return span != 0 && got/span > 0.5 && got/span < 2
}

// line is the least-squares slope per sample and its R².
func line(values []float64) (slope, fit float64) {
	n := float64(len(values))
	var sx, sy, sxx, sxy, syy float64
	for i, v := range values {
		x := float64(i)
		sx, sy, sxx, sxy, syy = sx+x, sy+v, sxx+x*x, sxy+x*v, syy+v*v
	}
	dx, dy, dxy := n*sxx-sx*sx, n*syy-sy*sy, n*sxy-sx*sy
	if dx <= 0 || dy <= 0 {
		return 0, 0
	}
	return dxy / dx, dxy * dxy / (dx * dy)
}
