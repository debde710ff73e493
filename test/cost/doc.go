// Package cost counts what one incident uses on its whole way, from the alarm to the approved plan, and keeps
// docs/cost.md true to it.
package cost
