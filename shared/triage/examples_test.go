package triage_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/triage"
)

// The worked examples of docs/triage.md are what Decide does.
func TestWorkedExamples(t *testing.T) {
	doc, err := os.ReadFile("../../docs/triage.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(doc)
	if block == nil {
		t.Fatal("docs/triage.md has no space file")
	}
	space, err := config.ParseSpace("docs/triage.md", block[1])
	if err != nil {
		t.Fatal(err)
	}
	graph := triage.GraphOf(space)
	_, table, _ := strings.Cut(string(doc), "| alarm | window | minutes apart |")
	rows := 0
	for _, line := range strings.Split(table, "\n")[2:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		rows++
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		t.Run(line, func(t *testing.T) { example(t, graph, cells) })
	}
	if rows < 15 {
		t.Errorf("only %d examples were found", rows)
	}
}

func example(t *testing.T, graph triage.Graph, cells []string) {
	minutes, err := strconv.ParseFloat(cells[2], 64)
	if err != nil {
		t.Fatal(err)
	}
	e, opener := subject(cells[0]), subject(cells[1])
	e.Timestamp = t0.Add(time.Duration(minutes * float64(time.Minute)))
	w := triage.Window{ID: "win-1", OpenedAt: t0, Investigation: "inv-1", Service: opener.Service, Account: opener.Account, Region: opener.Region, Dimensions: opener.Dimensions}
	d := triage.Decide(t0, e, []triage.Window{w}, graph, nil)
	got := []string{"", "", string(d.Outcome)}
	if d.Winner != nil {
		var names []string
		for _, f := range d.Winner.Features {
			names = append(names, string(f.Name))
		}
		got[0], got[1] = strings.Join(names, ", "), fmt.Sprintf("%.2f", d.Winner.Score)
	}
	if diff := cmp.Diff(cells[3:6], got); diff != "" {
		t.Errorf("the document says - , the code does +:\n%s", diff)
	}
}

// subject reads "service account/region Dimension=value".
func subject(text string) (e incident.Event) {
	blank := func(s string) string { return strings.TrimSuffix(s, "-") }
	fields := strings.Fields(text)
	account, region, _ := strings.Cut(fields[1], "/")
	e.Service, e.Account, e.Region = fields[0], blank(account), blank(region)
	if e.Service == "-" {
		e.Service = ""
	}
	for _, d := range fields[2:] {
		name, value, _ := strings.Cut(d, "=")
		e.Dimensions = map[string]string{name: value}
	}
	return e
}

func TestRunnerUpAndTies(t *testing.T) {
	graph := triage.GraphOf(space())
	e := ev("checkout", "5xx", 10, incident.Created)
	window := func(id, service string, minutes float64) triage.Window {
		return triage.Window{ID: id, OpenedAt: t0.Add(time.Duration(minutes * float64(time.Minute))), Investigation: "inv-" + id, Service: service, Account: "1", Region: "eu"}
	}
	d := triage.Decide(t0, e, []triage.Window{window("far", "checkout", -5), window("db", "db", 9), window("near", "checkout", 8), window("search", "search", 10)}, graph, nil)
	if d.Window != "near" || d.RunnerUp == nil || d.RunnerUp.Window != "far" || d.Threshold != triage.Threshold {
		t.Errorf("decision %+v, runner-up %+v", d, d.RunnerUp)
	}
	d = triage.Decide(t0, e, []triage.Window{window("b", "checkout", 12), window("a", "checkout", 8)}, graph, nil)
	if d.Window != "a" {
		t.Errorf("a tie goes to %s, want a: the order must not depend on what was read first", d.Window)
	}
}
