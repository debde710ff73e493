package evidence

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Constants of change judgement: one set, for every source. Scores are products of three factors in 0..1: content, time and
// component, so that a change must convince in all three.
const (
	culpritContent  = 0.30 // less content says nothing in particular about this trouble
	culpritScore    = 0.42
	possibleScore   = 0.12
	externalStrong  = 0.60             // a condition from outside this strong needs no change to explain it
	freshFor        = 30 * time.Minute // changes this shortly before the onset count fully
	oldAfter        = 2 * time.Hour    // and half by then
	followWithin    = 15 * time.Minute // a signal that leaves its course this soon after a change follows it
	unrelatedWeight = 0.3
	unknownContent  = 0.25 // what a change of which nothing is known but its time may explain
)

// assessment is one change on its way to a verdict.
type assessment struct {
	change    Change
	edit      edit
	effects   []effect
	inert     string
	words     map[string]float64 // word → how much of the change it is
	effective time.Time          // when it reached the running system
	carrier   string             // id of the deployment that shipped it
	carries   string             // id of the commit that it shipped, for deployments
	cargo     *assessment        // and the commit itself
	named     []string           // words of its component
	segments  [][]string         // words of the segments of its paths
	deployed  bool
	component string
	content   float64
	time      float64
	place     float64
	score     float64
	after     bool
	reasons   []Reason
	how       mechanism
}

// judgeChanges ranks the changes by how well each explains the trouble, best first, with a verdict and its reasons.
// suspects are components ranked as causes, 0..1. conditions are explanations that need no change. A change after the
// onset, on a component that the trouble does not involve, or that does something else is a decoy; blaming none is a
// normal answer.
func judgeChanges(in Input, t *trouble, g graph, suspects map[string]float64, conditions []condition) []ChangeVerdict {
	if len(in.Changes) == 0 {
		return nil
	}
	all := make([]*assessment, len(in.Changes))
	for i, c := range in.Changes {
		a := &assessment{change: c, edit: editOf(c), effective: c.Time, deployed: true, component: c.Component}
		a.effects = effectsOf(c, a.edit)
		a.inert = inertness(c, a.edit)
		a.words = wordsOfChange(c, a.edit)
		all[i] = a
	}
	ship(all)
	rarity := rarityOf(all)
	names := componentVocabulary(in, g)
	place := placesOf(t, g, suspects)
	named := make(map[string][]string, len(place))
	for c := range place {
		named[c] = componentWords(c)
	}
	for _, a := range all {
		a.judgeContent(t, rarity, names)
		a.judgeTime(t)
		a.judgePlace(place, named)
		a.score = a.time * a.place * (0.1 + 0.9*a.content)
	}
	inherit(all)
	slices.SortStableFunc(all, func(a, b *assessment) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.content, a.content), b.effective.Compare(a.effective), cmp.Compare(a.change.ID, b.change.ID))
	})
	return verdicts(all, conditions)
}

// wordsOfChange weighs the words of a change: full weight for what it added, removed or set, half for paths, little for
// its title and for the lines around.
func wordsOfChange(c Change, e edit) map[string]float64 {
	balance := map[string]int{}
	for _, l := range e.added {
		for _, w := range wordsOf(l) {
			balance[w]++
		}
	}
	for _, l := range e.removed {
		for _, w := range wordsOf(l) {
			balance[w]--
		}
	}
	out := map[string]float64{}
	put := func(text string, weight float64) {
		for _, w := range wordsOf(text) {
			out[w] = max(out[w], weight)
		}
	}
	for w, n := range balance {
		out[w] = 0.25
		if n != 0 {
			out[w] = 1
		}
	}
	for _, s := range e.settings {
		put(s.name, 1)
	}
	for _, p := range c.Parameters {
		put(p.Name, 1)
	}
	for _, f := range e.files {
		put(f, 0.5)
	}
	if c.Diff == "" && len(c.Parameters) == 0 {
		put(c.Title, 0.6)
	}
	put(c.Title, 0.35)
	put(c.ID, 0.2)
	for _, l := range e.context {
		put(l, 0.15)
	}
	return out
}

// rarityOf is the inverse document frequency of words over the changes, 0..1: a word that many changes use tells none of
// them apart (Spärck Jones 1972).
func rarityOf(all []*assessment) func(string) float64 {
	df := map[string]int{}
	for _, a := range all {
		for w, weight := range a.words {
			if weight >= 0.5 {
				df[w]++
			}
		}
	}
	n := float64(len(all))
	return func(w string) float64 { return math.Log1p(n/float64(max(df[w], 1))) / math.Log1p(n) }
}

// componentVocabulary are the words of component names: place is judged on its own, so they add little to content.
func componentVocabulary(in Input, g graph) map[string]bool {
	words := map[string]bool{}
	for _, c := range componentsOf(in, g) {
		for _, w := range append(componentWords(c), wordsOf(c)...) {
			words[w] = true
		}
	}
	return words
}

