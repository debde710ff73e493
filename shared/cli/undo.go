package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/profile"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/triage"
)

func newUnlink() *cobra.Command {
	return newUndo("unlink EVENT", "Take an alarm out of its investigation: it gets one of its own")
}

func newUnskip() *cobra.Command {
	return newUndo("unskip EVENT", "Investigate an alarm that a rule skipped")
}

// reversing is a reversal as the command line was asked for it.
type reversing struct {
	place
	space string
	By    string `json:"by"`
	Why   string `json:"why"`
}

func newUndo(use, short string) *cobra.Command {
	var r reversing
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long: short + ". The decision stays on record, with who reversed it and why beside it. EVENT is the id that notices, report and console show.\n" +
			"On a deployed space (--table, --space) your AWS credentials must be allowed to write the table; the investigation starts within a minute.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := r.reverse(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd, out)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), out.Investigation)
			return err
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&r.table, "table", os.Getenv("FIREFINDER_TABLE"), "reverse in a deployed space with your own AWS credentials: output TableName of its stack")
	cmd.Flags().StringVar(&r.space, "space", "", "with --table: space file")
	cmd.Flags().StringVar(&r.By, "as", "", "who reverses the decision (required)")
	cmd.Flags().StringVar(&r.Why, "why", "", "why")
	_ = cmd.MarkFlagRequired("as") // the flag exists
	return cmd
}

func (r reversing) reverse(ctx context.Context, event string) (out incident.Reversal, err error) {
	if r.table == "" {
		err = r.ask(ctx, http.MethodPost, "/local/alarms/"+url.PathEscape(event)+"/investigate", r, &out)
		return out, err
	}
	if r.space == "" {
		return out, incident.Errorf(incident.Invalid, "--table needs --space: the space file that was deployed")
	}
	space, err := config.LoadSpace(r.space)
	if err != nil {
		return out, err
	}
	cfg, err := profile.Load(ctx, aws.Options{Region: space.Region})
	if err != nil {
		return out, err
	}
	s := triage.New(triage.Deps{Store: dynamo.New(cfg, r.table), Space: space, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	out, _, err = s.InvestigateAnyway(ctx, event, incident.Person{Subject: r.By, Method: "command line with AWS credentials"}, r.Why)
	return out, err
}
