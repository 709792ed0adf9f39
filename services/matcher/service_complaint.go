package matcher

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Complain stores what one side of a match, or staff, report of a side, and keeps
// the two apart where that is asked for. What follows from it (matches that end,
// offers that rest, whom it lands with) is done at once where it can be, else
// until it is done. Repeating it with its id gives the first answer.
func (s *Service) Complain(ctx context.Context, q contract.FileComplaint) (contract.Complaint, error) {
	actor := contract.ActorFrom(ctx)
	if err := checkComplaint(q, about(actor, q.About)); err != nil {
		return contract.Complaint{}, err
	}
	m, err := s.visibleMatch(ctx, q.MatchID)
	if err != nil {
		return contract.Complaint{}, err
	}
	// Who complains sees no complaints afterwards: storing it is the service's own
	// work.
	first, err := s.worker.getComplaint(ctx, s.worker.db, selectComplaintSQL, q.ID)
	if !fault.Is(err, fault.NotFound) {
		return s.sameComplaint(first, m, actor, err)
	}
	if err := s.worker.requireFew(ctx, m.ID); err != nil {
		return contract.Complaint{}, err
	}
	c := newComplaint(q, actor, m)
	c.CreatedAt = s.clock()
	c.UpdatedAt = c.CreatedAt
	if c, err = s.recognised(ctx, c); err != nil {
		return contract.Complaint{}, err
	}
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.store.insertComplaint(ctx, tx, c); err != nil {
			return err
		}
		return s.store.block(ctx, tx, c, thisWeek(c.CreatedAt))
	})
	if err != nil {
		return contract.Complaint{}, err
	}
	s.follows(ctx, c)
	return complaintView(c, actor), nil
}

// sameComplaint answers a repeat; the id of a complaint about another match is taken.
func (s *Service) sameComplaint(first complaintRow, m matchRow, actor contract.Actor, err error) (contract.Complaint, error) {
	if err == nil && first.MatchID != m.ID {
		err = fault.NewConflict("id_taken", "this id belongs to another complaint")
	}
	if err != nil {
		return contract.Complaint{}, err
	}
	return complaintView(first, actor), nil
}

// recognised fills in by what the two are recognised, where the match was made
// before it was noted.
func (s *Service) recognised(ctx context.Context, c complaintRow) (complaintRow, error) {
	if c.RequesterKey == "" {
		found, err := s.projectedRequests(ctx, []contract.RequestID{c.RequestID}, nil)
		if err != nil {
			return c, err
		}
		c.RequesterKey = found[c.RequestID].RequesterKey
	}
	return c, nil
}

// followTime bounds how long who complains waits for services that hang.
const followTime = 2 * time.Second

// follows does at once what follows from a complaint. It is stored that it has to
// be done, so a failure is only logged.
func (s *Service) follows(ctx context.Context, c complaintRow) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), followTime)
	defer cancel()
	s.tell(ctx, changes{Blocks: true})
	if err := s.carryOut(ctx); err != nil {
		s.log.WarnContext(ctx, "carry out a complaint, trying again soon", "complaint", c.ID, "error", err)
	}
}

// carryOut does what follows from complaints and is not done: matches of people
// who are kept apart end or are disputed, offers of a suspended helper rest or go
// on, and each complaint lands with somebody. Each step is harmless when repeated.
func (s *Service) carryOut(ctx context.Context) error {
	due, err := s.worker.dueComplaints(ctx)
	if err != nil || len(due) == 0 {
		return err
	}
	if err := s.reloadBlocks(ctx); err != nil {
		return err
	}
	if err := s.part(ctx); err != nil {
		return err
	}
	var failed error
	for _, c := range due {
		failed = errors.Join(failed, s.carryOutOne(ctx, c))
	}
	return failed
}

func (s *Service) carryOutOne(ctx context.Context, c complaintRow) error {
	if err := errors.Join(s.suspend(ctx, c), s.land(ctx, c)); err != nil {
		return err
	}
	return s.worker.note(ctx, settledSQL, c.ID, c.Version)
}

// part ends the live matches of people who are kept apart.
func (s *Service) part(ctx context.Context) error {
	apart, err := s.worker.matchesApart(ctx)
	if err != nil {
		return err
	}
	for _, m := range apart {
		if err := s.moveBySystem(ctx, m.ID, parting(m.State, m.Suspended), reasonComplaint); err != nil {
			return err
		}
	}
	return nil
}

// suspend has the helper's offers rest, or go on, as the complaint says. The
// offer service's word is noted; before it came it is asked again.
func (s *Service) suspend(ctx context.Context, c complaintRow) error {
	if c.Pausing == c.Paused {
		return nil
	}
	q := contract.SuspendHelper{ComplaintID: c.ID, HelperKey: c.HelperKey, OfferID: c.OfferID, Lift: !c.Pausing}
	if _, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.OfferSuspend, q); err != nil {
		return fmt.Errorf("suspend a helper: %w", err)
	}
	return s.worker.note(ctx, pausedSQL, c.ID, c.Pausing)
}

// land notes whom a complaint lands with: the person whom its organisation named,
// else the nearest above.
func (s *Service) land(ctx context.Context, c complaintRow) error {
	if c.ResponsibleID != "" {
		return nil
	}
	named, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.DirectorySafeguard, contract.AskSafeguard{Path: c.Path})
	if err != nil {
		return fmt.Errorf("find who answers for a complaint: %w", err)
	}
	return s.worker.note(ctx, responsibleSQL, c.ID, named.PersonID, named.Name)
}

