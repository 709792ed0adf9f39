package locale

import "heli/pkg/contract"

// State returns the name of a state of a request, an offer or a match.
func (p *Printer) State(thing contract.Thing, state string) string {
	return p.T("state." + string(thing) + "." + state)
}

// Move returns what a button says that makes a move of a life cycle.
func (p *Printer) Move(thing contract.Thing, move string) string {
	return p.T("move." + string(thing) + "." + move)
}

// Reason returns the sentence of a closing, declining or other reason code; the
// text itself when it is no code but what somebody wrote.
func (p *Printer) Reason(reason string) string {
	return p.known("reason.", reason)
}

// Urgency returns the name of an urgency.
func (p *Printer) Urgency(u contract.Urgency) string { return p.T("urgency." + string(u)) }

// UrgencySpan returns within which time an urgency asks for help.
func (p *Printer) UrgencySpan(u contract.Urgency) string { return p.T("urgency_span." + string(u)) }

// Mode returns how help is delivered.
func (p *Printer) Mode(m contract.Mode) string { return p.T("mode." + string(m)) }

// UnitName returns the name of a unit, without an amount.
func (p *Printer) UnitName(u contract.Unit) string { return p.T("unit_name." + string(u)) }

// Role returns the name of a role.
func (p *Printer) Role(r contract.Role) string { return p.T("role." + string(r)) }

// Plain returns what a state means for the person whom it concerns, in a
// sentence: the requester, the one who offers, or for a match the helper.
func (p *Printer) Plain(thing contract.Thing, state string) string {
	return p.T("plain." + string(thing) + "." + state)
}

// Per returns the period that a capacity renews over.
func (p *Printer) Per(period contract.Period) string { return p.T("per." + string(period)) }

// Sharing returns who besides the owner may match.
func (p *Printer) Sharing(s contract.Sharing) string { return p.T("sharing." + string(s)) }

// Vulnerability returns the name of a ground for special care.
func (p *Printer) Vulnerability(code string) string { return p.known("vulnerability.", code) }

// Safeguard returns the name of a protection.
func (p *Printer) Safeguard(code string) string { return p.known("safeguard.", code) }

// Credential returns the name of a kind of credential.
func (p *Printer) Credential(kind string) string { return p.known("credential.", kind) }

// Level returns the name of an organisation's level.
func (p *Printer) Level(level string) string { return p.known("level.", level) }

// Tongue returns the name of a spoken language by its BCP 47 tag.
func (p *Printer) Tongue(tag string) string { return p.known("tongue.", tag) }

// OnBehalfOf says whose answer staff recorded.
func (p *Printer) OnBehalfOf(side string) string { return p.T("on_behalf_of." + side) }

// known returns the text of a code, or the code where the catalogues have none:
// such codes may come from data.
func (p *Printer) known(prefix, code string) string {
	if p.Has(prefix + code) {
		return p.T(prefix + code)
	}
	return code
}
