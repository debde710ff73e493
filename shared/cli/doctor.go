package cli

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/dynamo"
	"github.com/firefinder/firefinder/shared/aws/profile"
	"github.com/firefinder/firefinder/shared/aws/s3"
	"github.com/firefinder/firefinder/shared/aws/secrets"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/source/catalogue"
	"github.com/firefinder/firefinder/skills"
)

// finding is one thing that doctor looked at.
type finding struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Text  string `json:"text"`
}

type doctorOptions struct {
	space, table, bucket string
	aws                  bool
}

func newDoctor() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor --space FILE",
		Short: "Say what is missing before a space can work",
		Long: "Doctor checks the space file, its skills and sources. With --aws it also looks, with your own credentials, at the table, the bucket and the\n" +
			"secrets of the deployed stack (their names are outputs of the stack). It changes nothing. Exit code 1: something is missing.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := o.look(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON(cmd) {
				err = printJSON(cmd, found)
			} else {
				err = table(cmd, found)
			}
			for _, f := range found {
				if err == nil && !f.OK {
					err = errSaid
				}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&o.space, "space", "", "space file (required)")
	cmd.Flags().BoolVar(&o.aws, "aws", false, "look at the deployed stack too")
	cmd.Flags().StringVar(&o.table, "table", os.Getenv("FIREFINDER_TABLE"), "name of the stack's table")
	cmd.Flags().StringVar(&o.bucket, "bucket", os.Getenv("FIREFINDER_BUCKET"), "name of the stack's artifacts bucket")
	_ = cmd.MarkFlagRequired("space") // the flag exists
	return cmd
}

func table(cmd *cobra.Command, found []finding) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 2, 2, ' ', 0)
	for _, f := range found {
		mark := "ok"
		if !f.OK {
			mark = "MISSING"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", mark, f.Check, f.Text)
	}
	return w.Flush()
}

func (o doctorOptions) look(ctx context.Context) ([]finding, error) {
	var out []finding
	add := func(check string, err error, fine string) {
		f := finding{Check: check, OK: err == nil, Text: fine}
		if err != nil {
			f.Text = err.Error()
		}
		out = append(out, f)
	}
	space, err := config.LoadSpace(o.space)
	add("space file", err, o.space)
	if err != nil {
		return out, nil
	}
	lib, err := skill.Load(skills.FS, rule.Compiler())
	add("skills", err, incident.Count(len(lib.Skills()), "skill", "skills")+", "+
		incident.Count(len(lib.Skips()), "skip rule", "skip rules")+", "+incident.Count(len(lib.Blocks()), "mitigation block", "mitigation blocks"))
	for _, s := range space.Sources {
		_, err := sourceOf(s.Kind, space)
		add("source "+s.Kind, err, "known; secret "+s.Secret)
	}
	add("sources", some(len(space.Sources), "no source is configured: nothing can reach this space; add one under sources"), fmt.Sprintf("%d configured", len(space.Sources)))
	add("approvers", some(len(space.Approvals.People), "nobody may decide on plans; add people under approvals"), incident.Count(len(space.Approvals.People), "person", "people"))
	add("model", modelFault(space.Models), "investigations use "+or(space.Models.Investigate, "the offline analyst: no model is configured"))
	add("telemetry", nil, or(space.Connectors.Scenario, telemetryOf(space)))
	if o.aws {
		return append(out, o.deployed(ctx, space)...), nil
	}
	return out, nil
}

// telemetryOf says of how many services the space file tells what is theirs.
func telemetryOf(space config.Space) string {
	metrics, logs := 0, 0
	for _, s := range space.Services {
		if len(s.Dimensions) > 0 {
			metrics++
		}
		if len(s.LogGroups) > 0 {
			logs++
		}
	}
	return fmt.Sprintf("of %s, metrics of %d (dimensions) and logs of %d (log_groups) can be read; changes from CloudTrail, calls from X-Ray (docs/telemetry.md)",
		incident.Count(len(space.Services), "service", "services"), metrics, logs)
}

func some(n int, fault string) error {
	if n == 0 {
		return incident.Errorf(incident.Invalid, "%s", fault)
	}
	return nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func modelFault(m config.Models) error {
	if _, priced := m.Prices[m.Investigate]; m.Investigate != "" && !priced {
		return incident.Errorf(incident.Invalid, "model %s has no price, so its calls cannot be bounded and are refused; add it under models.prices", m.Investigate)
	}
	return nil
}

// deployed looks at what the stack made. Each look has 10 seconds.
func (o doctorOptions) deployed(ctx context.Context, space config.Space) []finding {
	var out []finding
	look := func(check string, fine string, fn func(context.Context) error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		f := finding{Check: check, OK: true, Text: fine}
		if err := fn(ctx); err != nil {
			f.OK, f.Text = false, err.Error()
		}
		out = append(out, f)
	}
	cfg, err := profile.Load(ctx, aws.Options{Region: space.Region})
	if err != nil {
		return []finding{{Check: "AWS configuration", Text: err.Error()}}
	}
	look("AWS credentials", "found", func(ctx context.Context) error {
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return incident.Errorf(incident.Denied, "none; sign in with the AWS command line, or set AWS_PROFILE")
		}
		return nil
	})
	if !out[0].OK {
		return out
	}
	look("table", o.table, func(ctx context.Context) error {
		if o.table == "" {
			return incident.Errorf(incident.Invalid, "give --table, an output of the stack Firefinder-%s", space.Name)
		}
		_, err := dynamo.New(cfg, o.table).Get(ctx, kv.Key{PK: "HEALTH", SK: "HEALTH"})
		return present(err)
	})
	look("documents", o.bucket, func(ctx context.Context) error {
		if o.bucket == "" {
			return incident.Errorf(incident.Invalid, "give --bucket, an output of the stack Firefinder-%s", space.Name)
		}
		_, err := s3.New(cfg, o.bucket).Get(ctx, incident.ShortHash("health"))
		return present(err)
	})
	store := secrets.New(cfg, time.Now)
	for _, src := range catalogue.All(space) {
		for _, s := range space.Sources {
			if s.Kind != src.Rules().Kind {
				continue
			}
			look("secret "+s.Secret, "present and strong enough", strong(store, s.Secret, src.Rules().LeastSecret))
		}
	}
	look("secret "+space.UndoSecret(), "present and strong enough", strong(store, space.UndoSecret(), config.HMACKey))
	return out
}

// strong looks at the current value of a secret.
func strong(store *secrets.Store, name string, least int) func(context.Context) error {
	return func(ctx context.Context) error {
		values, err := store.Active(ctx, name)
		if err != nil {
			return err
		}
		return values[0].Check(least)
	}
}

// present forgives that a probe found nothing: the store answered.
func present(err error) error {
	if incident.Is(err, incident.NotFound) {
		return nil
	}
	return err
}
