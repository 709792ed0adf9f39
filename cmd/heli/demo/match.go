package demo

import "heli/pkg/contract"

// matchedShare is one of how many requests that staff opened has found help.
const matchedShare = 3

// Match is help that a request of the scenario has found: the best offer that fits,
// and what was said of it since.
type Match struct {
	RequestID contract.RequestID
	ID        contract.MatchID
	Code      string
	// Moves follow the proposal, each under a key of its own.
	Moves []contract.Move
}

// Courses that help takes, as often as they stand here.
var (
	agreed    = []contract.Move{helperSays("accept")}
	begun     = append(agreed[:1:1], helperSays("start"))
	reported  = append(begun[:2:2], helperSays("report"))
	confirmed = append(reported[:3:3], contract.Move{Move: "confirm", OnBehalfOf: "requester"})
	disputed  = append(reported[:3:3], contract.Move{Move: "dispute", OnBehalfOf: "requester", Reason: "示例：对方说送到了，求助人没有收到"})
	declined  = []contract.Move{{Move: "decline", OnBehalfOf: "helper", Reason: "no_time"}}

	courses = [][]contract.Move{
		confirmed, nil, begun, confirmed, reported, agreed, confirmed, nil, begun, confirmed, declined, reported, confirmed, disputed,
	}
)

func helperSays(move string) contract.Move { return contract.Move{Move: move, OnBehalfOf: "helper"} }

// matches lets help come to some of the requests that staff opened.
func (g *generator) matches(requests []Request) []Match {
	var all []Match
	opened := 0
	for _, r := range requests {
		if r.Submit.Draft.State == "" {
			continue
		}
		if opened++; opened%matchedShare != 0 {
			continue
		}
		m := Match{RequestID: r.Submit.ID, ID: contract.MatchID(g.next()), Code: g.code()}
		for _, move := range courses[len(all)%len(courses)] {
			move.ID, move.Key = string(m.ID), "demo/"+string(m.ID)+"/"+move.Move
			m.Moves = append(m.Moves, move)
		}
		all = append(all, m)
	}
	return all
}
