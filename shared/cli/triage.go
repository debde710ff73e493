package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/profile"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/embedded/boltkv"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/skills"
)

// NewTriage is `firefinder triage`.
func NewTriage() *cobra.Command {
	cmd := &cobra.Command{Use: "triage", Short: "See what triage would decide"}
	cmd.AddCommand(newTriageReplay())
	return cmd
}

type replayOptions struct {
	place
	since, source, file, space, skills, table string
	changedOnly                               bool
}

func newTriageReplay() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay [--since 30d | --source KIND --file FILE]",
		Short: "Decide on past alarms again, with today's rules, and show what would be different",
		Long: "Replay reads alarms from a space's store (--since; a state folder, or --table on AWS) or deliveries of a source from a file (--file; one a line, in\n" +
			"order), and prints for each what triage would decide with the skills and the space file of now, beside what it did (with --file: if --dir or\n" +
			"--table names where). Nothing is started, written or told. To try a rule before it may hide an alarm, write it into a skill folder and give --skills.\n\n" +
			"Every line of a file comes out: with --json as one object {line, result, ...} for each alarm in it, where result is Proceed, Linked, Skipped, recovery or\n" +
			"duplicate, or as one whose result is change, ignored or error. A line that cannot be read does not stop the others; the exit code is then 2.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.since, "since", "", "how far back: 30d, 12h, or a time such as 2026-01-31T10:00:00Z")
	cmd.Flags().StringVar(&o.source, "source", "", "the kind of source that --file comes from: "+strings.Join(sourceKinds(), ", "))
	cmd.Flags().StringVar(&o.file, "file", "", "deliveries: one JSON body, or one a line, in order; - for standard input")
	cmd.Flags().StringVar(&o.space, "space", "", "space file, for its services and active skills")
	cmd.Flags().StringVar(&o.skills, "skills", "", "folder of skills to try instead of those that ship")
	cmd.Flags().StringVar(&o.table, "table", "", "DynamoDB table of a deployed space, read with your own credentials")
	cmd.Flags().BoolVar(&o.changedOnly, "changed", false, "print only what would be different")
	return cmd
}

func (o replayOptions) run(cmd *cobra.Command) error {
	if (o.since == "") == (o.file == "") {
		return incident.Errorf(incident.Invalid, "give either --since, for what the space has stored, or --source and --file")
	}
	if o.since != "" && o.space == "" {
		return incident.Errorf(incident.Invalid, "--since needs --space: without the space file's services and dependencies other alarms would be linked")
	}
	deps, err := o.deps()
	if err != nil {
		return err
	}
	lines, did, err := o.lines(cmd, deps.Space)
	if err != nil {
		return err
	}
	if err := decide(cmd.Context(), deps, lines, did); err != nil {
		return err
	}
	for _, l := range lines {
		if o.changedOnly && l.changed() == "" {
			continue
		}
		if err := l.print(cmd); err != nil {
			return err
		}
	}
	count := tally(lines)
	say(cmd, "%s", count.summary(len(did)))
	if count.bad > 0 {
		return incident.Errorf(incident.Invalid, "%s could not be read; the output says why", incident.Count(count.bad, "delivery", "deliveries"))
	}
	return nil
}

// deps are the rules and the graph of now.
func (o replayOptions) deps() (triage.Deps, error) {
	d := triage.Deps{Space: config.Space{Name: "replay"}, Log: slog.New(slog.DiscardHandler)}
	var err error
	if o.space != "" {
		if d.Space, err = config.LoadSpace(o.space); err != nil {
			return d, err
		}
	}
	if d.Space.Budget.Concurrent == 0 {
		d.Space.Budget.Concurrent = 1
	}
	library := skills.FS
	if o.skills == "" {
		d.Skills, err = skill.Load(library, rule.Compiler())
		return d, err
	}
	d.Skills, err = skill.Load(os.DirFS(o.skills), rule.Compiler())
	return d, err
}

// lines are what is decided on, in order: deliveries of a file, or what the space has stored. did is what the space
// decided then, as far as it is known.
func (o replayOptions) lines(cmd *cobra.Command, space config.Space) ([]*replayLine, map[string]incident.Decision, error) {
	if o.file != "" {
		lines, err := o.delivered(cmd, space)
		if err != nil || o.table == "" && !cmd.Flags().Changed("dir") {
			return lines, nil, err
		}
		did, err := o.did(cmd.Context(), lines)
		return lines, did, err
	}
	now := time.Now().UTC()
	since, err := ago(now, o.since)
	if err != nil {
		return nil, nil, err
	}
	store, done, err := o.store(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	defer done()
	events, did, err := triage.Stored(cmd.Context(), store, since, now)
	var lines []*replayLine
	for _, e := range events {
		lines = append(lines, &replayLine{event: &e})
	}
	return lines, did, err
}

// did looks up what the space decided on the events of deliveries.
func (o replayOptions) did(ctx context.Context, lines []*replayLine) (map[string]incident.Decision, error) {
	store, done, err := o.store(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	out := map[string]incident.Decision{}
	for _, l := range lines {
		if l.event == nil {
			continue
		}
		a, err := record.GetAlarm(ctx, store, l.event.EventID())
		if err == nil {
			out[l.event.EventID()] = a.Decision
		} else if !incident.Is(err, incident.NotFound) {
			return nil, err
		}
	}
	return out, nil
}

// store opens what the space has stored, for reading.
func (o replayOptions) store(ctx context.Context) (kv.Store, func(), error) {
	if o.table != "" {
		cfg, err := profile.Load(ctx, aws.Options{})
		if err != nil {
			return nil, nil, err
		}
		return dynamo.New(cfg, o.table), func() {}, nil
	}
	path := filepath.Join(o.dir, "space.db")
	if _, err := os.Stat(path); err != nil {
		return nil, nil, incident.Errorf(incident.NotFound, "there is no store in %s; give the state folder of `firefinder local` with --dir, or --table for a deployed space", o.dir)
	}
	store, err := boltkv.Open(path, boltkv.Options{})
	if err != nil {
		return nil, nil, err
	}
	return store, func() { _ = store.Close() }, nil // nothing was written
}

// delivered reads bodies of a source, in order.
func (o replayOptions) delivered(cmd *cobra.Command, space config.Space) ([]*replayLine, error) {
	if o.source == "" {
		return nil, incident.Errorf(incident.Invalid, "--file needs --source; there are %s", strings.Join(sourceKinds(), ", "))
	}
	src, err := sourceOf(o.source, space)
	if err != nil {
		return nil, err
	}
	var data []byte
	if o.file == "-" {
		data, err = io.ReadAll(cmd.InOrStdin())
	} else {
		data, err = os.ReadFile(o.file)
	}
	if err != nil {
		return nil, incident.Errorf(incident.NotFound, "read deliveries: %w", err)
	}
	all := deliveries(data)
	if len(all) == 0 {
		return nil, incident.Errorf(incident.Invalid, "%s holds no delivery; there must be one JSON body a line", o.file)
	}
	return replayLines(src, all, time.Now().UTC()), nil
}

// ago reads "30d", "12h" or a time.
func ago(now time.Time, text string) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days, "%d", &n); err == nil && fmt.Sprint(n) == days && n > 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, incident.Errorf(incident.Invalid, "--since %q: write 30d, 12h or a time such as 2026-01-31T10:00:00Z", text)
	}
	return t, nil
}
