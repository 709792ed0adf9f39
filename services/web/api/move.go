package api

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/contract"
)

// move is one move of a life cycle as a route. Which states and roles allow it
// is in the tables of the services.
type move struct {
	name    string
	summary string
	who     audience
}

const verifyPhone = "verify_phone"

var requestMoves = []move{
	{"triage", "Take note of a request and judge it", keys},
	{"ask_info", "Ask the requester for more", keys},
	{"answer_info", "Say that the question was answered", holders},
	{"open", "Open it for matching", keys},
	{"hold", "Put it on hold", keys},
	{"resume", "Go on after a hold", keys},
	{"refer", "Hand it over to another organisation, named in to", keys},
	{"close", "Close it with one of the reasons", keys},
	{"withdraw", "Withdraw it", holders},
	{"reopen", "Open it again after closing", keys},
	{"erase", "Erase everything personal for good; staff give a reason", holders},
	{"claim", "Take responsibility for it", keys},
	{"unclaim", "Give the responsibility back", keys},
	{verifyPhone, "Note that the requester was called back", keys},
}

var offerMoves = []move{
	{"vet", "Begin to look into an offer", keys},
	{"approve", "Make it available", keys},
	{"reject", "Refuse it", keys},
	{"pause", "Take it out of matching for a while", holders},
	{"resume", "Go on after a pause", holders},
	{"keep", "Say that it still stands", holders},
	{"withdraw", "Withdraw it", holders},
	{"block", "Block it", keys},
	{"unblock", "Look into a blocked one again", keys},
	{"erase", "Erase everything personal for good; staff give a reason", holders},
	{verifyPhone, "Note that the one who offers was called back", keys},
}

var matchMoves = []move{
	{"accept", "The helper's side accepts", holders},
	{"decline", "The helper's side declines, with a reason", holders},
	{"not_now", "The helper's side cannot this time; the pair may be proposed again", holders},
	{"hand_on", "The helper's side hands the proposal to a colleague of the organisation: to the offer named in to, else to the one that fits best", holders},
	{"release_contact", "Show each side the other's contact", keys},
	{"start", "The work has begun", holders},
	{"report", "The helper's side reports what was delivered", holders},
	{"confirm", "The requester's side confirms what was delivered", holders},
	{"dispute", "One side disagrees", holders},
	{"resolve", "Settle a dispute", keys},
	{"no_show", "Nobody came", holders},
	{"fail", "It came to nothing", keys},
	{"withdraw", "The helper's side gives it up", holders},
	{"cancel", "Call it off", keys},
	{"reschedule", "Move it to another time, named in at", keys},
	{"unschedule", "Call its appointment off; the match stays", keys},
}

var askMoves = []move{
	{"accept", "The helper says yes; once it is filled they are kept as a backup", holders},
	{"decline", "The helper says no, with one of the reasons", holders},
	{"not_now", "The helper puts it off, which counts neither for nor against them", holders},
	{"suggest_time", "The helper suggests another time, named in at", holders},
	{"accept_time", "Agree on the time that the helper suggests", keys},
	{"hand_on", "Hand it to a colleague of the same organisation: the offer named in to, else the one that fits best", holders},
	{"withdraw", "Take the question back", keys},
}

// Moves returns the moves that have a route, for the test that compares them
// with the life cycles.
func Moves(thing contract.Thing) []string {
	moves := map[contract.Thing][]move{
		contract.ThingRequest: requestMoves, contract.ThingOffer: offerMoves, contract.ThingMatch: matchMoves,
		contract.ThingAsk: askMoves,
	}[thing]
	names := make([]string, len(moves))
	for i, m := range moves {
		names[i] = m.name
	}
	return names
}

// MoveBody says more about a move; all of it may be left out, and so may the body.
type MoveBody struct {
	Reason     string     `json:"reason,omitempty" maxLength:"1000" doc:"Why; some moves need one, and closing takes one of the reasons"`
	Version    *int64     `json:"version,omitempty" doc:"The version that was read; another one is a conflict"`
	To         string     `json:"to,omitempty" maxLength:"100" doc:"refer: code of the organisation that it goes to; hand_on: id of the colleague's offer"`
	Quantity   *int64     `json:"quantity,omitempty" nullable:"true" minimum:"0" maximum:"1000000000000" doc:"report, confirm, resolve: how much was delivered; left out means all"`
	Minutes    *int64     `json:"minutes,omitempty" minimum:"0" maximum:"10080" doc:"report: how long it took; it counts against the hours a week that the helper gives"`
	OnBehalfOf string     `json:"on_behalf_of,omitempty" enum:"helper,requester" doc:"Whose answer staff record"`
	At         *time.Time `json:"at,omitempty" doc:"reschedule, suggest_time: the new time"`
}

type moveInput struct {
	KeyInput
	IDInput
	Body *MoveBody
}

func (in *moveInput) move(ctx context.Context, name string) contract.Move {
	m := contract.Move{ID: in.ID, Move: name, Key: in.key(ctx)}
	if b := in.Body; b != nil {
		m.Reason, m.Version, m.To, m.Quantity, m.OnBehalfOf, m.At = b.Reason, b.Version, b.To, b.Quantity, b.OnBehalfOf, b.At
		m.Minutes = b.Minutes
	}
	return m
}

// mover makes a move at its service.
type mover func(context.Context, contract.Move) (contract.Moved, error)

func addMove(a *api, tag string, m move, make mover) {
	add(a, operation{
		method: http.MethodPost, path: "/" + tag + "/{id}/" + m.name, id: tag + "_" + m.name, tag: tag,
		summary: m.summary, audience: m.who,
		description: "Answers with the state that was reached. A state that does not allow the move is a conflict.",
	}, func(ctx context.Context, in *moveInput) (*answer[contract.Moved], error) {
		moved, err := make(ctx, in.move(ctx, m.name))
		return &answer[contract.Moved]{moved}, err
	})
}
