package stack

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// nagReports are the rows of cdk-nag's reports by file, set by the synthesis.
var nagReports map[string][][]string

func readReports(out string) (map[string][][]string, error) {
	files, err := filepath.Glob(filepath.Join(out, "AwsSolutions-*-NagReport.csv"))
	if err != nil {
		return nil, err
	}
	reports := map[string][][]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
		if err != nil {
			return nil, err
		}
		reports[filepath.Base(file)] = rows
	}
	return reports, nil
}

// TestNag: AwsSolutions has no finding without a written reason.
func TestNag(t *testing.T) {
	of(t, "payments")
	if len(nagReports) != 3 {
		t.Fatalf("%d reports, want one for each stack", len(nagReports))
	}
	for file, rows := range nagReports {
		if len(rows) < 60 {
			t.Errorf("%s: only %d rows: cdk-nag did not look at the whole stack", file, len(rows))
		}
		column := map[string]int{}
		for i, name := range rows[0] {
			column[name] = i
		}
		for _, row := range rows[1:] {
			compliance, reason := row[column["Compliance"]], row[column["Exception Reason"]]
			switch compliance {
			case "Compliant", "N/A":
			case "Suppressed":
				if len(reason) < 40 {
					t.Errorf("%s: %s at %s: %q is no reason", file, row[column["Rule ID"]], row[column["Resource ID"]], reason)
				}
			default:
				t.Errorf("%s: %s at %s: %s", file, row[column["Rule ID"]], row[column["Resource ID"]], compliance)
			}
		}
	}
}

// TestNagIsAGate: a finding without a reason ends the synthesis, also outside tests.
func TestNagIsAGate(t *testing.T) {
	dir := t.TempDir()
	if err := fakeFunctions(filepath.Join(dir, "dist")); err != nil {
		t.Fatal(err)
	}
	app, _, err := App(Settings{Root: root, Dist: filepath.Join(dir, "dist"), Out: filepath.Join(dir, "out"), Only: "search"})
	if err != nil {
		t.Fatal(err)
	}
	extra := awscdk.NewStack(app, jsii.String("Careless"), nil)
	awssqs.NewQueue(extra, jsii.String("Queue"), nil)
	err = caught(func() { app.Synth(nil) })
	if err == nil || !strings.Contains(err.Error(), "Validation failed") {
		t.Fatalf("a queue without TLS and dead letters was synthesized: %v", err)
	}
}
