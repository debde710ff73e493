// Package stack describes one Agent Space on AWS: what an alarm passes (ingest, machine), what remembers (store,
// secrets), who may do what (functions, permissions, reader) and who is told when Firefinder itself is in trouble (watch).
//
// Read functions.go first: its table is the whole set of functions, each with its trigger, limits, environment and
// permissions. Every statement of every role is written out in permissions.go; no grant helper adds one behind our back.
package stack
