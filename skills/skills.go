// Package skills embeds the skills that ship with Firefinder. A space may narrow them down by name in its file.
package skills

import "embed"

// FS holds one directory for each skill.
//
//go:embed */SKILL.md */mitigations.yaml
var FS embed.FS
