package templates

import "heli/pkg/contract"

// Tone is the colour of a badge or message. It never carries meaning alone: the
// text beside it says the same.
type Tone string

// The tones.
const (
	TonePlain   Tone = "plain"
	ToneInfo    Tone = "info"
	ToneSuccess Tone = "success"
	ToneWarning Tone = "warning"
	ToneError   Tone = "error"
	ToneStrong  Tone = "strong" // the loudest: life at risk
)

func stateTone(state string) Tone {
	switch state {
	case "submitted", "triaged", "vetting", "suggested", "reopened", "asked":
		return ToneInfo
	case "needs_info", "on_hold", "proposed", "paused", "partially_matched", "reported_done", "reported_fulfilled":
		return ToneWarning
	case "disputed", "no_show", "failed", "blocked":
		return ToneError
	case "matched", "accepted", "contact_released", "in_progress", "confirmed", "available":
		return ToneSuccess
	default:
		return TonePlain
	}
}

func urgencyTone(u contract.Urgency) Tone {
	switch u {
	case contract.Critical:
		return ToneStrong
	case contract.Urgent:
		return ToneError
	case contract.Soon:
		return ToneWarning
	case contract.Routine:
		return ToneInfo
	default:
		return TonePlain
	}
}

func (t Tone) badge() string { return "badge badge-" + string(t) }

func (t Tone) alert() string { return "alert alert-" + string(t) }

// role makes a screen reader say a problem at once and anything else in turn.
func (t Tone) role() string {
	if t == ToneError {
		return "alert"
	}
	return "status"
}

func (t Tone) glyph() Glyph {
	switch t {
	case ToneSuccess:
		return GlyphCheck
	case ToneWarning, ToneError:
		return GlyphAlert
	default:
		return GlyphInfo
	}
}
