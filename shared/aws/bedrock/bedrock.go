// Package bedrock is llm.Model over the Bedrock Converse API: tool use, prompt caching, guardrail and inference profiles.
// Retries are ours, inside the caller's deadline; the SDK makes one attempt per call.
package bedrock

import (
	"context"
	"math/rand/v2"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/llm"
)

// Limits of one Converse.
const (
	MaxTries      = 6                // attempts, on both profiles together
	SwitchAfter   = 3                // failed attempts after which the fallback profile answers
	MaxWait       = 30 * time.Second // between two attempts
	AttemptTime   = 90 * time.Second // for one attempt
	leastUseful   = 5 * time.Second  // an attempt with less time left is not worth its tokens
	firstWait     = time.Second
	answerOverrun = 5 * time.Second // the network limit lies beyond AttemptTime, so that the context ends an attempt
)

// Options of a Model.
type Options struct {
	Profile  string // model id, or id or ARN of an inference profile
	Fallback string // the same, used after SwitchAfter failures; empty: none
	// Underlying is the foundation model id behind profiles given as ARN, from which the places of cache points follow;
	// empty: Profile and Fallback say it themselves.
	Underlying       string
	Guardrail        string // id or ARN; empty: none
	GuardrailVersion string // empty: DRAFT
}

// Model implements llm.Model. It is safe for concurrent use.
type Model struct {
	client *bedrockruntime.Client
	opts   Options
	jitter func(most time.Duration) time.Duration // uniform in [0, most)
}

var _ llm.Model = (*Model)(nil)

// New returns the model. It calls no service.
func New(cfg sdk.Config, opts Options) *Model {
	cfg = aws.Patient(cfg, AttemptTime+answerOverrun, 1)
	return &Model{client: bedrockruntime.NewFromConfig(cfg), opts: opts, jitter: rand.N[time.Duration]}
}

// Converse implements llm.Model. Throttling, server faults and malformed answers are retried with full jitter while the
// context's deadline leaves time; when that does not help the error is Unavailable, whichever of them it was, and the
// caller turns to the offline analyst. Denied names the missing access; Invalid means that the request itself is wrong.
func (m *Model) Converse(ctx context.Context, req llm.Request) (llm.Response, error) {
	conversation, err := arrange(req)
	if err != nil {
		return llm.Response{}, err
	}
	for try := 1; ; try++ {
		profile := m.profile(try)
		resp, err := m.attempt(ctx, profile, conversation)
		if err == nil || !passing(err) {
			return resp, err
		}
		if stop := m.pause(ctx, try); stop != "" {
			return llm.Response{}, incident.Errorf(incident.Unavailable, "model %s, %d attempts, %s: %w", profile, try, stop, err)
		}
	}
}

func (m *Model) profile(try int) string {
	if try > SwitchAfter && m.opts.Fallback != "" {
		return m.opts.Fallback
	}
	return m.opts.Profile
}

// passing reports whether the same call may succeed later.
func passing(err error) bool {
	return incident.Is(err, incident.Throttled) || incident.Is(err, incident.Unavailable)
}

// pause waits before the next attempt, or says why there is none.
func (m *Model) pause(ctx context.Context, try int) (stop string) {
	if try == MaxTries {
		return "the most there are"
	}
	wait := m.jitter(min(MaxWait, firstWait<<(try-1)))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait+leastUseful {
		return "no time left for another"
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return "given up"
	case <-timer.C:
		return ""
	}
}

func (m *Model) attempt(ctx context.Context, profile string, c conversation) (llm.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, AttemptTime)
	defer cancel()
	out, err := m.client.Converse(ctx, m.input(profile, c))
	if err != nil {
		return llm.Response{}, explain(profile, err)
	}
	return response(profile, out)
}

// explain gives an error its class and what mends it.
func explain(profile string, err error) error {
	switch aws.Code(err) {
	case "AccessDeniedException":
		return incident.Errorf(incident.Denied, "model %s: no access; allow bedrock:InvokeModel on the inference profile and on every model under it, and enable model access: %w", profile, err)
	case "ResourceNotFoundException":
		return incident.Errorf(incident.Denied, "model %s: not found in this region; correct models in the space file: %w", profile, err)
	case "ServiceQuotaExceededException":
		return incident.Errorf(incident.Throttled, "model %s: %w", profile, err)
	case "ModelErrorException", "ModelNotReadyException", "ModelTimeoutException":
		return incident.Errorf(incident.Unavailable, "model %s: %w", profile, err)
	}
	return aws.Wrap(err, "model %s", profile)
}
