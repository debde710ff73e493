package cli

import (
	"context"
	"encoding/json"
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
	"github.com/firefinder/firefinder/shared/report"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/source"
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
			"order), and prints for each what triage would decide with the skills and the space file of now, beside what it did. Nothing is started,\n" +
			"written or told. To try a rule before it may hide an alarm, write it into a skill folder and give --skills.",
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
	events, did, err := o.events(cmd, deps.Space)
	if err != nil {
		return err
	}
	decisions, err := triage.Replay(cmd.Context(), deps, events, did)
	if err != nil {
		return err
	}
	changed := 0
	for _, r := range decisions {
		if r.Changed != "" {
			changed++
		} else if o.changedOnly {
			continue
		}
		if err := printReplayed(cmd, r); err != nil {
			return err
		}
	}
	say(cmd, "%s", replaySummary(decisions, len(did), changed))
	return nil
}

func replaySummary(decisions []triage.Replayed, known, changed int) string {
	count := map[incident.TriageOutcome]int{}
	duplicates := 0
	for _, r := range decisions {
		if r.Duplicate {
			duplicates++
			continue
		}
		count[r.Would.Outcome]++
	}
	text := fmt.Sprintf("%d events: %d Proceed, %d Linked, %d Skipped, %d duplicates", len(decisions), count[incident.Proceed], count[incident.Linked], count[incident.Skipped], duplicates)
	if known > 0 {
		text += fmt.Sprintf("; %d would be decided differently", changed)
	}
	return text
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

func (o replayOptions) events(cmd *cobra.Command, space config.Space) ([]incident.Event, map[string]incident.Decision, error) {
	if o.file != "" {
		events, err := o.deliveries(cmd, space)
		return events, nil, err
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
	return triage.Stored(cmd.Context(), store, since, now)
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

// deliveries reads bodies of a source, in order.
func (o replayOptions) deliveries(cmd *cobra.Command, space config.Space) ([]incident.Event, error) {
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
	docs, _ := bodies(data)
	var events []incident.Event
	for i, doc := range docs {
		found, err := deliveredEvents(src, doc)
		if err != nil {
			say(cmd, "delivery %d: %v", i+1, err)
			continue
		}
		events = append(events, found...)
	}
	return events, nil
}

// deliveredEvents reads one delivery: a body, or {"at", "body"} as scenarios keep them, which also says when it came.
func deliveredEvents(src source.Source, doc []byte) ([]incident.Event, error) {
	received := time.Now().UTC()
	var wrapped struct {
		At   time.Time       `json:"at"`
		Body json.RawMessage `json:"body"`
	}
	if json.Unmarshal(doc, &wrapped) == nil && !wrapped.At.IsZero() && len(wrapped.Body) > 0 {
		doc, received = wrapped.Body, wrapped.At
	}
	p, err := src.Parse(doc, received)
	if err != nil {
		return nil, err
	}
	for i := range p.Events {
		p.Events[i] = p.Events[i].Normalise(received)
	}
	return p.Events, nil
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

func printReplayed(cmd *cobra.Command, r triage.Replayed) error {
	w := cmd.OutOrStdout()
	if asJSON(cmd) {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	outcome := string(r.Would.Outcome)
	if r.Duplicate {
		outcome = "duplicate"
	}
	_, err := fmt.Fprintf(w, "%s  %-9s  %-8s  %s\n    %s\n", r.Event.Timestamp.UTC().Format("2006-01-02 15:04:05"), outcome, r.Event.Priority, r.Event.Title, report.Reasons(r.Would))
	if err == nil && r.Changed != "" {
		_, err = fmt.Fprintf(w, "    DIFFERENT: %s\n", r.Changed)
	}
	return err
}
