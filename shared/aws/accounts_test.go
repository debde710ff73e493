package aws_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

const (
	ownReader   = "arn:aws:iam::111122223333:role/shop-reader"
	otherReader = "arn:aws:iam::444455556666:role/reader"
)

// groups reads something small: the names of log groups, as one log line each.
func groups(ctx context.Context, a aws.Account) (evidence.Telemetry, error) {
	out, err := cloudwatchlogs.NewFromConfig(a.Config).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &a.ID})
	if err != nil {
		return evidence.Telemetry{}, aws.Wrap(err, "read logs")
	}
	var t evidence.Telemetry
	for _, e := range out.Events {
		t.Logs = append(t.Logs, evidence.LogLine{Component: a.ID, Message: *e.Message})
	}
	return t, nil
}

func cloud(t *testing.T) *awstest.Cloud {
	return awstest.New(t, map[string]awstest.Answer{"FilterLogEvents": func(c awstest.Call) (map[string]any, error) {
		return map[string]any{"events": []any{map[string]any{"message": "read with " + c.Role}}}, nil
	}})
}

func TestEveryAccountIsReadWithItsOwnRole(t *testing.T) {
	c := cloud(t)
	got, err := aws.Look(t.Context(), c.Accounts(ownReader, otherReader, ownReader, "", ownReader+"-of-another-name"), "logs", groups)
	if err != nil || len(got.Gaps) != 0 {
		t.Fatal(err, got.Gaps)
	}
	var lines []string
	for _, l := range got.Logs {
		lines = append(lines, l.Component+" "+l.Message)
	}
	if want := []string{"111122223333 read with " + ownReader, "444455556666 read with " + otherReader}; !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
}

func TestAnAccountThatCannotBeReadIsAGap(t *testing.T) {
	c := cloud(t)
	c.Refuse(otherReader)
	got, err := aws.Look(t.Context(), c.Accounts(ownReader, otherReader), "logs", groups)
	if err != nil || len(got.Logs) != 1 || len(got.Gaps) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, words := range []string{"444455556666", "logs", "not authorized to perform sts:AssumeRole"} {
		if !strings.Contains(got.Gaps[0].Text, words) {
			t.Errorf("the gap does not say %q: %s", words, got.Gaps[0].Text)
		}
	}
	if got.Gaps[0].Fix == "" {
		t.Error("the gap says not what to do")
	}
}

func TestNothingThatCanBeReadIsAnError(t *testing.T) {
	c := cloud(t)
	c.Refuse(ownReader)
	if _, err := aws.Look(t.Context(), c.Accounts(ownReader), "logs", groups); !incident.Is(err, incident.Denied) {
		t.Errorf("a role that cannot be assumed: %v", err)
	}
	if _, err := aws.Look(t.Context(), c.Accounts(), "logs", groups); !incident.Is(err, incident.Denied) || !strings.Contains(err.Error(), "FIREFINDER_READER_ROLE") {
		t.Errorf("no role at all: %v", err)
	}
	if n := len(c.Calls("FilterLogEvents")); n != 0 {
		t.Errorf("%d reads went out with the function's own credentials", n)
	}
}