// Complaint returns a complaint that the actor sees, without its words.
func (s *Service) Complaint(ctx context.Context, q contract.ComplaintByID) (contract.Complaint, error) {
	c, err := s.visibleComplaint(ctx, s.db, selectComplaintSQL, q.ID)
	return complaintView(c, contract.ActorFrom(ctx)), err
}

// visibleComplaint is NotFound for one that is not the actor's to see.
func (s *Service) visibleComplaint(ctx context.Context, q sqlx.QueryerContext, query string, id contract.ComplaintID) (complaintRow, error) {
	c, err := s.store.getComplaint(ctx, q, query, id)
	if err == nil && !contract.ActorFrom(ctx).Sees(c.Path) {
		return complaintRow{}, fault.NewNotFound("complaint")
	}
	return c, err
}

// Complaints lists those that the actor sees: what pauses a helper first, then
// the oldest; closed ones last.
func (s *Service) Complaints(ctx context.Context, q contract.ListComplaints) (contract.Listing[contract.Complaint], error) {
	answer := contract.Listing[contract.Complaint]{Items: []contract.Complaint{}}
	actor := contract.ActorFrom(ctx)
	rows, err := s.store.listComplaints(ctx, actor.Sight(), q.State)
	for _, c := range rows {
		answer.Items = append(answer.Items, complaintView(c, actor))
	}
	return answer, err
}

// CountComplaints counts those that the actor sees, by state, and as "mine" those
// that they have in hand or that landed with them.
func (s *Service) CountComplaints(ctx context.Context, _ contract.Empty) (contract.Counts, error) {
	actor := contract.ActorFrom(ctx)
	counts, err := s.store.countComplaints(ctx, actor.Sight(), actor.ID())
	return contract.Counts{ByState: counts}, err
}

// Decide makes a move of a complaint, once the directory has kept who decided
// what: without its acknowledgement nothing is decided.
func (s *Service) Decide(ctx context.Context, q contract.DecideComplaint) (contract.Complaint, error) {
	actor := contract.ActorFrom(ctx)
	seen, err := s.visibleComplaint(ctx, s.db, selectComplaintSQL, q.ID)
	if err != nil {
		return contract.Complaint{}, err
	}
	if _, err := seen.decided(q, actor); err != nil {
		return contract.Complaint{}, err
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, auditOf(seen, q, actor)); err != nil {
		return contract.Complaint{}, fmt.Errorf("record a decision: %w", err)
	}
	q.Version = &seen.Version
	var c complaintRow
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		before, err := s.worker.getComplaint(ctx, tx, lockComplaintSQL, q.ID)
		if err != nil {
			return err
		}
		if c, err = before.decided(q, actor); err != nil {
			return err
		}
		c.UpdatedAt = s.clock()
		if err := s.store.updateComplaint(ctx, tx, c); err != nil {
			return err
		}
		return s.store.block(ctx, tx, c, thisWeek(c.UpdatedAt))
	})
	if err != nil {
		return contract.Complaint{}, err
	}
	s.follows(ctx, c)
	return complaintView(c, actor), nil
}

// complaintActs is how the audit chain calls the moves of a complaint.
var complaintActs = map[string]contract.Act{moveTake: contract.ActTakeComplaint, moveClose: contract.ActCloseComplaint}

// auditOf is what the chain keeps of a decision: codes, no words. The same one
// sent again is the same row.
func auditOf(c complaintRow, q contract.DecideComplaint, a contract.Actor) contract.AuditEntry {
	said := []string{q.Outcome}
	if q.Move == moveClose && c.Pausing {
		said = append(said, map[bool]string{true: "reinstated", false: "stays paused"}[q.Reinstate])
	}
	if q.Move == moveClose && c.Apart && q.Together {
		said = append(said, "may meet again")
	}
	reason := strings.Trim(strings.Join(said, ", "), ", ")
	return contract.AuditEntry{
		Key:    strings.Join([]string{"complaint", string(c.ID), strconv.FormatInt(c.Version, 10), a.ID(), q.Move, reason}, "/"),
		Action: complaintActs[q.Move], SubjectID: string(c.ID), Path: c.Path, Reason: reason,
	}
}

// complaintView converts a row for a reader. Who complained learns that it was
// taken and what follows for the two, nothing of who has it.
func complaintView(c complaintRow, reader contract.Actor) contract.Complaint {
	v := contract.Complaint{
		ID: c.ID, MatchID: c.MatchID, MatchCode: c.MatchCode, RequestID: c.RequestID, OfferID: c.OfferID, Kind: c.Kind,
		About: c.About, State: string(c.State), Version: c.Version, Apart: c.Apart, Keeper: c.Keeper,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Moves: []string{},
	}
	if !access.May(reader.Role, access.HandleComplaints) || !reader.Sees(c.Path) {
		return v
	}
	v.By, v.Path, v.Outcome, v.Pausing, v.Paused = c.By, c.Path, c.Outcome, c.Pausing, c.Paused
	v.ResponsibleID, v.Responsible, v.HeldBy = c.ResponsibleID, c.Responsible, c.HeldBy
	v.Moves = ComplaintMoves.Available(c.State, reader.Role)
	return v
}
