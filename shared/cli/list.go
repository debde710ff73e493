package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/record"
)

func newList() *cobra.Command {
	var p place
	var limit int
	var skipped bool
	var day string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List investigations, newest first, or the alarms that rules skipped on a day",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if skipped || day != "" {
				return listSkipped(cmd, p, day)
			}
			return listInvestigations(cmd, p, limit)
		},
	}
	p.readFlags(cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "how many investigations")
	cmd.Flags().BoolVar(&skipped, "skipped", false, "list skipped alarms instead, of today; firefinder unskip investigates one")
	cmd.Flags().StringVar(&day, "day", "", "list the skipped alarms of this UTC day, like 2026-01-02")
	return cmd
}

func listInvestigations(cmd *cobra.Command, p place, limit int) error {
	var raw json.RawMessage
	if err := p.ask(cmd.Context(), http.MethodGet, fmt.Sprintf("/api/investigations?limit=%d", limit), nil, &raw); err != nil {
		return err
	}
	if asJSON(cmd) {
		return printJSON(cmd, raw)
	}
	var page struct {
		Investigations []struct {
			ID       string    `json:"id"`
			State    string    `json:"state"`
			Priority string    `json:"priority"`
			Service  string    `json:"service"`
			Title    string    `json:"title"`
			OpenedAt time.Time `json:"opened_at"`
			Outcome  string    `json:"outcome"`
		} `json:"investigations"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return err
	}
	w := columns(cmd.OutOrStdout())
	fmt.Fprintln(w, "OPENED\tSTATE\tPRIORITY\tSERVICE\tOUTCOME\tID\tTITLE")
	for _, i := range page.Investigations {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.OpenedAt.UTC().Format("2006-01-02 15:04Z"), strings.ToLower(i.State), i.Priority, i.Service, i.Outcome, i.ID, i.Title)
	}
	return w.Flush()
}

// skippedDay is a page of /api/skipped.
type skippedDay struct {
	Day    string         `json:"day"`
	Alarms []record.Alarm `json:"alarms"`
	Next   string         `json:"next,omitempty"`
}

// listSkipped prints a day, page by page.
func listSkipped(cmd *cobra.Command, p place, day string) error {
	query := url.Values{}
	if day != "" {
		query.Set("day", day)
	}
	all := skippedDay{Alarms: []record.Alarm{}}
	for next := query.Encode(); ; {
		var page skippedDay
		if err := p.ask(cmd.Context(), http.MethodGet, "/api/skipped?"+next, nil, &page); err != nil {
			return err
		}
		all.Day, all.Alarms = page.Day, append(all.Alarms, page.Alarms...)
		if page.Next == "" || page.Next == next {
			break
		}
		next = page.Next
	}
	if asJSON(cmd) {
		return printJSON(cmd, all)
	}
	w := columns(cmd.OutOrStdout())
	fmt.Fprintln(w, "FIRED\tPRIORITY\tSERVICE\tRULE\tINVESTIGATED AS\tEVENT\tTITLE")
	for _, a := range all.Alarms {
		as := "-"
		if a.Decision.Reversed != nil {
			as = a.Decision.Reversed.Investigation
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Event.Timestamp.UTC().Format("2006-01-02 15:04Z"), a.Event.Priority, a.Event.Service, a.Decision.Rule, as, a.ID, a.Event.Title)
	}
	return w.Flush()
}

func columns(to io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(to, 0, 2, 2, ' ', 0) }
