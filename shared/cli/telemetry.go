package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/profile"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector/catalogue"
	"github.com/firefinder/firefinder/shared/connector/scenario"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// telemetry is what a space on this machine looks at: a folder, the AWS account of the person's own credentials, or only
// what it is told.
type telemetry struct {
	dir string
	aws bool
}

func (t *telemetry) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.dir, "telemetry", "", "look at a folder of recorded telemetry (docs/analyze.md)")
	cmd.Flags().BoolVar(&t.aws, "aws", false, "look at the AWS account of your own credentials, with the reads of a reader role and no others")
}

// tools opens it. Without a flag it is the folder that the space file names, if any.
func (t telemetry) tools(ctx context.Context, space config.Space) ([]tool.Tool, error) {
	if t.aws && t.dir != "" {
		return nil, incident.Errorf(incident.Invalid, "give --telemetry or --aws, not both")
	}
	if t.aws {
		cfg, err := profile.Load(ctx, aws.Options{Region: space.Region})
		if err != nil {
			return nil, err
		}
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, incident.Errorf(incident.Denied, "no AWS credentials; sign in with the AWS command line, or set AWS_PROFILE")
		}
		return catalogue.Tools(space, []aws.Account{aws.Caller(cfg)}, []byte(rand.Text())), nil
	}
	dir := or(t.dir, space.Connectors.Scenario)
	if dir == "" {
		return nil, nil
	}
	s, err := scenario.Load(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("telemetry in %s: %w", dir, err)
	}
	return s.Tools(), nil
}
