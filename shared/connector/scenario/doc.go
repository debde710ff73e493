// Package scenario reads telemetry from a folder in Firefinder's neutral format, described in docs/analyze.md: what
// demonstrations replay, what `firefinder analyze` looks at, and what anyone can write to try the engine on data of
// their own.
//
// Every file is optional; a missing one becomes a named gap and never reads as "nothing there". Reading is strict:
// an unknown column or field, a bad time or number is an Invalid error that names file and line.
package scenario
