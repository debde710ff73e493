package evidence

import "time"

// stormGap is the quiet time that ends a storm.
const stormGap = 60 * time.Second

// GroupAlarms gives each alarm the number of the incident it belongs to, from 0 in order of first alarm. Alarms must be in
// order of time.
func GroupAlarms(alarms []Alarm, topology []Dependency) []int {
	out := make([]int, len(alarms))
	for i := 1; i < len(alarms); i++ {
		out[i] = out[i-1]
		if alarms[i].Time.Sub(alarms[i-1].Time) > stormGap {
			out[i]++
		}
	}
	return out
}
