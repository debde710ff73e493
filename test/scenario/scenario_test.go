// Package scenario tells whole runs as stories: testdata/*.txtar replay an incident with the real command line and check
// what it concluded. Each story says in its first lines what it proves.
package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/firefinder/firefinder/events/scenarios"
	"github.com/firefinder/firefinder/shared/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"firefinder": func() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"scenario": copyScenario,
			"change":   editChange,
			"value":    wantValue,
			"keep":     keepValue,
			"appears":  appears,
			"reaches":  reaches,
			"fails":    fails,
		},
	})
}

// copyScenario is `scenario NAME DIR`: a shipped scenario as a folder that the story may edit.
func copyScenario(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: scenario NAME DIR")
	}
	folder, ok := scenarios.Open(args[0])
	if !ok {
		ts.Fatalf("no scenario %s", args[0])
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), folder.(fs.FS)))
}

// editChange is `change DIR remove COMPONENT KIND` or `change DIR move COMPONENT KIND DURATION`.
func editChange(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: change DIR remove|move COMPONENT KIND [DURATION]")
	}
	file := filepath.Join(ts.MkAbs(args[0]), "changes.json")
	data, err := os.ReadFile(file)
	ts.Check(err)
	var changes []map[string]any
	ts.Check(json.Unmarshal(data, &changes))
	hit := func(c map[string]any) bool { return c["component"] == args[2] && c["kind"] == args[3] }
	if !slices.ContainsFunc(changes, hit) {
		ts.Fatalf("no %s of %s in %s", args[3], args[2], file)
	}
	switch args[1] {
	case "remove":
		changes = slices.DeleteFunc(changes, hit)
	case "move":
		by, err := time.ParseDuration(args[4])
		ts.Check(err)
		for _, c := range changes {
			if hit(c) {
				at, err := time.Parse(time.RFC3339, c["time"].(string))
				ts.Check(err)
				c["time"] = at.Add(by).Format(time.RFC3339)
			}
		}
	default:
		ts.Fatalf("unknown edit %s", args[1])
	}
	data, err = json.Marshal(changes)
	ts.Check(err)
	ts.Check(os.WriteFile(file, data, 0o644))
}

// wantValue is `value FILE PATH WANT...`: the value at a dotted path of a JSON file is one of those wanted. With ! it is
// none of them.
func wantValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: value FILE PATH WANT...")
	}
	if got := valueAt(ts, ts.ReadFile(args[0]), args[1]); slices.Contains(args[2:], got) == neg {
		ts.Fatalf("%s is %q", args[1], got)
	}
}

// keepValue is `keep NAME FILE PATH`: the environment variable is the value at a dotted path of a JSON file.
func keepValue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: keep NAME FILE PATH")
	}
	ts.Setenv(args[0], valueAt(ts, ts.ReadFile(args[1]), args[2]))
}

// appears is `appears FILE`: a file that a program in the background writes is there.
func appears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears FILE")
	}
	until(ts, args[0]+" appears", func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	})
}

// reaches is `reaches DIR INVESTIGATION STATE`: the space that runs in DIR says so.
func reaches(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: reaches DIR INVESTIGATION STATE")
	}
	until(ts, args[1]+" is "+args[2], func() bool {
		ts.Check(ts.Exec("firefinder", "show", args[1], "--dir", args[0], "--json"))
		return valueAt(ts, ts.ReadFile("stdout"), "investigation.state") == args[2]
	})
}

func until(ts *testscript.TestScript, what string, holds func() bool) {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for tick := time.NewTicker(20 * time.Millisecond); !holds(); {
		select {
		case <-deadline.C:
			ts.Fatalf("not within 30 s: %s", what)
		case <-tick.C:
		}
	}
}

// fails is `fails CODE PROGRAM ARG...`: the program ends with that exit code.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE PROGRAM ARG...")
	}
	exit := &exec.ExitError{}
	if err := ts.Exec(args[1], args[2:]...); !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("%v ended with %v, want exit code %s", args[1:], err, args[0])
	}
}

// valueAt is the value at a dotted path of a JSON document, as text; len is the length of a list.
func valueAt(ts *testscript.TestScript, document, path string) string {
	var node any
	ts.Check(json.Unmarshal([]byte(document), &node))
	for _, step := range strings.Split(path, ".") {
		switch n := node.(type) {
		case map[string]any:
			node = n[step]
		case []any:
			if step == "len" {
				node = len(n)
				continue
			}
			i, err := strconv.Atoi(step)
			ts.Check(err)
			if i >= len(n) {
				ts.Fatalf("%s: a list of %d elements", path, len(n))
			}
			node = n[i]
		default:
			node = nil
		}
	}
	return fmt.Sprint(node)
}
