package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func newList() *cobra.Command {
	var p place
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List investigations, newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 2, 2, ' ', 0)
			fmt.Fprintln(w, "OPENED\tSTATE\tPRIORITY\tSERVICE\tOUTCOME\tID\tTITLE")
			for _, i := range page.Investigations {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.OpenedAt.UTC().Format("2006-01-02 15:04Z"), strings.ToLower(i.State), i.Priority, i.Service, i.Outcome, i.ID, i.Title)
			}
			return w.Flush()
		},
	}
	p.readFlags(cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "how many")
	return cmd
}
