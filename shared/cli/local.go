package cli

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/incident"
)

func newLocal() *cobra.Command {
	var p place
	var look telemetry
	var spaceFile, addr string
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run a whole Agent Space on this machine until Ctrl-C",
		Long: "Local serves the webhook, the approval page and the console of a space on this machine, with its state in a folder.\n" +
			"A restart goes on where the last run ended. `firefinder send` posts sample events to it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			space, err := config.LoadSpace(spaceFile)
			if err != nil {
				return err
			}
			tools, err := look.tools(cmd.Context(), space)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(p.dir, 0o700); err != nil {
				return incident.Errorf(incident.Unavailable, "make the state folder: %w", err)
			}
			app, err := embedded.Start(cmd.Context(), embedded.Options{
				Space: space, Dir: p.dir, Addr: addr, Tools: tools, Ticket: true, Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)),
			})
			if err != nil {
				return err
			}
			defer app.Stop()
			return serve(cmd, p, app, space)
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&spaceFile, "space", "", "space file (required)")
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:7411", "address of the pages and the webhook")
	look.flags(cmd)
	_ = cmd.MarkFlagRequired("space") // the flag exists
	return cmd
}

// serve leaves word of where the space runs, for the other commands, until it is stopped.
func serve(cmd *cobra.Command, p place, app *embedded.App, space config.Space) error {
	token, err := app.OwnerToken()
	if err != nil {
		return err
	}
	data, err := json.Marshal(running{URL: app.URL(), Space: space.Name, Token: token})
	if err != nil {
		return err
	}
	file := filepath.Join(p.dir, runningFile)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return incident.Errorf(incident.Unavailable, "write %s: %w", file, err)
	}
	defer os.Remove(file)
	say(cmd, "Space %s runs at %s; webhook %s/hooks/generic. Ctrl-C stops it.", space.Name, app.URL(), app.URL())
	if asJSON(cmd) {
		if err := printJSON(cmd, map[string]string{"url": app.URL(), "dir": p.dir}); err != nil {
			return err
		}
	}
	<-cmd.Context().Done()
	return nil
}
