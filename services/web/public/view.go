package public

import (
	"net/http"
	"net/url"
	"slices"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/pkg/risk"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// Moves that the private pages offer.
const (
	moveWithdraw   = "withdraw"
	movePause      = "pause"
	moveKeep       = "keep"
	moveResume     = "resume"
	moveCorrect    = "correct"
	moveErase      = "erase"
	moveAnswerInfo = "answer_info"
	moveAskInfo    = "ask_info"
	moveAccept     = "accept"
	moveDecline    = "decline"
	moveStart      = "start"
	moveReport     = "report"
	moveConfirm    = "confirm"
	moveDispute    = "dispute"
	moveNoShow     = "no_show"
)

// maxMatches is how many matches a private page shows.
const maxMatches = 50

func (p pages) viewRequest(r *http.Request, page *templates.Page, s subject, view *templates.Track) {
	q := s.request
	view.Code, view.Title, view.State, view.Version = q.Code, q.Title, q.State, q.Version
	view.Plain = page.Plain(contract.ThingRequest, q.State)
	view.Next = page.T("track.next.request." + q.State)
	if q.State == "closed" && q.ClosedReason != "" {
		view.Next = page.T("summary.item", "label", page.T("console.fact.closed_reason"), "text", page.Reason(q.ClosedReason))
	}
	p.viewDanger(page, *q, view)
	ref := p.snapshot()
	for _, l := range q.NeedLines {
		view.Progress = append(view.Progress, needProgress(page, ref, l))
	}
	view.Facts = []templates.Fact{
		{Name: page.T("fact.urgency"), Value: page.Urgency(q.Urgency) + " · " + page.UrgencySpan(q.Urgency)},
		{Name: page.T("fact.mode"), Value: page.Mode(q.Mode)},
		{Name: page.T("label.place"), Value: placeName(page, ref, q.RegionCode)},
		{Name: page.T("label.description"), Value: q.Description},
		{Name: page.T("label.contact"), Value: contactLine(page, q.Contact)},
		{Name: page.T("label.submitted_at"), Value: page.DateTime(q.CreatedAt)},
	}
	view.Steps = steps(page, contract.ThingRequest, q.History)
	view.Moves = trackMoves(page, contract.ThingRequest, q.Moves)
	view.Correctable = slices.Contains(q.Moves, moveCorrect)
	view.Answerable = slices.Contains(q.Moves, moveAnswerInfo)
	view.Digest = p.digestOf(r.Context(), q.Consent, q.Digest)
	view.AskedInfo = lastReason(q.History, moveAskInfo)
	if r.URL.Query().Get("edit") != "" && view.Correctable {
		view.Edit = &templates.Form{Values: url.Values{"title": {q.Title}, "description": {q.Description}}}
	}
	p.viewMatches(r, page, s, view)
}

// viewDanger puts the numbers to call, the words for somebody in danger and the
// quick exit on the page of a request that needs them.
func (p pages) viewDanger(page *templates.Page, q contract.Request, view *templates.Track) {
	for _, kind := range q.Risks {
		view.Kind = append(view.Kind, page.T("risk.kind."+kind))
	}
	view.Sensitive, view.Critical = p.sensitiveRequest(q), inDanger(q)
}

// drafted is what a draft says of danger, as its service will say it.
func drafted(d contract.RequestDraft) contract.Request {
	q := contract.Request{State: "submitted", Urgency: d.Urgency, Vulnerability: d.Vulnerability}
	texts := []string{d.Title, d.Description}
	for _, l := range d.NeedLines {
		texts = append(texts, l.Specification, l.SourceText)
		q.NeedLines = append(q.NeedLines, contract.NeedLineView{NeedLine: l})
	}
	for _, kind := range risk.Kinds(texts...) {
		q.Risks = append(q.Risks, string(kind))
	}
	return q
}

// threatened reports that others may hurt who asks.
func threatened(q contract.Request) bool { return slices.Contains(q.Vulnerability, "violence") }

// sensitiveRequest reports whether others should not see the request over the
// reader's shoulder.
func (p pages) sensitiveRequest(q contract.Request) bool {
	ref := p.snapshot()
	return threatened(q) || len(q.Risks) > 0 || ref != nil &&
		slices.ContainsFunc(q.NeedLines, func(l contract.NeedLineView) bool { return sensitive(ref, l.Category) })
}

// inDanger reports whether the numbers to call come before all else.
func inDanger(q contract.Request) bool {
	psych := slices.ContainsFunc(q.NeedLines, func(l contract.NeedLineView) bool { return l.Category == "psych" })
	return q.State != "closed" && (q.Urgency == contract.Critical || len(q.Risks) > 0 || threatened(q) || psych)
}

func (p pages) viewOffer(r *http.Request, page *templates.Page, s subject, view *templates.Track) {
	o := s.offer
	view.Code, view.Title, view.State, view.Version = o.Code, o.Title, o.State, o.Version
	view.Plain = page.Plain(contract.ThingOffer, o.State)
	ref := p.snapshot()
	for _, l := range o.OfferLines {
		view.Progress = append(view.Progress, offerProgress(page, ref, l))
	}
	view.Facts = []templates.Fact{
		{Name: page.T("fact.mode"), Value: page.Mode(o.Mode)},
		{Name: page.T("label.place"), Value: placeName(page, ref, o.RegionCode)},
		{Name: page.T("label.description"), Value: o.Description},
		{Name: page.T("label.contact"), Value: contactLine(page, o.Contact)},
		{Name: page.T("label.submitted_at"), Value: page.DateTime(o.CreatedAt)},
	}
	if o.ValidUntil != nil {
		view.Facts = append(view.Facts, templates.Fact{Name: page.T("label.valid_until"), Value: page.Date(*o.ValidUntil)})
	}
	if o.Suspended {
		view.Next = page.T("track.next.offer.suspended")
	}
	view.Asked = o.AskedAt != nil
	view.Digest, view.DigestAll = p.digestOf(r.Context(), o.Consent, o.Digest), helperKnown(*o)
	view.Steps = steps(page, contract.ThingOffer, o.History)
	view.Moves = trackMoves(page, contract.ThingOffer, o.Moves)
	view.Correctable = slices.Contains(o.Moves, moveCorrect)
	if r.URL.Query().Get("edit") != "" && view.Correctable {
		view.Edit = &templates.Form{Values: url.Values{"title": {o.Title}, "description": {o.Description}}}
	}
	p.viewMatches(r, page, s, view)
}

// trackMoves are the buttons for the moves that one may make; those that have
// forms of their own are left out.
func trackMoves(page *templates.Page, thing contract.Thing, moves []string) []templates.TrackMove {
	var buttons []templates.TrackMove
	for _, move := range []string{moveResume, movePause, moveWithdraw, moveErase} {
		if slices.Contains(moves, move) {
			buttons = append(buttons, templates.TrackMove{Move: move, Label: page.Move(thing, move)})
		}
	}
	return buttons
}

func needProgress(page *templates.Page, ref *reference.Snapshot, l contract.NeedLineView) templates.LineProgress {
	label := lineName(page, ref, l.Category, l.Specification) + " · " + page.Quantity(l.Quantity, l.Unit)
	shown := templates.LineProgress{Label: label}
	if l.Quantity != nil {
		shown.Done, shown.Total = min(l.Matched, *l.Quantity), *l.Quantity
	}
	if l.Confirmed > 0 {
		shown.Text = page.T("track.arrived", "amount", page.Amount(l.Confirmed, l.Unit))
	}
	return shown
}

func offerProgress(page *templates.Page, ref *reference.Snapshot, l contract.OfferLineView) templates.LineProgress {
	shown := templates.LineProgress{Label: lineName(page, ref, l.Category, l.Specification) + " · " + page.Capacity(l.Capacity)}
	if l.Capacity.Quantity != nil {
		shown.Done, shown.Total = min(l.Reserved, *l.Capacity.Quantity), *l.Capacity.Quantity
	}
	if l.Used > 0 {
		shown.Text = page.T("track.given", "amount", page.Amount(l.Used, l.Capacity.Unit))
	}
	return shown
}

func lineName(page *templates.Page, ref *reference.Snapshot, category, specification string) string {
	name := category
	if ref != nil {
		name = categoryName(page, ref, category)
	}
	if specification == "" {
		return name
	}
	return name + " · " + specification
}

func placeName(page *templates.Page, ref *reference.Snapshot, code string) string {
	if ref == nil {
		return code
	}
	return regionName(page, ref, code)
}

func contactLine(page *templates.Page, c contract.Contact) string {
	var parts []string
	for _, part := range []string{c.Name, c.Phone, c.Wechat, c.Email} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return page.List(parts)
}

// steps tells the history in plain words, newest first; moves that change no
// state are of no interest here.
func steps(page *templates.Page, thing contract.Thing, history []contract.HistoryEntry) []templates.Step {
	var told []templates.Step
	for _, entry := range slices.Backward(history) {
		if entry.From == entry.To {
			continue
		}
		step := templates.Step{At: entry.At, Title: page.State(thing, entry.To), By: teller(page, entry.Role), Tone: templates.ToneInfo}
		if entry.OnBehalfOf != "" {
			step.By = page.OnBehalfOf(entry.OnBehalfOf)
		}
		told = append(told, step)
	}
	return told
}

// teller says who made a move; the reader of a private page is "you".
func teller(page *templates.Page, role contract.Role) string {
	switch role {
	case contract.RolePublic, contract.RoleRequester, contract.RoleOfferer, contract.RoleAnswerer:
		return page.T("track.by_person")
	default:
		return page.Role(role)
	}
}

func lastReason(history []contract.HistoryEntry, move string) string {
	for _, entry := range slices.Backward(history) {
		if entry.Move == move {
			return entry.Reason
		}
	}
	return ""
}

// viewMatches adds the matches; without the matcher the rest of the page stands.
func (p pages) viewMatches(r *http.Request, page *templates.Page, s subject, view *templates.Track) {
	q := contract.ListMatches{Page: contract.Page{Limit: maxMatches}}
	if s.request != nil {
		q.RequestID = s.request.ID
	} else {
		q.OfferID = s.offer.ID
	}
	listing, err := bus.Call(s.as(r.Context()), p.Bus, contract.MatcherList, q)
	if err != nil {
		p.Log.WarnContext(r.Context(), "show matches on a private page", "error", err)
		view.MatchesAway = true
		return
	}
	for _, m := range listing.Items {
		p.addAppointment(r, s, &m)
		view.Matches = append(view.Matches, p.viewMatch(page, s.thing(), m))
		if r.URL.Query().Get(complainQuery) == string(m.ID) && reportable(m.State) {
			view.Complaint = complainForm("/track", string(m.ID), s.reported())
		}
	}
	slices.SortStableFunc(view.Matches, func(a, b templates.TrackMatch) int { return answerFirst(a) - answerFirst(b) })
}

// answerFirst orders what waits for an answer with a deadline before the others.
func answerFirst(m templates.TrackMatch) int {
	if m.AskAccept {
		return 0
	}
	return 1
}

func (p pages) viewMatch(page *templates.Page, thing contract.Thing, m contract.Match) templates.TrackMatch {
	may := func(move string) bool { return slices.Contains(m.Moves, move) }
	shown := templates.TrackMatch{
		ID: string(m.ID), Code: m.Code, State: m.State, Version: m.Version, Amount: m.Quantity, Unit: page.UnitName(m.Unit),
		Title: lineName(page, p.snapshot(), m.Category, page.Amount(m.Quantity, m.Unit)),
	}
	shown.CodeWord, shown.Reportable = site.CodeWord(p.Keys, m), reportable(m.State)
	if m.At != nil {
		shown.At = page.T("match.at", "time", page.DateTime(*m.At))
	}
	shown.Appointment = templates.NewAppointmentCard(page, m, "", "/track/"+string(m.ID)+"/appointment.ics", nil, nil)
	if thing == contract.ThingRequest {
		shown.Plain = page.T("track.match." + m.State)
		shown.AskCame = may(moveConfirm) && m.Confirmed == nil
		shown.CanDeny = may(moveNoShow) || may(moveDispute)
		shown.AskContact = slices.Contains(maybeReleased, m.State)
		return shown
	}
	shown.Plain = page.Plain(contract.ThingMatch, m.State)
	shown.AskAccept = may(moveAccept) && m.State == "proposed"
	if m.HoldUntil != nil && shown.AskAccept {
		shown.Deadline = page.T("answer.until", "time", page.DateTime(*m.HoldUntil))
	}
	return shown
}
