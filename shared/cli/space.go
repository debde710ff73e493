package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

//go:embed space.yaml
var spaceTemplate string

func newSpace() *cobra.Command {
	cmd := &cobra.Command{Use: "space", Short: "Write and check Agent Space files"}
	cmd.AddCommand(newSpaceInit(), newSpaceCheck())
	return cmd
}

func newSpaceInit() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "init NAME",
		Short: "Write a commented space file to start from",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := filepath.Join(dir, args[0]+".yaml")
			data := []byte(strings.ReplaceAll(spaceTemplate, "NAME", args[0]))
			if _, err := config.ParseSpace(path, data); err != nil {
				return err
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return incident.Errorf(incident.Conflict, "%s exists; edit it, or choose another name", path)
			}
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := f.Write(data); err != nil {
				return err
			}
			say(cmd, "Edit it, then run: firefinder space check %s", path)
			if asJSON(cmd) {
				return printJSON(cmd, map[string]string{"file": path})
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), path)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "infra/spaces", "folder of space files")
	return cmd
}

func newSpaceCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Check space files; every fault is named with line and key",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			names := []string{}
			var wrong error
			for _, path := range args {
				space, err := config.LoadSpace(path)
				if err != nil {
					say(cmd, "firefinder: %s", err)
					wrong = err
					continue
				}
				names = append(names, space.Name)
				say(cmd, "%s: space %s, %s, %s, %s", path, space.Name, incident.Count(len(space.Services), "service", "services"),
					incident.Count(len(space.Sources), "source", "sources"), incident.Count(len(space.Approvals.People), "approver", "approvers"))
			}
			if wrong != nil {
				return fmt.Errorf("%w (%w)", errSaid, wrong)
			}
			if asJSON(cmd) {
				return printJSON(cmd, map[string][]string{"spaces": names})
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(names, "\n"))
			return err
		},
	}
}
