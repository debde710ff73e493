package evidence

// correlation is what logs, changes and conditions add to the ranking of components.
type correlation struct {
	patterns   []Pattern
	trouble    *trouble
	conditions []condition
	changes    []ChangeVerdict
	healthy    float64 // how sure the data are that nothing is wrong
	health     []Reason
}

// correlate reads the logs, finds the conditions that hold and judges the changes. suspects are components ranked as
// causes with weights in 0..1, onsets the signals that changed; both may be empty. It never fails; without logs, changes or statuses the parts are empty.
func correlate(in Input, g graph, suspects map[string]float64, onsets []Onset) correlation {
	var c correlation
	book := logBookOf(in)
	first := troubleOf(in, book, nil)
	c.patterns = patternShifts(in, book, first.start)
	c.trouble = troubleOf(in, book, c.patterns)
	if !c.trouble.start.Equal(first.start) {
		c.patterns = patternShifts(in, book, c.trouble.start)
	}
	c.conditions = conditionsOf(in, c.trouble, c.patterns)
	weights := map[string]float64{}
	for name, w := range suspects {
		weights[name] = w
	}
	for _, k := range c.conditions {
		weights[k.Component] = max(weights[k.Component], k.Score)
	}
	c.changes = judgeChanges(in, c.trouble, g, weights, c.conditions)
	c.healthy, c.health = health(in, c.trouble, c.patterns, c.conditions, onsets)
	return c
}
