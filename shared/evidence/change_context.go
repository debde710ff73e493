package evidence

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Where and when a change took effect: shipping, time and place.

// ship connects commits with the deployments that carried them. A deployment carries the commit that its revision names, and
// those that were committed before it, after its predecessor, to the same part of the source tree. A commit takes effect
// when its first deployment does; where deployments are recorded, a commit without one has probably not taken effect.
func ship(all []*assessment) {
	var deployments, commits []*assessment
	for _, a := range all {
		switch {
		case a.change.Kind == "deployment" || a.change.Revision != "":
			deployments = append(deployments, a)
		case a.change.Kind == "commit":
			commits = append(commits, a)
		}
	}
	slices.SortStableFunc(deployments, func(a, b *assessment) int { return a.change.Time.Compare(b.change.Time) })
	for _, c := range commits {
		c.deployed = len(deployments) == 0
		for _, d := range deployments {
			if sameRevision(d.change.Revision, c.change.ID) {
				c.shippedBy(d)
				d.carries, d.cargo = c.change.ID, c
				break
			}
		}
	}
	for _, c := range commits {
		if c.carrier != "" {
			continue
		}
		first, _ := slices.BinarySearchFunc(deployments, c.change.Time, func(d *assessment, at time.Time) int { return d.change.Time.Compare(at) })
		for _, d := range deployments[first:] {
			if sameTree(c, d) {
				c.shippedBy(d)
				break
			}
		}
	}
}

func (a *assessment) shippedBy(d *assessment) {
	a.deployed, a.carrier, a.effective = true, d.change.ID, d.change.Time
	if a.component == "" {
		a.component = d.change.Component
	}
}

func sameRevision(revision, id string) bool {
	if len(revision) < 7 || len(id) < 7 {
		return revision != "" && revision == id
	}
	return strings.HasPrefix(revision, id) || strings.HasPrefix(id, revision)
}

// sameTree says whether a commit touches the tree of a deployment's component: by the component's words in a path, or by
// the directory that the deployed commit touches too.
func sameTree(c, d *assessment) bool {
	if c.names(d.componentWords()) {
		return true
	}
	if d.cargo == nil {
		return false
	}
	for _, f := range c.edit.files {
		for _, g := range d.cargo.edit.files {
			if root := treeRoot(f); root != "" && root == treeRoot(g) {
				return true
			}
		}
	}
	return false
}

func (a *assessment) componentWords() []string {
	if a.named == nil {
		a.named = append([]string{}, componentWords(a.change.Component)...)
	}
	return a.named
}

// names says whether a path of the change speaks of a component: all words of the component's name stand in one segment.
func (a *assessment) names(want []string) bool {
	if len(want) == 0 {
		return false
	}
	if a.segments == nil {
		a.segments = [][]string{}
		seen := map[string]bool{}
		for _, f := range a.edit.files {
			for _, s := range strings.Split(f, "/") {
				if !seen[s] {
					seen[s] = true
					a.segments = append(a.segments, componentWords(s))
				}
			}
		}
	}
	joined := strings.Join(want, "")
	for _, have := range a.segments {
		if len(have) == 0 {
			continue
		}
		if strings.Join(have, "") == joined || !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) }) {
			return true
		}
	}
	return false
}

var sharedDirs = wordSet("pkg lib libs common shared internal platform core util utils vendor third_party base framework")

// treeRoot is the directory that owns a file: the first one that is no mere layer of the source tree.
func treeRoot(file string) string {
	segments := strings.Split(file, "/")
	for i, s := range segments[:len(segments)-1] {
		if !sharedDirs[s] && !wordSet("src services service apps app cmd deploy charts modules packages projects k8s helm")[s] {
			return strings.Join(segments[:i+1], "/")
		}
		if sharedDirs[s] {
			return ""
		}
	}
	return ""
}

// isShared says whether the change touches code that several components share.
func (a *assessment) isShared() bool {
	for _, f := range a.edit.files {
		segments := strings.Split(f, "/")
		if len(segments) == 1 || slices.ContainsFunc(segments[:len(segments)-1], func(s string) bool { return sharedDirs[s] }) {
			return true
		}
	}
	return false
}

