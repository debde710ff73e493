// Package evidence finds causes without a model: deterministic, explainable and pure. Given telemetry around an incident
// it returns a Brief: what changed its behaviour and when, which components are causes and which only echo a callee,
// which changes explain the symptoms and which are decoys, what is new in the logs, what recovered, and how sure one
// can be, including "no change is to blame" and "nothing is wrong".
//
// Analyze does no I/O, reads no clock and has one set of constants. Equal inputs give equal briefs.
package evidence
