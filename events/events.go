// Package events embeds sample deliveries of every source, one folder each. They are examples for trying things out and
// for tests; parsers follow the vendors' documentation, not these files. NOTICE.md says where they come from.
package events

import "embed"

// FS holds <source>/<case>.json.
//
//go:embed cloudwatch generic
var FS embed.FS
