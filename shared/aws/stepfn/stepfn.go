// Package stepfn starts and resumes executions of one Step Functions state machine.
package stepfn

import (
	"context"
	"encoding/json"
	"errors"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Machine is one state machine. It is safe for concurrent use.
type Machine struct {
	client *sfn.Client
	arn    string
}

// New returns the machine of an ARN. It calls no service.
func New(cfg sdk.Config, arn string) *Machine { return &Machine{sfn.NewFromConfig(cfg), arn} }

// Start starts the execution of a name. A name that exists already, running or closed within 90 days, is success: the
// execution that was wanted is there. So a repeat is free of effect.
func (m *Machine) Start(ctx context.Context, name string, input workflow.Input) error {
	doc, err := state(input)
	if err != nil {
		return incident.Errorf(incident.ClassOf(err), "start execution %s: %w", name, err)
	}
	_, err = m.client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &m.arn, Name: &name, Input: &doc})
	if exists := (*types.ExecutionAlreadyExists)(nil); errors.As(err, &exists) {
		return nil
	}
	if missing := (*types.StateMachineDoesNotExist)(nil); errors.As(err, &missing) {
		return incident.Errorf(incident.Unavailable, "start execution %s: state machine %s does not exist; deploy the space first", name, m.arn)
	}
	return aws.Own(err, "start execution %s", name)
}

// Succeed resumes the step that waits for the token. NotFound means LATE: the step has timed out, was resumed before or
// its execution is closed, and this answer had no effect.
func (m *Machine) Succeed(ctx context.Context, token string, out workflow.Decision) error {
	doc, err := state(out)
	if err != nil {
		return incident.Errorf(incident.ClassOf(err), "resume execution: %w", err)
	}
	_, err = m.client.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: &doc})
	return late(err)
}

// Fail resumes the step that waits for the token with an error, which Catch and Retry of the machine match by code.
// NotFound means LATE, as with Succeed.
func (m *Machine) Fail(ctx context.Context, token, code, cause string) error {
	_, err := m.client.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: &token, Error: &code, Cause: &cause})
	return late(err)
}

// late never lets the service's text through: where the service refuses a request it may repeat the token.
func late(err error) error {
	timedOut, gone, invalid := (*types.TaskTimedOut)(nil), (*types.TaskDoesNotExist)(nil), (*types.InvalidToken)(nil)
	switch code := aws.Code(err); {
	case errors.As(err, &timedOut) || errors.As(err, &gone):
		return incident.Errorf(incident.NotFound, "resume execution: late, the step no longer waits (%s)", code)
	case errors.As(err, &invalid):
		return incident.Errorf(incident.Invalid, "resume execution: the task token is damaged")
	case code != "":
		return incident.Errorf(incident.ClassOf(aws.Own(err, "")), "resume execution: %s", code)
	}
	return aws.Own(err, "resume execution")
}

func state(v any) (string, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return "", incident.Errorf(incident.Internal, "encode state: %w", err)
	}
	if len(doc) > workflow.MaxState {
		return "", incident.Errorf(incident.Internal, "state of %d bytes: at most %d, it carries ids only", len(doc), workflow.MaxState)
	}
	return string(doc), nil
}
