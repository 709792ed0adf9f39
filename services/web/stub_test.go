package web_test

import (
	"context"
	"testing"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

func (s *services) answerRequests(server *bus.Server) error {
	return first(
		s.ownRequest(server),
		bus.Handle(server, contract.RequestSubmit, s.submitRequest),
		bus.Handle(server, contract.RequestGet, func(ctx context.Context, q contract.GetByID) (contract.Request, error) {
			return get(s, s.requests, ctx, contract.RoleRequester, q.ID, "request")
		}),
		bus.Handle(server, contract.RequestFind, func(_ context.Context, q contract.FindByCode) (contract.Found, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for id, r := range s.requests {
				if r.Code == q.Code {
					return contract.Found{ID: id}, nil
				}
			}
			return contract.Found{}, fault.NewNotFound("request")
		}),
		bus.Handle(server, contract.RequestMove, s.moveRequest),
		bus.Handle(server, contract.RequestKeepComplaint, s.keepComplaint),
		bus.Handle(server, contract.RequestBoard, s.board(contract.ThingRequest)),
		bus.Handle(server, contract.RequestCorrect, s.correctRequest),
		bus.Handle(server, contract.RequestErase, s.eraseRequest),
		bus.Handle(server, contract.RequestConsent, s.changeConsent),
		bus.Handle(server, contract.RequestDigest, s.chooseRequestDigest),
		bus.Handle(server, contract.RequestContact, func(_ context.Context, q contract.ContactReading) (contract.Contact, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.contacts[q.ID], nil
		}),
	)
}

func (s *services) answerOffers(server *bus.Server) error {
	return first(
		ownOffer(server),
		bus.Handle(server, contract.OfferSubmit, s.submitOffer),
		bus.Handle(server, contract.OfferDigest, s.chooseOfferDigest),
		bus.Handle(server, contract.OfferBoard, s.board(contract.ThingOffer)),
		bus.Handle(server, contract.OfferGet, func(ctx context.Context, q contract.GetByID) (contract.Offer, error) {
			return get(s, s.offers, ctx, contract.RoleOfferer, q.ID, "offer")
		}),
		bus.Handle(server, contract.OfferContact, func(ctx context.Context, q contract.ContactReading) (contract.Contact, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if contract.ActorFrom(ctx).Subject == q.ID { // its own
				return contract.Contact{Name: "李明", Phone: "13900005678"}, nil
			}
			for _, m := range s.matches {
				if string(m.OfferID) == q.ID && string(m.RequestID) == contract.ActorFrom(ctx).Subject && m.State == "contact_released" {
					return contract.Contact{Name: "李明", Phone: "13900005678"}, nil
				}
			}
			return contract.Contact{}, fault.NewNotFound("offer")
		}),
		bus.Handle(server, contract.OfferKeepComplaint, s.keepComplaint),
		bus.Handle(server, contract.OfferConsent, s.changeOfferConsent),
		bus.Handle(server, contract.OfferFind, func(context.Context, contract.FindByCode) (contract.Found, error) {
			return contract.Found{}, fault.NewNotFound("offer")
		}),
		bus.Handle(server, contract.OfferSetTerms, func(ctx context.Context, q contract.SetTerms) (contract.Moved, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			o := s.offers[string(q.ID)]
			if contract.ActorFrom(ctx).Subject != string(q.ID) || q.Version != o.Version {
				return contract.Moved{}, fault.NewConflict("stale_version", "")
			}
			s.terms = append(s.terms, q)
			o.Windows, o.WeeklyBudget, o.Version = q.Terms.Windows, q.Terms.WeeklyBudget, o.Version+1
			return contract.Moved{ID: string(q.ID), State: o.State, Version: o.Version}, nil
		}),
		bus.Handle(server, contract.OfferMove, func(_ context.Context, m contract.Move) (contract.Moved, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.moves = append(s.moves, m)
			o := s.offers[m.ID]
			o.State, o.Version = map[string]string{"pause": "paused", "resume": "available", "withdraw": "withdrawn"}[m.Move], o.Version+1
			return contract.Moved{ID: m.ID, State: o.State, Version: o.Version}, nil
		}),
	)
}

func (s *services) answerMatches(server *bus.Server) error {
	return first(
		ownMatches(server),
		bus.Handle(server, contract.MatcherGet, func(ctx context.Context, q contract.GetByID) (contract.Match, error) {
			return get(s, s.matches, ctx, "", q.ID, "match")
		}),
		bus.Handle(server, contract.MatcherFind, func(_ context.Context, q contract.FindByCode) (contract.Found, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for id, m := range s.matches {
				if m.Code == q.Code {
					return contract.Found{ID: id, Generation: m.Generation}, nil
				}
			}
			return contract.Found{}, fault.NewNotFound("match")
		}),
		bus.Handle(server, contract.MatcherHonours, func(context.Context, contract.Empty) (contract.Helped, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return contract.Helped{Organisations: s.helped}, nil
		}),
		bus.Handle(server, contract.MatcherList, func(_ context.Context, q contract.ListMatches) (contract.Listing[contract.Match], error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			listing := contract.Listing[contract.Match]{Items: []contract.Match{}}
			for _, m := range s.matches {
				if m.RequestID == q.RequestID || m.OfferID == q.OfferID {
					listing.Items = append(listing.Items, *m)
				}
			}
			return listing, nil
		}),
		bus.Handle(server, contract.MatcherMove, s.moveMatch),
		bus.Handle(server, contract.MatcherComplain, s.complain),
		s.answerAsks(server),
	)
}

func (s *services) answerAsks(server *bus.Server) error {
	return first(
		bus.Handle(server, contract.MatcherAsk, func(ctx context.Context, q contract.GetByID) (contract.Ask, error) {
			return get(s, s.asks, ctx, contract.RoleAnswerer, q.ID, "ask")
		}),
		bus.Handle(server, contract.MatcherFindAsk, func(_ context.Context, q contract.FindByCode) (contract.Found, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for id, a := range s.asks {
				if a.Code == q.Code {
					return contract.Found{ID: id, Generation: a.Generation}, nil
				}
			}
			return contract.Found{}, fault.NewNotFound("ask")
		}),
		bus.Handle(server, contract.MatcherMoveAsk, s.moveAsk),
		bus.Handle(server, contract.MatcherAsks, func(_ context.Context, q contract.ListAsks) (contract.Listing[contract.Ask], error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			listing := contract.Listing[contract.Ask]{Items: []contract.Ask{}}
			for _, a := range s.asks {
				if a.OfferID == q.OfferID {
					listing.Items = append(listing.Items, *a)
				}
			}
			return listing, nil
		}),
	)
}

func (s *services) answerDirectory(server *bus.Server) error {
	return first(
		ownReadings(server),
		s.answerEndNotices(server),
		bus.Handle(server, contract.DirectoryAuthenticate, func(context.Context, contract.Authenticate) (contract.Actor, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.revoked {
				return contract.Actor{}, fault.NewNotFound("identity")
			}
			return s.actor, nil
		}),
		bus.Handle(server, contract.DirectoryRedeemLogin, func(_ context.Context, q contract.RedeemLogin) (contract.Person, error) {
			if q.Secret != "right-secret-right-secret" {
				return contract.Person{}, fault.NewNotFound("login")
			}
			return contract.Person{ID: s.actor.PersonID, Name: "Li", Demo: true}, nil
		}),
		bus.Handle(server, contract.DirectoryHonours, func(_ context.Context, q contract.AskHonours) (contract.Listing[contract.Honour], error) {
			listing := contract.Listing[contract.Honour]{Items: []contract.Honour{}}
			for _, code := range q.Codes {
				listing.Items = append(listing.Items, contract.Honour{Name: "示例 " + code, Level: "city", RegionCode: "610100", Specialties: []string{"ppe"}})
			}
			return listing, nil
		}),
	)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// get returns a thing to a token of the role that speaks for it, or to web.
func get[T any](s *services, of map[string]*T, ctx context.Context, role contract.Role, id, thing string) (T, error) { //nolint:revive // the context is the caller's
	s.mu.Lock()
	defer s.mu.Unlock()
	a := contract.ActorFrom(ctx)
	found, ok := of[id]
	if !ok || (role != "" && a.Role != contract.RoleSystem && (a.Role != role || a.Subject != id)) {
		var none T
		return none, fault.NewNotFound(thing)
	}
	return *found, nil
}

func (s *services) submitRequest(ctx context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
	if err := s.intake.CheckRequest(ctx, q); err != nil {
		return contract.SubmittedRequest{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.submits++
	id, repeated := s.keys[q.Key]
	repeated = repeated && q.Key != ""
	if repeated && s.hashes[q.Key] != q.BodyHash {
		return contract.SubmittedRequest{}, fault.NewConflict("idempotency_key_reused", "")
	}
	if !repeated {
		id = string(q.ID)
		s.keys[q.Key], s.hashes[q.Key], s.contacts[id] = id, q.BodyHash, q.Draft.Contact
		d := q.Draft
		r := &contract.Request{
			ID: q.ID, Code: q.Code, State: "submitted", Stage: "submitted", Version: 1, CreatedAt: q.SubmittedAt, Title: d.Title,
			Description: d.Description, Urgency: d.Urgency, Mode: d.Mode, RegionCode: d.RegionCode, Languages: d.Languages,
			Safeguards: d.Safeguards, Vulnerability: d.Vulnerability, Windows: d.Windows, Contact: contract.Contact{Name: "张＊", Phone: "138****12"},
			Moves:   []string{"withdraw", "correct", "erase"},
			Consent: d.Consent,
			History: []contract.HistoryEntry{{At: q.SubmittedAt, Move: "submit", To: "submitted", Role: contract.RolePublic}},
		}
		for _, l := range d.NeedLines {
			r.NeedLines = append(r.NeedLines, contract.NeedLineView{NeedLine: l})
		}
		s.requests[id], s.languages[id] = r, d.Language
	}
	r := s.requests[id]
	return contract.SubmittedRequest{ID: r.ID, Code: r.Code, State: r.State, Version: 1, NeedLines: q.Draft.NeedLines, Repeated: repeated}, nil
}

func (s *services) submitOffer(ctx context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
	if err := s.intake.CheckOffer(ctx, q); err != nil {
		return contract.SubmittedOffer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := q.Draft
	o := &contract.Offer{
		ID: q.ID, Code: q.Code, State: "available", Version: 1, CreatedAt: q.SubmittedAt, Title: d.Title, Description: d.Description,
		Mode: d.Mode, RegionCode: d.RegionCode, ServiceRegions: d.ServiceRegions, Credentials: d.Credentials, RadiusM: d.RadiusM,
		ValidUntil: d.ValidUntil, Windows: d.Windows, Contact: contract.Contact{Name: "李＊"}, Consent: d.Consent, Moves: []string{"pause", "withdraw"},
	}
	for _, l := range d.OfferLines {
		o.OfferLines = append(o.OfferLines, contract.OfferLineView{OfferLine: l})
	}
	s.offers[string(q.ID)] = o
	return contract.SubmittedOffer{ID: q.ID, Code: q.Code, State: o.State, Version: 1, OfferLines: d.OfferLines}, nil
}

func (s *services) moveRequest(_ context.Context, m contract.Move) (contract.Moved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[m.ID]
	if m.Version != nil && *m.Version != r.Version {
		return contract.Moved{}, fault.NewConflict("stale_version", "")
	}
	s.moves = append(s.moves, m)
	r.Version++
	if m.Move == "withdraw" {
		r.State, r.ClosedReason, r.Moves = "closed", "withdrawn", nil
	}
	return contract.Moved{ID: m.ID, State: r.State, Version: r.Version}, nil
}

// eraseRequest ends the links, as the service does.
func (s *services) eraseRequest(_ context.Context, m contract.Move) (contract.Moved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[m.ID]
	r.State, r.Title, r.Moves = "closed", "", nil
	r.Generation++
	r.Version++
	return contract.Moved{ID: m.ID, State: r.State, Version: r.Version}, nil
}

func (s *services) changeConsent(_ context.Context, q contract.ChangeConsent) (contract.Moved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[q.ID]
	if r == nil {
		return contract.Moved{}, fault.NewNotFound("request")
	}
	r.Consent = r.Consent.With(q.Purpose, q.Given)
	return contract.Moved{ID: q.ID, State: r.State, Version: r.Version}, nil
}

func (s *services) correctRequest(_ context.Context, q contract.CorrectRequest) (contract.Moved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[string(q.ID)]
	if q.Version != r.Version {
		return contract.Moved{}, fault.NewConflict("stale_version", "")
	}
	if q.Title != nil && *q.Title == "" {
		return contract.Moved{}, fault.NewInvalid(fault.Field{Location: "title", Code: "required"})
	}
	if q.Title != nil {
		r.Title = *q.Title
	}
	if q.Contact != nil {
		s.contacts[string(q.ID)] = *q.Contact
	}
	r.Version++
	return contract.Moved{ID: string(q.ID), State: r.State, Version: r.Version}, nil
}

func (s *services) moveMatch(ctx context.Context, m contract.Move) (contract.Match, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := contract.ActorFrom(ctx); a.Subject == "" {
		return contract.Match{}, fault.NewForbidden("move")
	}
	match := s.matches[m.ID]
	if m.Version != nil && *m.Version != match.Version {
		return contract.Match{}, fault.NewConflict("stale_version", "")
	}
	s.moves = append(s.moves, m)
	match.State, match.Version = map[string]string{
		"accept": "accepted", "decline": "declined", "start": "in_progress", "report": "reported_done", "confirm": "confirmed",
		"dispute": "disputed", "no_show": "no_show", "withdraw": "withdrawn", "not_now": "hold_expired", "hand_on": "hold_expired",
	}[m.Move], match.Version+1
	match.Moves = movesAfter(match.State)
	return *match, nil
}

func movesAfter(state string) []string {
	return map[string][]string{
		"proposed": {"accept", "not_now", "hand_on", "decline"}, "accepted": {"start", "report", "withdraw", "confirm", "no_show"},
		"contact_released": {"start", "report", "withdraw", "confirm", "no_show"}, "in_progress": {"report", "withdraw", "confirm", "no_show"},
		"reported_done": {"confirm", "dispute"},
	}[state]
}

// addMatch pairs a request with an offer.
func (s *services) addMatch(request, offer, state string) *contract.Match {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC)
	m := &contract.Match{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), State: state, Version: 1, RequestID: contract.RequestID(request),
		OfferID: contract.OfferID(offer), Category: "ppe", Quantity: 300, Unit: "piece", HoldUntil: &hold, Generation: 1, Moves: movesAfter(state),
	}
	s.matches[string(m.ID)] = m
	return m
}

// lastMove returns the move that was made last.
func (s *services) lastMove(t testing.TB) contract.Move {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.moves) == 0 {
		t.Fatal("no move was made")
	}
	return s.moves[len(s.moves)-1]
}
