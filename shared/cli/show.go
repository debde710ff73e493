package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/report"
)

func newShow() *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:   "show INVESTIGATION",
		Short: "Print an investigation's report",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var raw json.RawMessage
			if err := p.ask(cmd.Context(), http.MethodGet, "/api/investigations/"+url.PathEscape(args[0]), nil, &raw); err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd, raw)
			}
			var r report.Report
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), r.Markdown())
			return err
		},
	}
	p.readFlags(cmd)
	return cmd
}
