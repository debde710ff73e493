package evidence

import "github.com/firefinder/firefinder/shared/incident"

// settle decides the outcome of a brief whose causes and changes are ranked: how far the leading cause stands out, and
// whether a mechanism or a change explains it.
func settle(b Brief) (incident.Outcome, float64) {
	if len(b.Causes) == 0 {
		return incident.Inconclusive, 0.1
	}
	lead, confidence := b.Causes[0], 0.35
	if lead.Category != Unknown && lead.Category != "" {
		confidence += 0.2
	}
	if lead.Change != "" {
		confidence += 0.2
	}
	if len(b.Causes) == 1 || lead.Score > 1.5*b.Causes[1].Score {
		confidence += 0.15
	}
	switch {
	case confidence >= 0.85:
		return incident.Confirmed, confidence
	case confidence >= 0.5:
		return incident.Likely, confidence
	}
	return incident.Inconclusive, confidence
}
