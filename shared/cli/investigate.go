package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/report"
)

type investigateOptions struct {
	place
	look              telemetry
	space             string
	service, priority string
	alarm             string
	at, description   string
}

func newInvestigate() *cobra.Command {
	var o investigateOptions
	cmd := &cobra.Command{
		Use:   "investigate TITLE",
		Short: "Start an investigation by hand and print its report",
		Long: "Investigate asks the space that runs in --dir (`firefinder local`) to look into something, waits for the root cause and prints the report.\n" +
			"With --space and --telemetry, or --aws, it needs no running space: it looks once, into a folder of recorded telemetry\n" +
			"(docs/analyze.md) or into the AWS account of your own credentials.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			event, err := o.event(args[0], time.Now().UTC())
			if err != nil {
				return err
			}
			var r report.Report
			if o.look.aws {
				say(cmd, "Reading CloudWatch, CloudTrail and X-Ray with your credentials; this takes up to a minute.")
			}
			if o.look.dir != "" || o.look.aws {
				r, err = o.once(cmd.Context(), event)
			} else {
				r, err = o.ask(cmd.Context(), event)
			}
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				return printJSON(cmd, r)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), r.Markdown())
			return err
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.space, "space", "", "space file, with --telemetry or --aws")
	o.look.flags(cmd)
	cmd.Flags().StringVar(&o.alarm, "alarm", "", "ARN of the CloudWatch alarm it is about, with --aws: what it watches is looked at first")
	cmd.Flags().StringVar(&o.service, "service", "", "the service in trouble")
	cmd.Flags().StringVar(&o.priority, "priority", string(incident.Medium), "CRITICAL, HIGH, MEDIUM, LOW or MINIMAL")
	cmd.Flags().StringVar(&o.at, "at", "", "when trouble began, RFC 3339; default now")
	cmd.Flags().StringVar(&o.description, "description", "", "what is known")
	return cmd
}

// event is what a person's request looks like to triage.
func (o investigateOptions) event(title string, now time.Time) (incident.Event, error) {
	e := incident.Event{
		IncidentID: "manual-" + incident.ShortHash(title, now.Format(time.RFC3339Nano)), Action: incident.Created, Priority: incident.Priority(o.priority),
		Title: title, Description: o.description, Service: o.service, Type: "manual", Source: "manual", Timestamp: now, Rule: o.alarm,
	}
	if o.at != "" {
		at, err := time.Parse(time.RFC3339, o.at)
		if err != nil {
			return e, incident.Errorf(incident.Invalid, "--at %q is not a time such as 2026-01-31T10:00:00Z", o.at)
		}
		e.Timestamp = at
	}
	e = e.Normalise(now)
	return e, e.Validate()
}

// ask starts the investigation in the running space and waits for its conclusion.
func (o investigateOptions) ask(ctx context.Context, e incident.Event) (r report.Report, err error) {
	var started struct {
		Investigation string `json:"investigation"`
	}
	if err := o.place.ask(ctx, http.MethodPost, "/local/investigations", e, &started); err != nil {
		return r, err
	}
	for {
		var raw json.RawMessage
		if err := o.place.ask(ctx, http.MethodGet, "/api/investigations/"+started.Investigation, nil, &raw); err != nil {
			return r, err
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return r, err
		}
		if r.Conclusion != nil || r.Investigation.State.Final() {
			return r, nil
		}
		if err := pause(ctx); err != nil {
			return r, err
		}
	}
}

// once runs a space in a temporary folder for this one question.
func (o investigateOptions) once(ctx context.Context, e incident.Event) (report.Report, error) {
	if o.space == "" {
		return report.Report{}, incident.Errorf(incident.Invalid, "--telemetry and --aws need --space FILE; `firefinder space init NAME` writes one")
	}
	space, err := config.LoadSpace(o.space)
	if err != nil {
		return report.Report{}, err
	}
	space.Plans = "on_request"
	tools, err := o.look.tools(ctx, space)
	if err != nil {
		return report.Report{}, err
	}
	dir, err := os.MkdirTemp("", "firefinder-")
	if err != nil {
		return report.Report{}, incident.Errorf(incident.Unavailable, "make a temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	app, err := embedded.Start(ctx, embedded.Options{Space: space, Dir: dir, Tools: tools, NoSync: true})
	if err != nil {
		return report.Report{}, err
	}
	defer app.Stop()
	id, err := app.Investigate(ctx, e)
	if err != nil {
		return report.Report{}, err
	}
	for {
		inv, err := record.Get(ctx, app.Store, id)
		if err != nil {
			return report.Report{}, err
		}
		if inv.State.Final() {
			return app.Reports.Report(ctx, id)
		}
		if err := pause(ctx); err != nil {
			return report.Report{}, err
		}
	}
}
