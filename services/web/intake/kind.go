package intake

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/pkg/seal"
)

// kind is what differs between requests and offers.
type kind[Q, R any] struct {
	thing    contract.Thing
	endpoint contract.Endpoint[Q, R]
	head     func(Q) head
	// complete gives every line its id, so that an answer from here and the
	// later one of the service name the same.
	complete func(Q) Q
	check    func(*app.Reference, Q, contract.Actor, time.Time) error
	answer   func(Q) R
	id       func(R) string
}

// head is what is stored of a submission in clear.
type head struct{ ID, Code, Key, BodyHash string }

// rowKey is unique per submission, also for those without a key: the service
// recognises their repeat by the id.
func (h head) rowKey() string {
	if h.Key == "" {
		return "id:" + h.ID
	}
	return "key:" + h.Key
}

var requests = kind[contract.SubmitRequest, contract.SubmittedRequest]{
	thing:    contract.ThingRequest,
	endpoint: contract.RequestSubmit,
	head: func(q contract.SubmitRequest) head {
		return head{string(q.ID), q.Code, q.Key, q.BodyHash}
	},
	complete: func(q contract.SubmitRequest) contract.SubmitRequest {
		q.Draft.NeedLines = slices.Clone(q.Draft.NeedLines)
		for n := range q.Draft.NeedLines {
			if line := &q.Draft.NeedLines[n]; line.ID == "" {
				line.ID = contract.NewID[contract.NeedLineID]()
			}
		}
		return q
	},
	check: checkRequest,
	answer: func(q contract.SubmitRequest) contract.SubmittedRequest {
		return contract.SubmittedRequest{ID: q.ID, Code: q.Code, State: "submitted", NeedLines: q.Draft.NeedLines}
	},
	id: func(r contract.SubmittedRequest) string { return string(r.ID) },
}

var offers = kind[contract.SubmitOffer, contract.SubmittedOffer]{
	thing:    contract.ThingOffer,
	endpoint: contract.OfferSubmit,
	head: func(q contract.SubmitOffer) head {
		return head{string(q.ID), q.Code, q.Key, q.BodyHash}
	},
	complete: func(q contract.SubmitOffer) contract.SubmitOffer {
		q.Draft.OfferLines = slices.Clone(q.Draft.OfferLines)
		for n := range q.Draft.OfferLines {
			if line := &q.Draft.OfferLines[n]; line.ID == "" {
				line.ID = contract.NewID[contract.OfferLineID]()
			}
		}
		return q
	},
	check: checkOffer,
	answer: func(q contract.SubmitOffer) contract.SubmittedOffer {
		credentials := slices.Clone(q.Draft.Credentials)
		for n := range credentials {
			credentials[n].N = n + 1
		}
		return contract.SubmittedOffer{
			ID: q.ID, Code: q.Code, State: "submitted", OfferLines: q.Draft.OfferLines, Credentials: credentials,
		}
	},
	id: func(r contract.SubmittedOffer) string { return string(r.ID) },
}

// content is what a spool row seals.
type content[Q any] struct {
	Actor    contract.Actor `json:"actor"`
	Question Q              `json:"question"`
}

func seals[Q any](keys *seal.Keys, thing contract.Thing, h head, a contract.Actor, q Q, now time.Time) (row, error) {
	plain, err := json.Marshal(content[Q]{a, q})
	if err != nil {
		return row{}, fmt.Errorf("encode submission: %w", err)
	}
	return row{
		ID: h.ID, Thing: thing, Code: h.Code, Key: h.rowKey(), BodyHash: h.BodyHash,
		Sealed: keys.Seal(plain, associated(h.ID)), TakenAt: now,
	}, nil
}

func open[Q any](keys *seal.Keys, r row) (contract.Actor, Q, error) {
	var c content[Q]
	plain, err := keys.Open(r.Sealed, associated(r.ID))
	if err != nil {
		return c.Actor, c.Question, fmt.Errorf("open submission: %w", err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c.Actor, c.Question, fmt.Errorf("decode submission: %w", err)
	}
	return c.Actor, c.Question, nil
}

func associated(id string) []byte { return []byte("spool " + id) }
