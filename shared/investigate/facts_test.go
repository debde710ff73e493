package investigate

import (
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// Whoever tags a change adds facts to a plan, and does not say what its component or its region is.
func TestTagsOfAChangeAddFactsAlone(t *testing.T) {
	w := &worker{Service: &Service{Deps: Deps{Space: config.Space{Region: "eu-central-1"}}}}
	c := incident.Conclusion{RootCauses: []incident.RootCause{{Component: "checkout", Change: "c1"}}}
	b := evidence.Brief{Changes: []evidence.ChangeVerdict{{Change: evidence.Change{ID: "c1", Tags: map[string]string{"component": "payments", "region": "us-east-1", "cluster": "shop"}}}}}
	facts := w.planFacts(c, b)
	if facts["component"] != "checkout" || facts["region"] != "eu-central-1" || facts["cluster"] != "shop" {
		t.Errorf("%v", facts)
	}
}
