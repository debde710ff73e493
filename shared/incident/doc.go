// Package incident is the domain: the nouns that every other package speaks, on the standard library alone.
//
// An Event is what a source sent. Its identity in triage is an Alarm. Triage answers with a Decision. An
// Investigation collects Observations, draws Findings, names RootCauses and ends in a Conclusion; a Plan proposes
// what people could do about it and an Approval records what one person decided. Nothing here does I/O.
package incident
