package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"heli/pkg/fault"
)

// SQLSTATE codes, see appendix A of the PostgreSQL manual.
const (
	serializationFailure pqerror.Code = "40001"
	deadlockDetected     pqerror.Code = "40P01"
	queryCanceled        pqerror.Code = "57014"
	lockNotAvailable     pqerror.Code = "55P03"
	readOnlyTransaction  pqerror.Code = "25006"
	idleTimeout          pqerror.Code = "25P03"
	uniqueViolation      pqerror.Code = "23505"
	duplicateObject      pqerror.Code = "42710"
	internalError        pqerror.Code = "XX000"
	notInEncoding        pqerror.Code = "22021" // a NUL, or no UTF-8
)

// Map turns an error of the driver into a fault: a lost race or broken
// constraint into Conflict, no rows into NotFound, a text that no database keeps
// into Invalid, a server that cannot be reached or used into Unavailable. What is a fault already, ends with a
// context's error, or is none of these, comes back as it was; nil is nil.
//
// Unavailable says nothing about the commit: the transaction may be there.
func Map(err error) error {
	switch {
	case err == nil:
		return nil
	case isFault(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return fault.NewNotFound("record").Because(err)
	case lostConnection(err):
		return fault.NewUnavailable(err)
	}
	if server := pq.As(err); server != nil {
		return mapState(server.Code, err)
	}
	return err
}

// MapContext is Map for a statement that ran under ctx: when ctx has ended, the
// error is the context's, whatever the driver said of it.
func MapContext(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !isFault(err) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return Map(err)
}

// State returns the SQLSTATE in err's chain, or the empty text.
func State(err error) string {
	if server := pq.As(err); server != nil {
		return string(server.Code)
	}
	return ""
}

// Constraint returns the name of the constraint or unique index that err says
// was broken, or the empty text. It reads through the faults that Map makes.
func Constraint(err error) string {
	if server := pq.As(err); server != nil {
		return server.Constraint
	}
	return ""
}

func isFault(err error) bool {
	_, ok := errors.AsType[*fault.Error](err)
	return ok
}

func mapState(state pqerror.Code, err error) error {
	switch state.Class() {
	case "23": // integrity constraint violation
		return fault.NewConflict("conflict", "it contradicts what is stored").Because(err)
	case "08", "53": // connection exception, insufficient resources
		return fault.NewUnavailable(err)
	}
	if state == notInEncoding {
		return fault.NewInvalid(fault.Field{Location: "text", Code: "malformed"}).Because(err)
	}
	passing := []pqerror.Code{serializationFailure, deadlockDetected, queryCanceled, lockNotAvailable, readOnlyTransaction, idleTimeout}
	if slices.Contains(passing, state) || strings.HasPrefix(string(state), "57P0") && state != "57P04" {
		return fault.NewUnavailable(err)
	}
	return err
}

// lostConnection recognises what lib/pq and the network say when the server
// went away, at dialling or in the middle.
func lostConnection(err error) bool {
	for _, lost := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	_, network := errors.AsType[net.Error](err)
	return network
}

// repeatable reports that the server undid the transaction for a reason that
// is gone when it runs again.
func repeatable(err error) bool {
	return pq.As(err, serializationFailure, deadlockDetected) != nil || stalePlan(err)
}
