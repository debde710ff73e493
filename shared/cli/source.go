package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
)

func newSource() *cobra.Command {
	cmd := &cobra.Command{Use: "source", Short: "Try what a source makes of deliveries"}
	cmd.AddCommand(newSourceParse())
	return cmd
}

// parsed is one line of `source parse`: one body.
type parsed struct {
	File    string            `json:"file"`
	Line    int               `json:"line,omitempty"`
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
		Long:  "Parse reads files that hold one JSON body each, or NDJSON with one body a line, and prints what the source makes of them. Nothing is verified or sent.",
		Args:  cobra.MinimumNArgs(1),
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
				return incident.Errorf(incident.Invalid, "%d bodies could not be parsed; their lines say why", bad)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&kind, "source", "", "the source's kind (required): "+strings.Join(sourceKinds(), ", "))
	cmd.Flags().StringVar(&spaceFile, "space", "", "space file, for its services")
	_ = cmd.MarkFlagRequired("source") // the flag exists
	return cmd
}

func sourceKinds() (kinds []string) {
	for _, s := range catalogue.All(config.Space{}) {
		kinds = append(kinds, s.Rules().Kind)
	}
	return kinds
}

func sourceOf(kind string, space config.Space) (source.Source, error) {
	all := catalogue.All(space)
	i := slices.IndexFunc(all, func(s source.Source) bool { return s.Rules().Kind == kind })
	if i < 0 {
		return nil, incident.Errorf(incident.Invalid, "no source %q; there are %s", kind, strings.Join(sourceKinds(), ", "))
	}
	return all[i], nil
}

// bodies splits a file: one JSON document, or one a line.
func bodies(data []byte) (docs [][]byte, lines bool) {
	if json.Valid(data) {
		return [][]byte{data}, false
	}
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, len(data)+1)
	for scanner.Scan() {
		if line := bytes.TrimSpace(scanner.Bytes()); len(line) > 0 {
			docs = append(docs, bytes.Clone(line))
		}
	}
	return docs, true
}

func parseFile(cmd *cobra.Command, src source.Source, file string) (bad int, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, incident.Errorf(incident.NotFound, "read %s: %w", file, err)
	}
	docs, lines := bodies(data)
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	for i, doc := range docs {
		out := parsed{File: file, Events: []parsedEvent{}}
		if lines {
			out.Line = i + 1
		}
		if err := parseBody(src, doc, &out); err != nil {
			out.Error = err.Error()
			bad++
		}
		if err := enc.Encode(out); err != nil {
			return bad, fmt.Errorf("write: %w", err)
		}
	}
	return bad, nil
}

func parseBody(src source.Source, doc []byte, out *parsed) error {
	rules := src.Rules()
	depth := rules.MaxDepth
	if depth == 0 {
		depth = source.OurDepth
	}
	if err := source.Strict(doc, depth, rules.Fields); err != nil {
		return err
	}
	now := time.Now().UTC()
	p, err := src.Parse(doc, now)
	if err != nil {
		return err
	}
	out.Changes, out.Dropped, out.Note = p.Changes, p.Dropped, p.Note
	for _, e := range p.Events {
		e = e.Normalise(now)
		if err := e.Validate(); err != nil {
			return err
		}
		out.Events = append(out.Events, parsedEvent{EventID: e.EventID(), AlarmKey: e.AlarmKey(), Event: e})
	}
	return nil
}
