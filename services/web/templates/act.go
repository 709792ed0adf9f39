package templates

import (
	"slices"
	"strings"

	"heli/pkg/contract"
)

// actName says in words what somebody did, by the code of the audit chain; one that
// another version of a service recorded is its own name.
func actName(p *Page, code string) string { return known(p, "audit."+code, code) }

// aboutName says what kind of thing an act is done to; empty where that is not known.
func aboutName(p *Page, code string) string {
	act, ok := contract.ActOf(code)
	if !ok {
		return ""
	}
	return p.T("audit.about." + string(act.About()))
}

// auditReason says why: the role that was given, the kind of a message that needed an
// address, or what was typed.
func auditReason(d Desk, row contract.AuditRecord) string {
	switch act, _ := contract.ActOf(row.Action); act {
	case contract.ActReachRequester, contract.ActReachHelper, contract.ActReachPerson:
		return known(d.Page, "messages.kind."+row.Reason, row.Reason)
	case contract.ActGrantRole, contract.ActWithdrawRole, contract.ActMakeAPIKey, contract.ActRevokeAPIKey:
		return eventText(d, row.Reason)
	default:
		return row.Reason
	}
}

// shortID is the end of an id, which tells it from others of the same hour; anything
// else is shown whole.
func shortID(id string) string {
	if !contract.ValidID(id) {
		return id
	}
	return "…" + id[len(id)-12:]
}

// actOptions offers every act by name, by what it is done to, and what else was asked
// for: an act of another version, or how several begin.
func actOptions(d Desk, chosen string) []Option {
	var options []Option
	if _, ok := contract.ActOf(chosen); !ok && chosen != "" {
		options = append(options, Option{Value: chosen, Label: chosen})
	}
	acts := contract.Acts()
	slices.SortStableFunc(acts, func(a, b contract.Act) int { return strings.Compare(string(a.About()), string(b.About())) })
	for _, act := range acts {
		options = append(options, Option{
			Value: act.Code(), Label: actName(d.Page, act.Code()), Group: d.T("audit.about." + string(act.About())),
		})
	}
	return options
}
