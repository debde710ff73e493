package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

type sendOptions struct {
	place
	source, scheme, file, url, secretEnv, space string
}

func newSend() *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use:   "send --source KIND --file FILE",
		Short: "Sign a delivery as its vendor would and post it, to try a space out",
		Long: "Send posts a body to a space's webhook with the proof that its source asks for. Without --url it goes to the space that runs in --dir, with\n" +
			"the secret from there. With --url the secret is read from the environment variable named by --secret-env.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.source, "source", "", "the source's kind (required)")
	cmd.Flags().StringVar(&o.scheme, "scheme", "", "the scheme that the space chose for the source (hmac, bearer, standard); empty for the source's default")
	cmd.Flags().StringVar(&o.file, "file", "", "file with the body; - for standard input (required)")
	cmd.Flags().StringVar(&o.url, "url", "", "base URL of a deployed space's API")
	cmd.Flags().StringVar(&o.secretEnv, "secret-env", "FIREFINDER_SECRET", "environment variable that holds the source's secret, with --url")
	_ = cmd.MarkFlagRequired("source")
	_ = cmd.MarkFlagRequired("file") // both flags exist
	return cmd
}

func (o sendOptions) run(cmd *cobra.Command) error {
	body, err := o.body(cmd.InOrStdin())
	if err != nil {
		return err
	}
	base, secret, err := o.target(cmd)
	if err != nil {
		return err
	}
	src, err := sourceOf(o.source, config.Space{Name: "try", Sources: []config.Source{{Kind: o.source, Scheme: o.scheme}}})
	if err != nil {
		return err
	}
	prover, ok := src.(source.Prover)
	if !ok {
		return incident.Errorf(incident.Invalid, "a delivery of %s cannot be signed here; only the vendor can", o.source)
	}
	req, err := http.NewRequestWithContext(cmd.Context(), http.MethodPost, strings.TrimRight(base, "/")+"/hooks/"+o.source, bytes.NewReader(body))
	if err != nil {
		return incident.Errorf(incident.Invalid, "--url: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	prover.Prove(req.Header, body, secret, time.Now())
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return incident.Errorf(incident.Unavailable, "post: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return incident.Errorf(incident.Unavailable, "read answer: %w", err)
	}
	say(cmd, "%s", resp.Status)
	if _, err := fmt.Fprint(cmd.OutOrStdout(), string(text)); err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return errSaid
	}
	return nil
}

func (o sendOptions) body(stdin io.Reader) ([]byte, error) {
	if o.file == "-" {
		return io.ReadAll(io.LimitReader(stdin, source.VendorBody+1))
	}
	data, err := os.ReadFile(o.file)
	if err != nil {
		return nil, incident.Errorf(incident.NotFound, "read body: %w", err)
	}
	return data, nil
}

// target is where to post and the secret to prove it with.
func (o sendOptions) target(cmd *cobra.Command) (string, config.Secret, error) {
	if o.url != "" {
		value := os.Getenv(o.secretEnv)
		if value == "" {
			return "", config.Secret{}, incident.Errorf(incident.Invalid, "the environment variable %s is empty; put the source's secret there", o.secretEnv)
		}
		return o.url, config.NewSecret([]byte(value)), nil
	}
	data, err := os.ReadFile(filepath.Join(o.dir, runningFile))
	if err != nil {
		return "", config.Secret{}, incident.Errorf(incident.NotFound, "no space runs in %s; start one with `firefinder local --space FILE --dir %s`, or give --url", o.dir, o.dir)
	}
	var r running
	if err := json.Unmarshal(data, &r); err != nil {
		return "", config.Secret{}, incident.Errorf(incident.Invalid, "read %s: %w", runningFile, err)
	}
	secrets, err := embedded.OpenSecrets(o.dir)
	if err != nil {
		return "", config.Secret{}, err
	}
	values, err := secrets.Active(cmd.Context(), "firefinder/"+r.Space+"/source/"+o.source)
	if err != nil {
		return "", config.Secret{}, err
	}
	return r.URL, values[0], nil
}
