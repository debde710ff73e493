// Package proof holds the proofs about the tests themselves: that each guard of the way in and of triage is needed, and
// that a named test notices when it is gone. The script run, beside it, runs the long proofs.
package proof
