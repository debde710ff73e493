package cli

import (
	"encoding/json"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/connector/scenario"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// NewAnalyze is `firefinder analyze DIR`: the evidence engine on a folder of telemetry in the neutral format
// (docs/analyze.md). The brief goes to stdout; nothing else does.
func NewAnalyze() *cobra.Command {
	var start string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "analyze DIR",
		Short: "Find causes in a folder of telemetry, offline",
		Long: "Analyze reads metrics.csv, logs.ndjson, calls.ndjson, changes.json, topology.json, alarms.json and statuses.json from DIR (each may be\n" +
			"missing) and prints what the evidence engine finds: onsets, ranked causes, verdicts on changes, log patterns, rejected hypotheses and gaps.\n" +
			"It uses no model, no account and no network. The format is described in docs/analyze.md.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			brief, err := analyze(args[0], start)
			if err != nil {
				return err
			}
			if asJSON {
				out := json.NewEncoder(cmd.OutOrStdout())
				out.SetIndent("", "  ")
				return out.Encode(brief)
			}
			return brief.Text(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&start, "start", "", "when trouble began, RFC 3339 (default: the first alarm, else found)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the brief as JSON")
	return cmd
}

func analyze(dir, start string) (evidence.Brief, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return evidence.Brief{}, incident.Errorf(incident.NotFound, "open the telemetry folder: %w", err)
	}
	if !info.IsDir() {
		return evidence.Brief{}, incident.Errorf(incident.Invalid, "%s is a file; give the folder that holds the telemetry", dir)
	}
	found, err := scenario.Load(os.DirFS(dir))
	if err != nil {
		return evidence.Brief{}, err
	}
	window := found.Window()
	if start != "" {
		if window.Start, err = time.Parse(time.RFC3339, start); err != nil {
			return evidence.Brief{}, incident.Errorf(incident.Invalid, "--start %q is not an RFC 3339 time such as 2026-01-31T10:00:00Z", start)
		}
	}
	return evidence.Analyze(found.Input(window)), nil
}