// judgeContent asks whether what the change does is what the trouble speaks of.
func (a *assessment) judgeContent(t *trouble, rarity func(string) float64, names map[string]bool) {
	if a.inert != "" {
		a.reason(a.inert, inertText[a.inert], -0.9)
		return
	}
	lexical, shared := a.overlap(t, rarity, names)
	a.weighDependencies(t)
	mechanism, how, shown, quote := t.explains(a.effects)
	a.how = how
	value, valueText := a.valueMatch(t)
	frame := a.frameMatch(t)
	specific := 0.7 + 0.3*min(1, lexical/0.4)
	if a.edit.rewrites && mechanism < 0.5 {
		lexical *= 0.4
		a.reason("rewrites_only", "it keeps the words of what it replaces: an extraction, a renaming or a reordering", -0.3)
	}
	if a.loosensOnly() && mechanism < 0.5 {
		lexical *= 0.3
		a.reason("loosens_limits", "it only raises limits or timeouts: "+a.edit.settings[0].text, -0.3)
	}
	if a.edit.unknown && a.carries == "" {
		lexical = max(lexical, unknownContent)
		a.reason("content_unknown", "nothing is known about what it changed", -0.2)
	}
	a.content = 1 - (1-0.9*mechanism*specific)*(1-0.6*lexical)*(1-0.7*value)*(1-0.45*frame)
	if mechanism >= 0.3 {
		a.reason("mechanism_"+how.name, fmt.Sprintf("%q brings about what is seen: %q", shown.text, clip(quote.text, 90)), mechanism, quote.refs...)
	}
	if len(shared) > 0 && lexical >= 0.1 {
		a.reason("content_matches_error", "it shares rare words with the symptoms: "+strings.Join(shared, ", "), lexical)
	}
	if value > 0 {
		a.reason("value_matches", valueText, value)
	}
	if frame > 0 {
		a.reason("stack_frame_matches", "a stack trace names a file that it touched", frame)
	}
	if a.content < culpritContent && !a.edit.unknown {
		a.reason("no_overlap", "what it does has nothing to do with the symptoms", -(culpritContent - a.content))
	}
}

// weighDependencies makes a dependency bump count for what it bumps: fully when the trouble speaks of that package, little
// when it does not, and less for a patch release.
func (a *assessment) weighDependencies(t *trouble) {
	for i := range a.effects {
		if a.effects[i].name != "dependency_bumped" {
			continue
		}
		a.effects[i].size = 0.4
		for w, part := range a.words {
			if part == 1 && t.words[w] >= 0.7 && !t.normal[w] {
				a.effects[i].size = 1
				break
			}
		}
		if patchOnly(a.edit) {
			a.effects[i].size *= 0.5
		}
	}
}

var release = expr(`\bv?(\d+)\.(\d+)\.\d+`)

// patchOnly says whether every version in the edit moved in its last number only.
func patchOnly(e edit) bool {
	lines := map[string]int{}
	for side, all := range map[int][]string{1: e.added, -1: e.removed} {
		for _, l := range all {
			for _, m := range release.FindAllStringSubmatch(l, -1) {
				lines[m[1]+"."+m[2]] += side
			}
		}
	}
	for _, n := range lines {
		if n != 0 {
			return false
		}
	}
	return len(lines) > 0
}

var inertText = map[string]string{
	"only_docs_or_tests":   "it touches documentation, tests or build files only",
	"only_styling":         "it touches styling and templates only",
	"only_logging":         "it changes log statements only",
	"only_instrumentation": "it changes metrics or tracing only",
	"moved_only":           "it moves or reformats lines and changes nothing else",
}

// overlap weighs the words that the change shares with the trouble; the strongest are returned for people.
func (a *assessment) overlap(t *trouble, rarity func(string) float64, names map[string]bool) (float64, []string) {
	type hit struct {
		word   string
		weight float64
	}
	var hits []hit
	sum := 0.0
	for w, part := range a.words {
		said := t.words[w]
		if said == 0 {
			continue
		}
		weight := said * part * rarity(w)
		if names[w] {
			weight *= 0.2
		}
		if t.normal[w] {
			weight *= 0.3
		}
		if len(w) > 12 { // an identifier as a whole
			weight *= 1.5
		}
		hits = append(hits, hit{w, weight})
	}
	slices.SortFunc(hits, func(x, y hit) int { return cmp.Or(cmp.Compare(y.weight, x.weight), cmp.Compare(x.word, y.word)) })
	var shown []string
	for i, h := range hits {
		if i < 12 {
			sum += h.weight
		}
		if len(shown) < 4 && h.weight >= 0.1 {
			shown = append(shown, h.word)
		}
	}
	return 1 - math.Exp(-sum/1.5), shown
}

