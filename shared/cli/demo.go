package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/events/scenarios"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/embedded/replay"
	"github.com/firefinder/firefinder/shared/incident"
)

type demoOptions struct {
	scenario string
	out      string
	yes      bool
	addr     string
	screen   *screen
}

func newDemo() *cobra.Command {
	var opts demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Replay an incident from alarm to approved plan, on this machine alone",
		Long: "Demo runs a whole Agent Space in this process: signed webhook, queue, triage, investigation, ticket, plan, approval.\n" +
			"It needs no account and no network. Scenarios: " + strings.Join(scenarios.Names, ", ") + ", or a folder (docs/scenarios.md).",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.screen = newScreen(cmd.ErrOrStderr())
			if f, ok := cmd.OutOrStdout().(*os.File); ok && !asJSON(cmd) {
				opts.screen = newScreen(f)
			}
			summary, err := runDemo(cmd.Context(), opts)
			if err == nil && asJSON(cmd) {
				return printJSON(cmd, summary)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&opts.scenario, "scenario", scenarios.Names[0], "a shipped scenario's name, or a folder")
	cmd.Flags().StringVar(&opts.out, "out", "firefinder-demo", "folder for the files")
	cmd.Flags().BoolVar(&opts.yes, "yes", false, "decide as the demo approver instead of waiting for a person")
	cmd.Flags().StringVar(&opts.addr, "addr", "127.0.0.1:0", "address of the local pages")
	return cmd
}

// demoSummary is what the demo says at the end, as data.
type demoSummary struct {
	Scenario       string          `json:"scenario"`
	Triage         []demoTriage    `json:"triage"`
	Investigations []demoConcluded `json:"investigations"`
	Files          []string        `json:"files"`
	Seconds        float64         `json:"seconds"`
	ModelCalls     int             `json:"model_calls"`
	Dollars        float64         `json:"dollars"`
}

type demoTriage struct {
	Alarm         string `json:"alarm"`
	Outcome       string `json:"outcome"` // Proceed, Linked, Skipped, duplicate, recovered
	Reason        string `json:"reason"`
	Investigation string `json:"investigation,omitempty"`
}

type demoConcluded struct {
	ID         string  `json:"id"`
	Outcome    string  `json:"outcome"`
	Confidence float64 `json:"confidence"`
	Summary    string  `json:"summary"`
	Component  string  `json:"component,omitempty"`
	Change     string  `json:"change,omitempty"`
	Category   string  `json:"category,omitempty"`
	Decision   string  `json:"decision,omitempty"`
	Ticket     string  `json:"ticket,omitempty"`
}

func openScenario(name string) (fs.FS, error) {
	if folder, ok := scenarios.Open(name); ok {
		return folder, nil
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, incident.Errorf(incident.NotFound, "scenario %q: neither a shipped one (%s) nor a folder", name, strings.Join(scenarios.Names, ", "))
	}
	if err == nil && !info.IsDir() {
		return nil, incident.Errorf(incident.Invalid, "scenario %s is a file; give its folder", name)
	}
	return os.DirFS(name), err
}

func runDemo(ctx context.Context, opts demoOptions) (demoSummary, error) {
	folder, err := openScenario(opts.scenario)
	if err != nil {
		return demoSummary{}, err
	}
	scene, err := replay.Load(folder)
	if err != nil {
		return demoSummary{}, fmt.Errorf("scenario %s: %w", opts.scenario, err)
	}
	state, err := os.MkdirTemp("", "firefinder-demo-")
	if err != nil {
		return demoSummary{}, incident.Errorf(incident.Unavailable, "make a temporary folder: %w", err)
	}
	d := &demo{demoOptions: opts, scene: scene.EndingAt(time.Now().UTC()), log: filepath.Join(state, "log.jsonl"), summary: demoSummary{Scenario: opts.scenario}}
	defer func() {
		if !d.keep {
			os.RemoveAll(state)
		}
	}()
	app, err := embedded.Start(ctx, embedded.Options{
		Space: d.scene.Space, Dir: state, Addr: opts.addr, Tools: d.scene.Telemetry.Tools(), NoSync: true, Ticket: true, Log: quietLog(d.log),
	})
	if err != nil {
		return demoSummary{}, err
	}
	defer app.Stop()
	d.app, d.began = app, time.Now()
	err = d.run(ctx)
	return d.summary, err
}
