package request

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

const (
	intakeWriters = 2
	intakeBatch   = 64
	intakeTime    = 15 * time.Second // for one transaction, whoever still waits for it
	recodeTries   = 5
)

var errClosing = errors.New("the intake is closed")

// submission is a request ready to be stored, and the one who waits for it.
type submission struct {
	ctx      context.Context // the waiting caller's
	key      string
	bodyHash string
	record   *record
	contact  contact.Row
	done     chan outcome // holds one
}

type outcome struct {
	answer contract.SubmittedRequest
	err    error
}

// intake stores submissions. All that wait go into one transaction: a commit
// costs the same for sixty-four as for one, and while it runs the next gather. A
// lone submission waits for nobody. Writers take turns: one fills its
// transaction while the disk holds up the other's commit.
type intake struct {
	store  *store
	recent *recent // keeps what was stored
	stored func()  // called after a commit
	queue  chan *submission
	turn   sync.Mutex // whose writer gathers and fills a transaction
	closed chan struct{}
	once   sync.Once
	work   sync.WaitGroup
}

// newIntake returns a running intake, which its owner closes.
func newIntake(s *store, r *recent, stored func()) *intake {
	// Nothing waits in the queue itself, so nothing is left there at the end.
	i := &intake{store: s, recent: r, stored: stored, queue: make(chan *submission), closed: make(chan struct{})}
	for range intakeWriters {
		i.work.Go(i.write)
	}
	return i
}

// close takes no new submission, waits until those that were taken are stored,
// and may be called twice.
func (i *intake) close() {
	i.once.Do(func() { close(i.closed) })
	i.work.Wait()
}

// submit stores a submission and returns its answer, or that of the first one
// under its key or source. When ctx ends first the submission may be stored or
// not; a repeat under the same key or id gives its answer.
func (i *intake) submit(ctx context.Context, s *submission) (contract.SubmittedRequest, error) {
	s.ctx, s.done = ctx, make(chan outcome, 1)
	select {
	case <-i.closed:
		return contract.SubmittedRequest{}, fault.NewUnavailable(errClosing)
	case <-ctx.Done():
		return contract.SubmittedRequest{}, ctx.Err()
	case i.queue <- s:
	}
	select {
	case o := <-s.done:
		return o.answer, o.err
	case <-ctx.Done():
		return contract.SubmittedRequest{}, ctx.Err()
	}
}

func (i *intake) write() {
	for {
		i.turn.Lock()
		pass := sync.OnceFunc(i.turn.Unlock)
		first := i.next()
		if first == nil {
			pass()
			return
		}
		i.storeAll(i.gather(first), pass)
		pass()
	}
}

// next waits for a submission; nil when the intake is closed and all that was
// let in before is taken.
func (i *intake) next() *submission {
	select {
	case first := <-i.queue:
		return first
	case <-i.closed:
	}
	select {
	case first := <-i.queue:
		return first
	default:
		return nil
	}
}

// gather takes what waits by now, leaving out whose caller has gone. It waits for
// nothing: what comes while the transaction before is filled makes the batch.
func (i *intake) gather(first *submission) []*submission {
	waiting := []*submission{first}
	for len(waiting) < intakeBatch {
		select {
		case next := <-i.queue:
			waiting = append(waiting, next)
			continue
		default:
		}
		break
	}
	return slices.DeleteFunc(waiting, func(s *submission) bool { return s.ctx.Err() != nil })
}

// storeAll stores submissions in as few transactions as their keys allow, and
// passes the turn before the first commit.
func (i *intake) storeAll(waiting []*submission, pass func()) {
	for len(waiting) > 0 {
		together, later := distinctKeys(waiting)
		i.storeTogether(together, pass)
		waiting = later
	}
}

// distinctKeys parts off the repeats of a key, which must see the first one
// committed, and sorts the rest, so that two processes meet keys in one order.
func distinctKeys(waiting []*submission) (together, later []*submission) {
	seen := map[string]bool{}
	for _, s := range waiting {
		if s.key != "" && seen[s.key] {
			later = append(later, s)
			continue
		}
		seen[s.key] = true
		together = append(together, s)
	}
	slices.SortFunc(together, func(a, b *submission) int { return cmp.Compare(a.key, b.key) })
	return together, later
}

