// Package triage decides what an alarm means: it belongs to an investigation (Linked), a rule says that nobody needs to
// look (Skipped), or it opens an investigation (Proceed). It is deterministic and spends no model tokens.
//
// Decide is pure. Service commits decisions by a protocol that loses nothing and doubles nothing, whatever the order,
// the delay or the number of deliveries: see Service.Handle and docs/triage.md.
package triage
