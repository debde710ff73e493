package source

import (
	"regexp"
	"strings"

	"github.com/firefinder/firefinder/shared/incident"
)

// labelled is an explicit hint in a text: "severity: high", "priority=P2", "sev: 1".
var labelled = regexp.MustCompile(`(?i)\b(?:severity|priority|urgency|sev|prio)\s*[:=]\s*["']?([a-z]+[0-9]?|[0-9])\b`)

// leading is a hint in front of a text: "HIGH: customers cannot pay", "[P2] queue grows".
var leading = regexp.MustCompile(`(?i)^\s*(?:\[([a-z]+-?[0-9]?)\]|([a-z]+-?[0-9]?)\s*:)`)

// words are hints that stand alone in a name. "high" and "low" are not among them: in names they mostly describe a
// metric (cpu-high, FreeStorageLow), not how urgent it is.
var words = map[string]incident.Priority{
	"critical": incident.Critical, "crit": incident.Critical, "fatal": incident.Critical, "emergency": incident.Critical,
	"p0": incident.Critical, "p1": incident.Critical, "sev0": incident.Critical, "sev1": incident.Critical,
	"p2": incident.High, "sev2": incident.High, "major": incident.High,
	"p3": incident.Medium, "sev3": incident.Medium, "warning": incident.Medium, "warn": incident.Medium,
	"p4": incident.Low, "sev4": incident.Low, "minor": incident.Low,
	"p5": incident.Minimal, "sev5": incident.Minimal, "info": incident.Minimal, "informational": incident.Minimal,
}

// levels are the values of an explicit hint, which may also be plain words or numbers.
var levels = map[string]incident.Priority{
	"high": incident.High, "error": incident.High, "medium": incident.Medium, "moderate": incident.Medium, "normal": incident.Medium,
	"page": incident.High, "urgent": incident.High, "ticket": incident.Low, "notice": incident.Minimal, "debug": incident.Minimal,
	"low": incident.Low, "minimal": incident.Minimal, "none": incident.Minimal, "planning": incident.Minimal,
	"0": incident.Critical, "1": incident.Critical, "2": incident.High, "3": incident.Medium, "4": incident.Low, "5": incident.Minimal,
}

// Priority maps a vendor's word or number for urgency ("critical", "P2", "sev3", "warning", "4") to ours; ok is false
// for a word that says nothing.
func Priority(word string) (p incident.Priority, ok bool) {
	word = strings.ToLower(strings.TrimSpace(word))
	if p, ok = words[word]; ok {
		return p, true
	}
	p, ok = levels[word]
	return p, ok
}

// PriorityIn looks for a hint: first tags (severity, priority), then a label in the description ("severity: high"), then a
// word in front of description or name ("HIGH: ...", "[P2] ..."), then a word of the alarm's name. Without one it is
// fallback.
func PriorityIn(name, description string, tags map[string]string, fallback incident.Priority) incident.Priority {
	for _, tag := range []string{"severity", "Severity", "priority", "Priority"} {
		if p, ok := Priority(tags[tag]); ok {
			return p
		}
	}
	for _, m := range labelled.FindAllStringSubmatch(description, -1) {
		if p, ok := Priority(m[1]); ok {
			return p
		}
	}
	for _, text := range []string{description, name} {
		if m := leading.FindStringSubmatch(text); m != nil {
			if p, ok := Priority(strings.ReplaceAll(m[1]+m[2], "-", "")); ok {
				return p
			}
		}
	}
	for _, word := range split(strings.ReplaceAll(strings.ToLower(name), "sev-", "sev")) {
		if p, ok := words[word]; ok {
			return p
		}
	}
	return fallback
}
