package incident

import (
	"errors"
	"fmt"
)

// Class is the kind of a failure: the only thing that retry rules, HTTP statuses and exit codes look at.
type Class string

// The classes. An error without a class counts as Internal: shown to operators, hidden from callers.
const (
	Invalid     Class = "Invalid"     // the input is wrong; a repeat fails the same way
	NotFound    Class = "NotFound"    // the thing named does not exist
	Conflict    Class = "Conflict"    // somebody else was first; re-read and decide again
	Denied      Class = "Denied"      // the caller may not do this
	Throttled   Class = "Throttled"   // too fast; a repeat later may succeed
	Unavailable Class = "Unavailable" // a service did not answer; the effect is unknown, repeats must be safe
	Internal    Class = "Internal"    // our own fault
)

// Error carries a class and what was attempted. Message is written for a person, says what to do next where
// something can be done, and already contains the text of the cause.
type Error struct {
	Class   Class
	Message string
	cause   error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an error of a class. A %w verb in format keeps the cause reachable.
func Errorf(class Class, format string, args ...any) error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Class: class, Message: wrapped.Error(), cause: errors.Unwrap(wrapped)}
}

// ClassOf finds the outermost class in an error's chain; nil has the empty class, an unclassed error is Internal.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Internal
}

// Is reports whether err has the class.
func Is(err error, class Class) bool { return err != nil && ClassOf(err) == class }
