package investigate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/incident"
)

var claimID = regexp.MustCompile(`^[a-z]{1,10}-[0-9]{1,3}$`)

// named gives every claim an id that is its own and can be shown as it is. Ids that are malformed, taken twice or those
// of observations are replaced; what cites them follows.
func named(d incident.Draft) incident.Draft {
	d.Symptoms, d.Findings, d.RootCauses, d.Rejected = slices.Clone(d.Symptoms), slices.Clone(d.Findings), slices.Clone(d.RootCauses), slices.Clone(d.Rejected)
	taken, now := map[string]bool{}, map[string]string{}
	name := func(id *string, kind string) {
		old := *id
		if ok := claimID.MatchString(old) && !observation(old); !ok || taken[old] {
			for n := 1; *id == old || taken[*id]; n++ {
				*id = fmt.Sprintf("%s-%d", kind, n)
			}
		}
		taken[*id] = true
		if _, known := now[old]; !known && !observation(old) {
			now[old] = *id
		}
	}
	for i := range d.Symptoms {
		name(&d.Symptoms[i].ID, "s")
	}
	for i := range d.Findings {
		name(&d.Findings[i].ID, "f")
	}
	follow := func(cites []string) []string {
		cites = slices.Clone(cites)
		for i, ref := range cites {
			if id, ok := now[ref]; ok {
				cites[i] = id
			}
		}
		return cites
	}
	for i := range d.RootCauses {
		d.RootCauses[i].Cites = follow(d.RootCauses[i].Cites)
		name(&d.RootCauses[i].ID, "cause")
	}
	for i := range d.Rejected {
		d.Rejected[i].Cites = follow(d.Rejected[i].Cites)
	}
	return d
}

func observation(id string) bool { return strings.HasPrefix(id, "obs-") }
