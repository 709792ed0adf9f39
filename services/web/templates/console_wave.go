package templates

import (
	"heli/pkg/contract"
)

// PartWaves is the part of a request's page about asking several at once.
const PartWaves = "waves"

// FormWave names the forms that start and stop asking.
const FormWave = "wave"

// Waves is how asking stands for each need line of a request.
type Waves struct {
	Action string // where starting and stopping is sent
	May    bool   // start and stop
	Open   bool   // asking is allowed in the request's state
	Lines  []WaveLine
	// Problem says why it could not be read.
	Problem string
}

// WaveLine is a need line with who is asked, and who would be.
type WaveLine struct {
	Line contract.NeedLineView
	Wave contract.Wave
	Next []WaveOffer
	Asks []AskView
}

// WaveOffer is somebody who would be asked now; nil when the reader may not see them.
type WaveOffer struct {
	ID    contract.OfferID
	Offer *contract.Offer
}

// AskView is an ask with what the reader may know of its offer and do.
type AskView struct {
	Ask   contract.Ask
	Offer *contract.Offer
	// Request is the address of what is asked for, on the offer's page.
	Request string
	Agree   MoveSet // on the time that the helper suggests
	Moves   MoveSet
	Answer  *AnswerSecrets
}

func (l WaveLine) asking() bool { return l.Wave.State == "asking" }

// waveSentence says how asking stands.
func waveSentence(d Desk, w contract.Wave) string {
	if w.State == "" {
		return d.T("wave.state.none")
	}
	return d.T("wave.state." + w.State)
}

// waveFacts are how many have not answered or stand by, and when more are asked.
func waveFacts(d Desk, w contract.Wave) []string {
	facts := []string{d.T("wave.open", "count", w.Open)}
	if w.StandBy > 0 {
		facts = append(facts, d.T("wave.backups", "count", w.StandBy))
	}
	if w.LookAt != nil {
		facts = append(facts, d.T("wave.look_at", "time", d.DateTime(*w.LookAt)))
	}
	return facts
}

func waveTone(state string) Tone {
	switch state {
	case "asking":
		return ToneInfo
	case "filled":
		return ToneSuccess
	default:
		return TonePlain
	}
}

// askFacts are what a coordinator wants to know of an ask at a glance.
func askFacts(d Desk, a contract.Ask) []string {
	facts := []string{d.T("wave.of", "number", a.Wave)}
	if a.State == "asked" {
		facts = append(facts, d.T("wave.until", "time", d.DateTime(a.Until)))
	}
	if a.Reason != "" {
		facts = append(facts, d.Reason(a.Reason))
	}
	if a.StandsBy {
		facts = append(facts, d.T("wave.stands_by"))
	}
	return facts
}

// standingSentence is a kind word about what fell away.
func standingSentence(d Desk, s contract.Standing) string {
	return d.T("wave.standing", "gone", s.NoShows+s.Withdrawn, "agreed", s.Agreed)
}
