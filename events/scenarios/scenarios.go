// Package scenarios holds replayable incidents; docs/scenarios.md describes the layout of their folders.
package scenarios

import (
	"embed"
	"io/fs"
	"slices"
)

//go:embed checkout-503 orders-throttled false-alarm
var files embed.FS

// Names lists the scenarios that ship with Firefinder, in the order in which they are best read.
var Names = []string{"checkout-503", "orders-throttled", "false-alarm"}

// Open returns the folder of a shipped scenario; ok is false for an unknown name.
func Open(name string) (folder fs.FS, ok bool) {
	if !slices.Contains(Names, name) {
		return nil, false
	}
	folder, err := fs.Sub(files, name)
	return folder, err == nil
}
