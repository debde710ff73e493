// Package investigate runs an investigation: it collects telemetry through tools, analyses it without a model, lets a
// model (or the offline analyst) look further turn by turn, checks what was concluded, and plans.
//
// Every step is written ahead to the journal: a crash repeats at most one model call and no tool call whose result was
// recorded. The model proposes, code disposes: claims without citations that exist are dropped and listed.
package investigate
