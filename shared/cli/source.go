package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

func newSource() *cobra.Command {
	cmd := &cobra.Command{Use: "source", Short: "Try what a source makes of deliveries"}
	cmd.AddCommand(newSourceParse())
	return cmd
}

// parsed is one line of `source parse`: one body.
type parsed struct {
	File    string            `json:"file"`
	Line    int               `json:"line"` // where the body begins, from 1
	Events  []parsedEvent     `json:"events"`
	Changes []evidence.Change `json:"changes,omitempty"`
	Dropped []string          `json:"dropped,omitempty"`
	Note    string            `json:"note,omitempty"`
	Error   string            `json:"error,omitempty"`
}

type parsedEvent struct {
	EventID  string            `json:"event_id"`
	AlarmKey incident.AlarmKey `json:"alarm_key"`
	incident.Event
}

func newSourceParse() *cobra.Command {
	var kind, spaceFile string
	cmd := &cobra.Command{
		Use:   "parse --source KIND FILE...",
		Short: "Print the events that bodies of a source carry, one JSON line a body, with what was dropped",
		Long: "Parse reads files that hold one JSON body each, or NDJSON with one body a line, and prints what the source makes of them. A body may stand in an\n" +
			"envelope ({at, body}, {headers, body}, or as API Gateway logs it). Nothing is verified or sent. The exit code is 2 when a body could not be parsed.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			space := config.Space{Name: "try"}
			if spaceFile != "" {
				var err error
				if space, err = config.LoadSpace(spaceFile); err != nil {
					return err
				}
			}
			src, err := sourceOf(kind, space)
			if err != nil {
				return err
			}
			bad := 0
			for _, file := range args {
				n, err := parseFile(cmd, src, file)
				if err != nil {
					return err
				}
				bad += n
			}
			if bad > 0 {
				return incident.Errorf(incident.Invalid, "%s could not be parsed; the output says why", incident.Count(bad, "body", "bodies"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&kind, "source", "", "the source's kind (required): "+strings.Join(sourceKinds(), ", "))
	cmd.Flags().StringVar(&spaceFile, "space", "", "space file, for its services")
	_ = cmd.MarkFlagRequired("source") // the flag exists
	return cmd
}

func parseFile(cmd *cobra.Command, src source.Source, file string) (bad int, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, incident.Errorf(incident.NotFound, "read %s: %w", file, err)
	}
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	now := time.Now().UTC()
	docs := deliveries(data)
	if len(docs) == 0 {
		docs = []delivery{{line: 1}} // which is then called empty
	}
	for _, d := range docs {
		out := parsed{File: file, Line: d.line, Events: []parsedEvent{}}
		p, err := d.parse(src, now)
		if err != nil {
			out.Error = err.Error()
			bad++
		}
		out.Changes, out.Dropped, out.Note = p.Changes, p.Dropped, p.Note
		for _, e := range p.Events {
			out.Events = append(out.Events, parsedEvent{EventID: e.EventID(), AlarmKey: e.AlarmKey(), Event: e})
		}
		if err := enc.Encode(out); err != nil {
			return bad, fmt.Errorf("write: %w", err)
		}
	}
	return bad, nil
}
