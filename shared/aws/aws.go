// Package aws is the one place that loads AWS SDK configuration and gives SDK errors a class. Its sub-packages are the
// adapters: one package and one main type per service, satisfying the ports of their consumers and nothing else.
package aws

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"os"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/firefinder/firefinder/shared/incident"
)

// Options of Load. The zero value reads everything from the environment, as inside Lambda.
type Options struct {
	Region      string                  // empty: AWS_REGION, AWS_DEFAULT_REGION
	Endpoint    string                  // one endpoint for every service; empty: AWS_ENDPOINT_URL, then AWS itself
	Credentials sdk.CredentialsProvider // nil: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
}

// Network limits of one attempt. Deadlines of whole calls come from contexts.
const (
	dialTime   = 2 * time.Second
	tlsTime    = 3 * time.Second
	answerTime = 5 * time.Second // from the request's last byte to the first of the answer
	attempts   = 3
	maxBackoff = 2 * time.Second
)

// Load sets region, credentials, endpoint, and what every adapter starts from: three attempts with jittered backoff of at
// most 2 s, answers within 5 s. It calls no service. Invalid names what is missing.
//
// It knows the environment alone. Profiles, single sign-on and instance roles are for people's machines (package profile):
// linking them would add a tenth to every function.
func Load(_ context.Context, opts Options) (sdk.Config, error) {
	cfg := Base()
	cfg.Region = cmp.Or(opts.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	if cfg.Region == "" {
		return sdk.Config{}, incident.Errorf(incident.Invalid, "AWS configuration: no region; set AWS_REGION")
	}
	if endpoint := cmp.Or(opts.Endpoint, os.Getenv("AWS_ENDPOINT_URL")); endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	if cfg.Credentials = opts.Credentials; cfg.Credentials == nil {
		id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
		if id == "" || secret == "" {
			return sdk.Config{}, incident.Errorf(incident.Invalid, "AWS configuration: no credentials; Lambda sets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the function's role")
		}
		cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, os.Getenv("AWS_SESSION_TOKEN"))
	}
	return cfg, nil
}

// Base is a configuration with our retry rule and network limits, and neither region nor credentials.
func Base() sdk.Config {
	return sdk.Config{
		HTTPClient:                 client(answerTime),
		Retryer:                    func() sdk.Retryer { return retryer(attempts, maxBackoff) },
		RequestChecksumCalculation: sdk.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: sdk.ResponseChecksumValidationWhenSupported,
	}
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
