// Package aws is the one place that loads AWS SDK configuration and gives SDK errors a class. Its sub-packages are the
// adapters: one package and one main type per service, satisfying the ports of their consumers and nothing else.
package aws

import (
	"context"
	"net"
	"net/http"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/firefinder/firefinder/shared/incident"
)

// Options of Load. The zero value reads everything from the environment, as inside Lambda.
type Options struct {
	Region      string                  // empty: AWS_REGION, then the shared configuration files
	Endpoint    string                  // one endpoint for every service; empty: AWS_ENDPOINT_URL, then AWS itself
	Credentials sdk.CredentialsProvider // nil: the default chain
}

// Network limits of one attempt. Deadlines of whole calls come from contexts.
const (
	dialTime   = 2 * time.Second
	tlsTime    = 3 * time.Second
	answerTime = 5 * time.Second // from the request's last byte to the first of the answer
	attempts   = 3
	maxBackoff = 2 * time.Second
)

// Load reads region, credentials and endpoint and sets the retry rule and the network limits that every adapter starts
// from: three attempts with jittered backoff of at most 2 s, answers within 5 s. It calls no service. Invalid names what
// is missing.
func Load(ctx context.Context, opts Options) (sdk.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client(answerTime)),
		config.WithRetryer(func() sdk.Retryer { return retryer(attempts, maxBackoff) }),
	}
	if opts.Region != "" {
		load = append(load, config.WithRegion(opts.Region))
	}
	if opts.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(opts.Endpoint))
	}
	if opts.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(opts.Credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return sdk.Config{}, incident.Errorf(incident.Invalid, "load AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return sdk.Config{}, incident.Errorf(incident.Invalid, "load AWS configuration: no region; set AWS_REGION or the space's region")
	}
	return cfg, nil
}

// Patient returns the configuration with another limit for the wait between request and answer, half of which is the most
// that is waited between attempts, and another number of attempts: for services that are slower (models) or must be
// quicker (tables) than the rest.
func Patient(cfg sdk.Config, answer time.Duration, attempts int) sdk.Config {
	cfg = cfg.Copy()
	if _, ours := cfg.HTTPClient.(*awshttp.BuildableClient); ours { // keep a client that a test put there
		cfg.HTTPClient = client(answer)
	}
	cfg.Retryer = func() sdk.Retryer { return retryer(attempts, min(maxBackoff, answer/2)) }
	return cfg
}

func client(answer time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTime }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = tlsTime
			t.ResponseHeaderTimeout = answer
		})
}

func retryer(attempts int, backoff time.Duration) sdk.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = backoff
	})
}