// storeTogether stores all or, when one spoils it for the others, each alone.
func (i *intake) storeTogether(waiting []*submission, pass func()) {
	outcomes, err := i.transact(waiting, pass)
	if err != nil && len(waiting) > 1 && !fault.Is(err, fault.Unavailable) {
		for _, s := range waiting {
			i.storeTogether([]*submission{s}, pass)
		}
		return
	}
	if err != nil {
		for _, s := range waiting {
			s.done <- outcome{err: err}
		}
		return
	}
	for n, s := range waiting {
		if outcomes[n].err == nil && !outcomes[n].answer.Repeated {
			i.recent.keep(s.record, s.contact.PhoneIndex)
		}
	}
	i.stored()
	for n, s := range waiting {
		s.done <- outcomes[n]
	}
}

func (i *intake) transact(waiting []*submission, pass func()) (outcomes []outcome, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), intakeTime)
	defer cancel()
	err = i.store.db.InTx(ctx, func(tx *sqlx.Tx) error {
		outcomes = make([]outcome, len(waiting))
		stored, err := i.store.insertBatch(ctx, tx, batchOf(waiting))
		if err != nil {
			return err
		}
		for n, s := range waiting {
			if stored[s.record.row.ID] {
				outcomes[n].answer = s.answer()
				continue
			}
			if outcomes[n], err = i.resolve(ctx, tx, s); err != nil {
				return err
			}
		}
		pass()
		return nil
	})
	return outcomes, err
}

// resolve answers a submission that was left out, because its key, id, source
// or code is there already.
func (i *intake) resolve(ctx context.Context, tx *sqlx.Tx, s *submission) (outcome, error) {
	if s.key != "" {
		row, err := i.store.selectAnswer(ctx, tx, s.key)
		if err != nil {
			return outcome{}, err
		}
		if row.BodyHash != s.bodyHash {
			return outcome{err: idempotency.ErrReused}, nil
		}
		if row.Answer.value.ID != s.record.row.ID {
			return outcome{answer: repeated(row.Answer.value)}, nil
		}
	}
	first, err := i.store.selectSubmitted(ctx, tx, s.record.row)
	if errors.Is(err, sql.ErrNoRows) {
		return i.recode(ctx, tx, s)
	}
	if err != nil {
		return outcome{}, err
	}
	if s.key != "" {
		if err := i.store.updateAnswer(ctx, tx, s.key, first); err != nil {
			return outcome{}, err
		}
	}
	return outcome{answer: repeated(first)}, nil
}

// recode stores a submission under another code: its own belongs to another
// request, which happens once in a hundred thousand times.
func (i *intake) recode(ctx context.Context, tx *sqlx.Tx, s *submission) (outcome, error) {
	for range recodeTries {
		s.record.row.Code = contract.NewCode()
		if s.key != "" {
			if err := i.store.deleteKey(ctx, tx, s.key); err != nil {
				return outcome{}, err
			}
		}
		stored, err := i.store.insertBatch(ctx, tx, batchOf([]*submission{s}))
		if err != nil {
			return outcome{}, err
		}
		if stored[s.record.row.ID] {
			return outcome{answer: s.answer()}, nil
		}
	}
	return outcome{}, fmt.Errorf("find a free code for request %s", s.record.row.ID)
}

func repeated(a contract.SubmittedRequest) contract.SubmittedRequest {
	a.Repeated = true
	return a
}

// answer is what the one who submitted is told.
func (s *submission) answer() contract.SubmittedRequest {
	r := s.record.row
	return contract.SubmittedRequest{
		ID: r.ID, Code: r.Code, State: string(r.State), Version: r.Version,
		NeedLines: plainLines(s.record.lines), Generation: r.Generation,
	}
}

func batchOf(waiting []*submission) batch {
	n := len(waiting)
	b := batch{
		requests: make([]requestRow, 0, n), lines: make([]lineRow, 0, 2*n), contacts: make([]contactRow, 0, n),
		history: make([]historyRow, 0, n), events: make([]contract.Event, 0, n),
	}
	for _, s := range waiting {
		row := s.record.row
		if s.key != "" {
			b.keys = append(b.keys, keyRow{
				Key: s.key, BodyHash: s.bodyHash, Answer: s.answer(), CreatedAt: row.UpdatedAt, RequestID: row.ID,
			})
		}
		b.requests = append(b.requests, row)
		b.lines = append(b.lines, s.record.lines...)
		b.contacts = append(b.contacts, contactRow{RequestID: row.ID, Row: s.contact})
		b.history = append(b.history, s.record.history...)
		b.events = append(b.events, s.record.events...)
	}
	return b
}
