package aws

import (
	"context"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// Account is an AWS account that telemetry is read from.
type Account struct {
	ID     string // empty: that of the caller's own credentials
	Config sdk.Config
}

// Limits of looking. One look asks a service several times; what it has found when its time is up is what it returns.
const (
	readTime     = 10 * time.Second // from request to answer
	readAttempts = 4
)

// Accounts are the accounts of reader roles, in order, each read with its role's credentials and through Reader. Empty roles
// are left out, and further roles of one account: what is read twice would count twice. Nothing is called yet.
func Accounts(base sdk.Config, space string, roles ...string) []Account {
	patient := Patient(base, readTime, readAttempts)
	var out []Account
	for _, arn := range roles {
		a := Account{Config: Reader(patient, arn, "firefinder-"+space)}
		if parts := strings.Split(arn, ":"); len(parts) > 4 {
			a.ID = parts[4]
		}
		if arn != "" && !slices.ContainsFunc(out, func(b Account) bool { return b.ID == a.ID }) {
			out = append(out, a)
		}
	}
	return out
}

// Caller is the account of a person's own credentials, as on a laptop. It reads what a reader role would allow and nothing
// else, whatever the credentials could do.
func Caller(base sdk.Config) Account {
	return Account{Config: Reader(Patient(base, readTime, readAttempts), "", "")}
}

// Look reads from all accounts at once and puts together what they return, in the order of accounts. An account that
// cannot be read is a gap that names it; if none can be, Look fails as the first did. what is read, as gaps call it: "metrics".
func Look(ctx context.Context, accounts []Account, what string, read func(context.Context, Account) (evidence.Telemetry, error)) (evidence.Telemetry, error) {
	if len(accounts) == 0 {
		return evidence.Telemetry{}, incident.Errorf(incident.Denied, "no reader role is set, so no account can be read; the deployment sets FIREFINDER_READER_ROLE")
	}
	parts, errs := make([]evidence.Telemetry, len(accounts)), make([]error, len(accounts))
	group := errgroup.Group{}
	group.SetLimit(4)
	for i, a := range accounts {
		group.Go(func() error {
			parts[i], errs[i] = read(ctx, a)
			return nil
		})
	}
	_ = group.Wait()
	var out evidence.Telemetry
	failed := 0
	for i := range parts {
		if errs[i] != nil {
			failed++
			out.Gaps = append(out.Gaps, evidence.Gap{Text: "no " + what + " of " + accounts[i].String() + ": " + errs[i].Error(),
				Fix: "check the reader role of that account (docs/deploy.md), then investigate again"})
			continue
		}
		out.Add(parts[i], "")
	}
	if failed == len(accounts) {
		return evidence.Telemetry{}, errs[0]
	}
	return out, nil
}

// String names the account in messages.
func (a Account) String() string {
	if a.ID == "" {
		return "this account"
	}
	return "account " + a.ID
}
