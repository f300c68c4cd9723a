package kafka

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// lasting are the answers that only a person can change.
var lasting = []error{
	kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.IllegalSaslState,
	kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed,
	kerr.TransactionalIDAuthorizationFailed, kerr.FencedInstanceID, kerr.InconsistentGroupProtocol,
	kerr.UnsupportedVersion, kerr.MessageTooLarge, kerr.InvalidTopicException, kerr.PolicyViolation, kerr.InvalidRecord,
}

// Temporary reports whether waiting can heal err, so that the same call may succeed later with nothing changed: a broker that is
// down, a full buffer, a missing topic, a context that ended. False are a message that breaks the schema, a refused password or
// certificate, a missing permission, a use after Disconnect, and nil.
//
// It says nothing about repeating a send whose outcome is unknown: see ErrOutcomeUnknown.
func Temporary(err error) bool {
	var permanent *permanentError
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case err == nil, is(ErrDisconnected), errors.As(err, &permanent), lasts(err):
		return false
	case is(ErrBufferFull), is(ErrOutcomeUnknown), is(ErrUnknownTopic), is(ErrTopicRecreated), is(ErrDataLoss),
		is(ErrTooManyUnacked), is(context.Canceled), is(context.DeadlineExceeded):
		return true
	}
	var network net.Error
	var firstRead *kgo.ErrFirstReadEOF
	var credentials *credentialsError
	return errors.As(err, &network) || errors.As(err, &credentials) || errors.As(err, &firstRead) || is(io.EOF) || is(syscall.ECONNREFUSED) || kerr.IsRetriable(err)
}

// lasts reports whether err is surely one that only a person can mend. What is neither that nor Temporary, such as a code that says
// nothing, may go away or not.
func lasts(err error) bool {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return slices.ContainsFunc(lasting, func(target error) bool { return errors.Is(err, target) }) || refusedCertificate(err) ||
		errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

// Permanent marks an error of a handler as one that no retry can heal. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }
