package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/incident"
)

// place says where a space's data is: a folder of `firefinder local`, or the table and bucket of a deployed space.
type place struct{ dir, table, bucket string }

func (p *place) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.dir, "dir", ".firefinder", "state folder of the space that firefinder local runs")
}

// readFlags are for commands that only read: they also look at a deployed space.
func (p *place) readFlags(cmd *cobra.Command) {
	p.flags(cmd)
	cmd.Flags().StringVar(&p.table, "table", os.Getenv("FIREFINDER_TABLE"), "look at a deployed space with your own AWS credentials: output TableName of its stack")
	cmd.Flags().StringVar(&p.bucket, "bucket", os.Getenv("FIREFINDER_BUCKET"), "with --table: output ArtifactsBucket of the stack")
}

// running is what `firefinder local` leaves in its state folder while it runs.
type running struct {
	URL   string `json:"url"`
	Space string `json:"space"`
	Token string `json:"token"` // lets the owner of the folder decide from the command line
}

const runningFile = "local.json"

// ask calls the space's API. NotFound with a hint when nothing runs there.
func (p place) ask(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if p.table != "" {
		return p.readDeployed(ctx, path, out)
	}
	var r running
	data, err := os.ReadFile(filepath.Join(p.dir, runningFile))
	if errors.Is(err, fs.ErrNotExist) {
		return incident.Errorf(incident.NotFound, "no space runs in %s; start one with `firefinder local --space FILE --dir %s`, or name a deployed space's --table and --bucket where the command has them", p.dir, p.dir)
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return incident.Errorf(incident.Invalid, "read %s: %w", filepath.Join(p.dir, runningFile), err)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+r.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return incident.Errorf(incident.Unavailable, "the space in %s does not answer; is `firefinder local` still running? %w", p.dir, err)
	}
	defer resp.Body.Close()
	return answer(resp, out)
}

// answer decodes a response; an error answer becomes an error of the class that its status stands for.
func answer(resp *http.Response, out any) error {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return incident.Errorf(incident.Unavailable, "read answer: %w", err)
	}
	if resp.StatusCode < 300 {
		if err := json.Unmarshal(raw, out); err != nil {
			return fmt.Errorf("decode answer: %w", err)
		}
		return nil
	}
	class := map[int]incident.Class{
		http.StatusBadRequest: incident.Invalid, http.StatusUnprocessableEntity: incident.Invalid, http.StatusNotFound: incident.NotFound,
		http.StatusConflict: incident.Conflict, http.StatusUnauthorized: incident.Denied, http.StatusForbidden: incident.Denied,
		http.StatusTooManyRequests: incident.Throttled, http.StatusServiceUnavailable: incident.Unavailable,
	}[resp.StatusCode]
	if class == "" {
		class = incident.Internal
	}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Error == "" {
		said.Error = resp.Status
	}
	return incident.Errorf(class, "%s", said.Error)
}
