package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/report"
)

// decision is what `firefinder local` takes on its owner's word; see embedded.App.
type decision struct {
	PlanHash string                 `json:"plan_hash"`
	Decision incident.ApprovalState `json:"decision"`
	As       string                 `json:"as"`
	Comment  string                 `json:"comment"`
}

func newApprove() *cobra.Command {
	return newDecide("approve INVESTIGATION", "Approve the plan that waits in an investigation", incident.Approved)
}

func newReject() *cobra.Command {
	return newDecide("reject INVESTIGATION", "Reject the plan that waits in an investigation", incident.Rejected)
}

func newDecide(use, short string, state incident.ApprovalState) *cobra.Command {
	var p place
	d := decision{Decision: state}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long:  short + ". The plan that is decided is the one whose hash is given with --plan, or the one that `firefinder show` prints now.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var r report.Report
			if err := p.ask(cmd.Context(), http.MethodGet, "/api/investigations/"+url.PathEscape(args[0]), nil, &r); err != nil {
				return err
			}
			if r.Approval == nil {
				return incident.Errorf(incident.NotFound, "investigation %s has no plan that waits for a decision", args[0])
			}
			if d.PlanHash == "" {
				d.PlanHash = r.Approval.PlanHash
			}
			var a incident.Approval
			if err := p.ask(cmd.Context(), http.MethodPost, "/local/approvals/"+url.PathEscape(r.Approval.ID), d, &a); err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd, a)
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), report.Decided(a))
			return err
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&d.As, "as", "", "mail address of the approver who decides (required)")
	cmd.Flags().StringVar(&d.Comment, "comment", "", "why")
	cmd.Flags().StringVar(&d.PlanHash, "plan", "", "hash of the plan that is meant; refused if the plan has changed")
	_ = cmd.MarkFlagRequired("as") // the flag exists
	return cmd
}
