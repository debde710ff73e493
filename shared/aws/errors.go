package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/firefinder/firefinder/shared/incident"
)

// classes of API error codes that say more than their HTTP status does. Services spell the same thing differently.
var classes = map[string]incident.Class{
	"AccessDenied": incident.Denied, "AccessDeniedException": incident.Denied, "UnauthorizedOperation": incident.Denied,
	"UnrecognizedClientException": incident.Denied, "InvalidSignatureException": incident.Denied, "SignatureDoesNotMatch": incident.Denied,
	"InvalidClientTokenId": incident.Denied, "InvalidAccessKeyId": incident.Denied, "MissingAuthenticationTokenException": incident.Denied,
	"ExpiredToken": incident.Denied, "ExpiredTokenException": incident.Denied, "OptInRequired": incident.Denied,
	"KMSAccessDeniedException": incident.Denied, "KmsAccessDenied": incident.Denied, "KMS.AccessDeniedException": incident.Denied,

	"ResourceNotFoundException": incident.NotFound, "ResourceNotFound": incident.NotFound, "NotFoundException": incident.NotFound,
	"NoSuchKey": incident.NotFound, "NoSuchBucket": incident.NotFound, "NoSuchVersion": incident.NotFound,
	"QueueDoesNotExist": incident.NotFound, "AWS.SimpleQueueService.NonExistentQueue": incident.NotFound, "StateMachineDoesNotExist": incident.NotFound,

	"KmsThrottled": incident.Throttled, "KMS.ThrottlingException": incident.Throttled, "KMSThrottlingException": incident.Throttled,
	"KmsThrottlingException": incident.Throttled, "ExecutionLimitExceeded": incident.Throttled, "StateMachineDeleting": incident.Unavailable,
	"SendingPausedException": incident.Unavailable, "RequestTimeout": incident.Unavailable, "RequestTimeoutException": incident.Unavailable,
	"TransactionInProgressException": incident.Unavailable, "RequestExpired": incident.Unavailable,
}

// Class gives an SDK error its class: by the code the service sent, else by its HTTP status, else Unavailable, because
// then nobody knows what happened to the request. An error that carries a class already keeps it.
func Class(err error) incident.Class {
	if own := (*incident.Error)(nil); errors.As(err, &own) {
		return own.Class
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return incident.Unavailable
	}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		code, _, _ := strings.Cut(api.ErrorCode(), ":")
		if class, ok := classes[code]; ok {
			return class
		}
		if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled {
			return incident.Throttled
		}
	}
	if answer := (*smithyhttp.ResponseError)(nil); errors.As(err, &answer) {
		return classOfStatus(answer.HTTPStatusCode())
	}
	if invalid := (*smithy.InvalidParamsError)(nil); errors.As(err, &invalid) {
		return incident.Invalid
	}
	return incident.Unavailable
}

func classOfStatus(status int) incident.Class {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return incident.Denied
	case status == http.StatusNotFound:
		return incident.NotFound
	case status == http.StatusTooManyRequests:
		return incident.Throttled
	case status == http.StatusRequestTimeout:
		return incident.Unavailable
	case status >= 400 && status < 500:
		return incident.Invalid
	}
	return incident.Unavailable
}

// Wrap gives an SDK error its class and says what was attempted; nil stays nil. The message keeps the service's code and
// text and leaves out the SDK's retry and request decoration, which stays reachable as the cause.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return incident.Errorf(Class(err), "%s: %w", fmt.Sprintf(format, args...), short{err})
}

// Own is Wrap for what the deployment itself provides: table, buckets, queues, machine, keys. That a function may not use
// them is a fault of the deployment (Internal) and says nothing about whoever asked, whom Denied would turn away.
func Own(err error, format string, args ...any) error {
	if err != nil && Class(err) == incident.Denied {
		return incident.Errorf(incident.Internal, "%s: the role of this function lacks a permission, or its credentials have expired: %w", fmt.Sprintf(format, args...), short{err})
	}
	return Wrap(err, format, args...)
}

// short shows less of an error.
type short struct{ error }

func (s short) Error() string { return text(s.error) }
func (s short) Unwrap() error { return s.error }

func text(err error) string {
	if api := smithy.APIError(nil); errors.As(err, &api) {
		if api.ErrorMessage() == "" {
			return api.ErrorCode()
		}
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

// Code is the service's error code, or "".
func Code(err error) string {
	if api := smithy.APIError(nil); errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Refused reports whether the service answered that it did not carry out the request. It is false for every error after
// which the request may have been carried out all the same: server faults, lost answers, timeouts.
func Refused(err error) bool {
	answer := (*smithyhttp.ResponseError)(nil)
	return errors.As(err, &answer) && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500 && answer.HTTPStatusCode() != http.StatusRequestTimeout
}
