package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
)

func newJournal() *cobra.Command {
	cmd := &cobra.Command{Use: "journal", Short: "Work with exported journals"}
	cmd.AddCommand(&cobra.Command{
		Use:   "verify FILE",
		Short: "Check that nothing in an exported journal was changed, removed, added or moved",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return incident.Errorf(incident.NotFound, "read journal: %w; an exported journal is the journal.jsonl of a demo or of the console", err)
			}
			records, head, err := journal.Parse(data)
			if err == nil {
				err = journal.Verify(records, head)
			}
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd, map[string]any{"records": len(records), "head": head, "intact": true})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d records, intact, sealed by %s\n", len(records), head)
			return err
		},
	})
	return cmd
}
