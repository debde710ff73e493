package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func newUnlink() *cobra.Command {
	return newUndo("unlink EVENT", "Take an alarm out of its investigation: it gets one of its own")
}

func newUnskip() *cobra.Command {
	return newUndo("unskip EVENT", "Investigate an alarm that a rule skipped")
}

func newUndo(use, short string) *cobra.Command {
	var p place
	in := struct {
		By  string `json:"by"`
		Why string `json:"why"`
	}{}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  short + ". The decision stays on record, with who reversed it and why beside it. EVENT is the id that notices, report and console show.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var out struct {
				Investigation string `json:"investigation"`
			}
			if err := p.ask(cmd.Context(), http.MethodPost, "/local/alarms/"+url.PathEscape(args[0])+"/investigate", in, &out); err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd, out)
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), out.Investigation)
			return err
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&in.By, "as", "", "who reverses the decision (required)")
	cmd.Flags().StringVar(&in.Why, "why", "", "why")
	_ = cmd.MarkFlagRequired("as") // the flag exists
	return cmd
}