// valueMatch finds a value that the change set among the numbers that errors mention, durations also in milliseconds, or
// the very step of a metric.
func (a *assessment) valueMatch(t *trouble) (float64, string) {
	for _, s := range a.edit.settings {
		if s.direction() == 0 || s.old.kind == "bool" {
			continue
		}
		for _, d := range t.departures {
			if nearly(d.before, s.old.value) && nearly(d.after, s.new.value) {
				return 1, fmt.Sprintf("%s of %s moved exactly as it set: %s", d.metric, d.component, s.text)
			}
		}
		for _, factor := range []float64{1, 1000} {
			v := s.new.value * factor
			if name, ok := t.numbers[v]; ok && (sharesPart(name, s.name) || v >= 20 && (factor == 1 || s.new.kind == "duration")) {
				return 0.7, fmt.Sprintf("errors mention its new value, %s = %s", name, number(v))
			}
		}
	}
	return 0, ""
}

// sharesPart says whether two identifiers have a part in common.
func sharesPart(a, b string) bool {
	parts := splitIdentifier(strings.ReplaceAll(b, ".", "_"))
	return slices.ContainsFunc(splitIdentifier(strings.ReplaceAll(a, ".", "_")), func(p string) bool { return slices.Contains(parts, p) })
}

func nearly(a, b float64) bool { return math.Abs(a-b) <= 0.02*max(math.Abs(a), math.Abs(b)) }

// frameMatch is 1 when a stack trace names a file of the change by its path, less when only the base name agrees.
func (a *assessment) frameMatch(t *trouble) float64 {
	best := 0.0
	for _, f := range a.edit.files {
		f = strings.ToLower(f)
		for _, frame := range t.frames {
			switch {
			case strings.Contains(frame, "/") && (strings.HasSuffix(f, frame) || strings.HasSuffix(frame, f)):
				best = 1
			case f[strings.LastIndexByte(f, '/')+1:] == frame[strings.LastIndexByte(frame, '/')+1:]:
				best = max(best, 0.6)
			}
		}
	}
	return best
}

// loosensOnly says whether all the change did is to raise numbers such as timeouts, retries and sizes.
func (a *assessment) loosensOnly() bool {
	if len(a.edit.settings) == 0 {
		return false
	}
	for _, s := range a.edit.settings {
		if s.direction() <= 0 || s.old.kind == "bool" {
			return false
		}
	}
	return len(a.edit.added) <= len(a.edit.settings)+1 && len(a.edit.removed) <= len(a.edit.settings)+1
}

func (a *assessment) reason(name, detail string, weight float64, refs ...string) {
	if a.change.Ref != "" {
		refs = append([]string{a.change.Ref}, refs...)
	}
	a.reasons = append(a.reasons, Reason{Name: name, Detail: detail, Weight: weight, Refs: slices.Compact(refs)})
}

// verdicts names at most one change (and the deployment that shipped it) the culprit.
func verdicts(all []*assessment, conditions []condition) []ChangeVerdict {
	outside, found := strongestExternal(conditions)
	var culprit *assessment
	for _, a := range all {
		if culprit == nil && a.score >= culpritScore && a.content >= culpritContent && !a.after && a.inert == "" && (!found || outside.allows(a)) {
			culprit = a
		}
	}
	out := make([]ChangeVerdict, 0, len(all))
	for _, a := range all {
		v := ChangeVerdict{Change: a.change, Score: a.score, Verdict: Possible, Reasons: a.reasons}
		switch {
		case a == culprit, culprit != nil && culprit.sameShipment(a) && a.content >= culpritContent:
			v.Verdict = Culprit
		case found && outside.Score >= externalStrong && !outside.allows(a):
			v.Verdict = Decoy
			v.Reasons = append([]Reason{{Name: "external_cause", Detail: "another explanation is stronger: " + outside.text(), Weight: -outside.Score}}, v.Reasons...)
		case a.after, a.inert != "", a.score < possibleScore, culprit != nil && a.content < culpritContent:
			v.Verdict = Decoy
		}
		slices.SortStableFunc(v.Reasons, func(a, b Reason) int {
			if v.Verdict == Decoy {
				a, b = b, a
			}
			return cmp.Compare(b.Weight, a.Weight)
		})
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b ChangeVerdict) int { return cmp.Compare(verdictOrder[a.Verdict], verdictOrder[b.Verdict]) })
	return out
}

var verdictOrder = map[Verdict]int{Culprit: 0, Possible: 1, Decoy: 2}

// sameShipment says whether b is the deployment that shipped a, or the other way round.
func (a *assessment) sameShipment(b *assessment) bool {
	return a.carrier != "" && a.carrier == b.change.ID || a.carries != "" && a.carries == b.change.ID || b.carries != "" && b.carries == a.change.ID
}
