package main

import "fmt"

// results are all measurements of a run.
type results struct {
	ours               []result
	peer               []peerResult
	allocations, bytes float64
}

// ratio compares the flood rates of one size: alarms decided and stored against alerts answered.
func (r results) ratio(i int) string {
	text := ""
	for _, ours := range r.ours {
		if ours.size == r.peer[i].size {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%.2f (%s)", ours.flood.rate/r.peer[i].flood.rate, mode(ours.synced))
		}
	}
	return text
}

func mode(synced bool) string {
	if synced {
		return "synced to disk"
	}
	return "not synced"
}

func writeDocs(options, results) error { return nil }
