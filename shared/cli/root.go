// Package cli is the command line: one file a command. Data goes to stdout, talk to stderr; every command takes --json;
// exit codes are 0 done, 1 failed, 2 wrong use or input, 3 not found, 4 conflict or late, 5 denied, 6 try again.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/incident"
)

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	began := false
	notice(root, &began)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case !began: // the command line itself is at fault
		err = incident.Errorf(incident.Invalid, "%w; see `%s --help`", err, cmd.CommandPath())
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintln(stderr, "firefinder: "+err.Error())
	}
	return exitCode(err)
}

// notice makes every command set began when its flags and arguments were right. A command that only holds others prints
// them, and takes no other word.
func notice(cmd *cobra.Command, began *bool) {
	run := cmd.RunE
	if run == nil {
		cmd.Args, run = cobra.NoArgs, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		*began = true
		return run(cmd, args)
	}
	for _, c := range cmd.Commands() {
		notice(c, began)
	}
}

// errSaid fails a command that has already told why.
var errSaid = errors.New("failed")

func exitCode(err error) int {
	switch incident.ClassOf(err) {
	case incident.Invalid:
		return 2
	case incident.NotFound:
		return 3
	case incident.Conflict:
		return 4
	case incident.Denied:
		return 5
	case incident.Throttled, incident.Unavailable:
		return 6
	}
	return 1
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "firefinder",
		Short:         "Finds the root cause of AWS incidents. It never changes infrastructure.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().Bool("json", false, "print data as JSON")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newDemo(), newLocal(), newInvestigate(),
		newList(), newShow(), newApprove(), newReject(),
		newSource(), newSend(), NewTriage(), newUnlink(), newUnskip(), NewAnalyze(),
		newSpace(), newJournal(), newDoctor(), newVersion(),
	)
	return root
}

// asJSON reports whether --json was given.
func asJSON(cmd *cobra.Command) bool {
	v, err := cmd.Flags().GetBool("json")
	return err == nil && v
}

// printJSON writes v, indented, to stdout.
func printJSON(cmd *cobra.Command, v any) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// say writes talk to stderr.
func say(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
}

// Version is what this build calls itself: the module version, or the commit it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "commit " + s.Value[:12]
		}
	}
	return "development build"
}

func newVersion() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if asJSON(cmd) {
			return printJSON(cmd, map[string]string{"version": Version()})
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "firefinder "+Version())
		return err
	}}
}