// judgeTime asks whether the change took effect before the trouble and how long. A signal that leaves its course right after
// the change makes up for a late alarm: slow mechanisms show long after they began.
func (a *assessment) judgeTime(t *trouble) {
	slack := max(timeSlack, t.step/2)
	if t.start.IsZero() || a.effective.IsZero() {
		a.time = 0.7
		return
	}
	before := t.start.Sub(a.effective)
	if before < -slack {
		a.time, a.after = 0.02, true
		a.reason("after_onset", fmt.Sprintf("it took effect %s after the trouble began", span(-before)), -1)
		return
	}
	a.time = freshness(before)
	if d, ok := a.followed(t, slack); ok {
		a.time = max(a.time, 0.95)
		a.reason("signal_follows", fmt.Sprintf("%s of %s left its course %s later", d.metric, d.component, span(max(d.at.Sub(a.effective), 0))), 0.3, nonEmpty(d.ref)...)
	} else if a.how.slow && a.content >= 0.5 && before < 24*time.Hour {
		a.time = max(a.time, 0.5)
	}
	switch {
	case before > oldAfter && a.time < 0.6:
		a.reason("long_before_onset", fmt.Sprintf("it took effect %s before the trouble began, and nothing changed in between", span(before)), -(1 - a.time))
	case before <= freshFor:
		a.reason("just_before_onset", fmt.Sprintf("it took effect %s before the trouble began", span(max(before, 0))), 0.3)
	}
	if !a.deployed {
		a.time *= 0.35
		a.reason("not_deployed", "no recorded deployment shipped it before the trouble began", -0.5)
	}
}

// freshness falls from 1 at half an hour to a half at two hours and a fifth at half a day.
func freshness(before time.Duration) float64 {
	if before <= freshFor {
		return 1
	}
	return max(0.08, math.Pow(0.5, math.Log(float64(before)/float64(freshFor))/math.Log(float64(oldAfter)/float64(freshFor))))
}

// followed finds a signal that left its course soon after the change and that concerns the trouble.
func (a *assessment) followed(t *trouble, slack time.Duration) (departure, bool) {
	for _, d := range t.departures {
		lag := d.at.Sub(a.effective)
		if lag < -slack || lag > followWithin || d.at.After(t.start.Add(recentAfter)) {
			continue
		}
		if t.components[d.component] >= 0.5 && (a.component == "" || a.component == d.component || a.isShared()) {
			return d, true
		}
	}
	return departure{}, false
}

// placesOf says how much each component is involved: in trouble or suspected, else by neighbourhood.
func placesOf(t *trouble, g graph, suspects map[string]float64) map[string]float64 {
	place := map[string]float64{}
	for c, w := range t.components {
		place[c] = max(place[c], w)
	}
	for c, w := range suspects {
		place[c] = max(place[c], w)
	}
	direct := make(map[string]float64, len(place))
	for c, w := range place {
		direct[c] = w
	}
	for c, w := range direct {
		for callee, hops := range reach([]string{c}, g.callees) {
			place[callee] = max(place[callee], w*math.Pow(0.85, float64(hops)))
		}
		for _, caller := range g.callers[c] {
			place[caller] = max(place[caller], 0.6*w)
		}
		for _, near := range [][]string{{g.host[c]}, {g.service[c]}, g.instances[c], g.residents[c]} {
			for _, n := range near {
				if n != "" {
					place[n] = max(place[n], 0.85*w)
				}
			}
		}
	}
	return place
}

// judgePlace asks whether the change reaches a component that the trouble involves.
func (a *assessment) judgePlace(place map[string]float64, named map[string][]string) {
	best, at := 0.0, ""
	for c, w := range place {
		reached := a.component == c || a.names(named[c])
		if reached && (w > best || w == best && c < at) {
			best, at = w, c
		}
	}
	switch {
	case best > 0:
		a.place = 0.4 + 0.6*best
		if best >= 0.6 {
			a.reason("on_the_way", "it reaches "+at+", which the trouble involves", 0.2*best)
		}
	case a.component == "" && (a.isShared() || len(a.edit.files) == 0), a.isShared() && a.content >= 0.5:
		a.place = 0.75
	default:
		a.place = unrelatedWeight
		name := a.component
		if name == "" {
			name = "the part of the system that it touches"
		}
		a.reason("unrelated_component", name+" has nothing to do with the components in trouble", -0.5)
	}
}

// inherit gives a deployment without content of its own that of the commit it shipped.
func inherit(all []*assessment) {
	for _, d := range all {
		c := d.cargo
		if c == nil || c.score <= d.score && !d.edit.unknown {
			continue
		}
		d.content, d.score, d.inert, d.how = c.content, c.score*0.99, c.inert, c.how
		if c.content >= culpritContent {
			d.reason("ships_the_change", "it shipped "+shortID(c.change.ID), 0.5)
		} else {
			d.adopt(c.reasons)
		}
		d.score = min(d.score, max(d.time, 0.02)*max(d.place, unrelatedWeight))
	}
}

// adopt adds the reasons that are not yet given.
func (a *assessment) adopt(reasons []Reason) {
	for _, r := range reasons {
		if !slices.ContainsFunc(a.reasons, func(have Reason) bool { return have.Name == r.Name }) {
			a.reasons = append(a.reasons, r)
		}
	}
}

func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}
