package config_test

import (
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// A wrong space file is answered with line, key and what belongs there, in words of the trade and not of the parser.
func TestFaultsNameLineAndKey(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"unknown key":    {"name: demo\nservces: []\n", `line 2: unknown key "servces" (docs/space.md lists the keys)`},
		"tab":            {"name: demo\nservices:\n\t- name: x\n", "line 3: a tab; YAML is indented with spaces alone"},
		"fraction":       {"name: demo\nbudget:\n  concurrent: 2.5\n  dollars_day: 2.5\n", `line 3: key "concurrent": "2.5" stands there, but a whole number is needed`},
		"negative":       {"name: demo\nbudget: {concurrent: -3}\n", `budget: turns, tools, tokens_in, tokens_out, bytes and concurrent must be positive`},
		"word":           {"name: demo\nbudget: {wall: 20m, turns: many}\n", `line 2: key "turns": "many" stands there, but a whole number is needed`},
		"bare duration":  {"name: demo\nbudget:\n  wall: 20\n", `line 3: key "wall": "20" stands there, but a duration such as 20m or 4h is needed`},
		"map for a list": {"name: demo\nservices: {a: b}\n", `line 2: key "services": it has keys of its own, but a list (lines that begin with -) is needed`},
		"word for a map": {"name: demo\nnotify: {slack: here}\n", `line 2: key "slack": "here" stands there, but keys with values (lines such as name: value) is needed`},
		"two at once":    {"name: demo\na: 1\nb: 2\n", `line 2: unknown key "a" (docs/space.md lists the keys); line 3: unknown key "b"`},
		"broken":         {"name: [demo\n", "line 1: did not find expected"},
	} {
		_, err := config.ParseSpace("demo.yaml", []byte(c.file))
		if !incident.Is(err, incident.Invalid) || !strings.HasPrefix(err.Error(), "demo.yaml: "+c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
