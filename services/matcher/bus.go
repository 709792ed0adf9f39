package matcher

import (
	"context"
	"encoding/json"
	"errors"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/inbox"
	"heli/pkg/letter"
	"heli/pkg/outbox"
)

// Core NATS subjects, best effort: what is missed is found by looking.
const (
	changedSubject = "live.matcher.changed" // rows to read again, to the other instances
	waitingSubject = "live.matcher.waiting" // requests that a freed offer could serve, to consoles
)

// handle answers every call of contract/match.go.
func (s *Service) handle(server *bus.Server) error {
	return errors.Join(
		bus.Handle(server, contract.MatcherSuggest, s.Suggest),
		bus.Handle(server, contract.MatcherVerdict, s.Verdict),
		bus.Handle(server, contract.MatcherPropose, s.Propose),
		bus.Handle(server, contract.MatcherMove, s.Move),
		bus.Handle(server, contract.MatcherGet, s.Get),
		bus.Handle(server, contract.MatcherFind, s.Find),
		bus.Handle(server, contract.MatcherList, s.List),
		bus.Handle(server, contract.MatcherCount, s.Count),
		bus.Handle(server, contract.MatcherHonours, s.Honours),
		bus.Handle(server, contract.MatcherPolicy, s.Policy),
		bus.Handle(server, contract.MatcherPolicies, s.Policies),
		bus.Handle(server, contract.MatcherSetPolicy, s.SetPolicy),
		bus.Handle(server, contract.MatcherPlan, s.Plan),
		bus.Handle(server, contract.MatcherConfirmPlan, s.ConfirmPlan),
		bus.Handle(server, contract.MatcherReplay, s.Replay),
		bus.Handle(server, contract.MatcherComplain, s.Complain),
		bus.Handle(server, contract.MatcherComplaint, s.Complaint),
		bus.Handle(server, contract.MatcherComplaints, s.Complaints),
		bus.Handle(server, contract.MatcherCountComplaints, s.CountComplaints),
		bus.Handle(server, contract.MatcherDecide, s.Decide),
		bus.Handle(server, contract.MatcherFigure, s.Figures),
		bus.Handle(server, contract.MatcherPolicyVersions, s.PolicyVersions),
		bus.Handle(server, contract.MatcherSetAppointment, s.SetAppointment),
		bus.Handle(server, contract.MatcherAppointment, s.Appointment),
		bus.Handle(server, contract.MatcherAppointments, s.Appointments),
		bus.Handle(server, contract.MatcherMakeCalendar, s.MakeCalendar),
		bus.Handle(server, contract.MatcherCalendars, s.Calendars),
		bus.Handle(server, contract.MatcherRevokeCalendar, s.RevokeCalendar),
		bus.Handle(server, contract.MatcherWaves, s.Waves),
		bus.Handle(server, contract.MatcherStartWave, s.StartWave),
		bus.Handle(server, contract.MatcherStopWave, s.StopWave),
		bus.Handle(server, contract.MatcherAsk, s.Ask),
		bus.Handle(server, contract.MatcherAsks, s.Asks),
		bus.Handle(server, contract.MatcherFindAsk, s.FindAsk),
		bus.Handle(server, contract.MatcherMoveAsk, s.MoveAsk),
		bus.Handle(server, contract.MatcherStanding, s.Standing),
		bus.Handle(server, contract.MatcherOwn, s.Own),
		letter.Answer(server, s.letters()),
	)
}

// hearChanges reads rows again that another instance changed.
func (s *Service) hearChanges(ctx context.Context) error {
	return s.bus.Listen(ctx, changedSubject, func(_ string, data []byte) {
		var c changes
		if err := json.Unmarshal(data, &c); err != nil {
			s.log.WarnContext(ctx, "decode changes", "error", err)
			return
		}
		if c.From == s.instance {
			return
		}
		if c.Blocks {
			if err := s.reloadBlocks(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "read who is kept apart", "error", err)
			}
		}
		if err := s.reload(ctx, c); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "read changed rows", "error", err)
		}
	})
}

// letters says how what was put aside here is handled again.
func (s *Service) letters() letter.Desk {
	return letter.Desk{
		Service: "matcher", DB: s.worker.db, Bus: s.bus,
		Handlers: map[string]inbox.Handler{
			contract.MatcherHearsRequest.Name: s.hearRequests, contract.MatcherHearsOffer.Name: s.hearOffers,
		},
		Republish: s.republish,
	}
}

// republish puts a fact back among those that wait to be told.
func (s *Service) republish(ctx context.Context, id int64) error {
	defer s.relay.Wake()
	return outbox.Replay(ctx, s.worker.db, id)
}
