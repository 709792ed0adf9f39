package public

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// reasonOther stands for a reason in the helper's own words.
const reasonOther = "other"

// declineReasons are the reasons that a helper may choose from: codes of the
// catalogue.
func declineReasons() []string { return contract.AskReasons() }

// answerDoor opens the helper's page for a match or an ask.
func (p pages) answerDoor() door {
	return door{
		purpose: site.Answer,
		check:   p.openAnswer,
		find:    p.findAnswers,
		show: func(page *templates.Page, code string, errs templates.Errors, failure string) templates.Entry {
			return templates.Entry{
				Action: "/answer", Title: page.T("answer.title"), Lead: page.T("answer.lead"), Code: code, Errors: errs, Failure: failure,
			}
		},
	}
}

// openMatch returns the match that an answer token speaks for, once it is right.
func (p pages) openMatch(ctx context.Context, b site.Bearer) (contract.Match, error) {
	m, err := bus.Call(site.As(ctx, contract.RoleAnswerer, b.ID), p.Bus, contract.MatcherGet, contract.GetByID{ID: b.ID})
	if err != nil {
		return contract.Match{}, wrong(err)
	}
	if !b.Check(p.Keys, m.Generation) {
		return contract.Match{}, errWrong
	}
	return m, nil
}

func (p pages) answering(r *http.Request) (contract.Match, error) {
	b, ok := p.bearer(r, site.Answer)
	if !ok {
		return contract.Match{}, errWrong
	}
	return p.openMatch(r.Context(), b)
}

// enterAnswer opens the page by the token of a link, or by code and PIN.
func (p pages) enterAnswer(w http.ResponseWriter, r *http.Request) error {
	return p.enter(w, r, p.answerDoor())
}

// showAnswer shows the match or ask that the device remembers, else the form that
// opens one. It changes nothing: link previews open links too.
func (p pages) showAnswer(w http.ResponseWriter, r *http.Request) error {
	m, err := p.answering(r)
	if fault.Is(err, fault.NotFound) {
		if asked, err := p.beingAsked(r); !fault.Is(err, fault.NotFound) {
			if err != nil {
				return err
			}
			return p.renderAsk(w, r, http.StatusOK, asked, nil, nil)
		}
		page := p.Pages.Of(r)
		p.Pages.Render(w, r, http.StatusOK, templates.EntryPage(page, p.answerDoor().show(page, "", nil, "")))
		return nil
	}
	if err != nil {
		return err
	}
	return p.renderAnswer(w, r, http.StatusOK, m, nil)
}

// moveAnswer makes the helper's move.
func (p pages) moveAnswer(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	m, err := p.answering(r)
	if fault.Is(err, fault.NotFound) {
		http.Redirect(w, r, "/answer", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	move, err := helperMove(m, values)
	if err == nil {
		_, err = bus.Call(site.As(r.Context(), contract.RoleAnswerer, string(m.ID)), p.Bus, contract.MatcherMove, move)
	}
	if err == nil {
		http.Redirect(w, r, "/answer", http.StatusSeeOther)
		return nil
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	now, readErr := p.answering(r)
	if readErr != nil {
		return readErr
	}
	if late(move.Move, now.State) {
		return p.renderAnswer(w, r, http.StatusOK, now, nil)
	}
	return p.renderAnswer(w, r, refusedStatus(err), now, err)
}

// late reports whether somebody answers what has ended meanwhile: they are thanked.
func late(move, state string) bool {
	return (move == moveAccept || move == moveDecline || move == moveNotNow) && (state == "hold_expired" || state == "cancelled")
}

// helperMove reads the helper's form.
func helperMove(m contract.Match, values url.Values) (contract.Move, error) {
	move := contract.Move{ID: string(m.ID), Move: values.Get("move"), Version: version(values)}
	switch move.Move {
	case moveAccept, moveStart, moveNotNow, moveHandOn:
	case moveWithdraw:
		move.Reason = "withdrawn"
	case moveDecline:
		move.Reason = values.Get("reason")
		if !slices.Contains(declineReasons(), move.Reason) {
			return move, fault.NewInvalid(fault.Field{Location: "reason", Code: "choose"})
		}
		if own := strings.TrimSpace(values.Get("other")); own != "" && move.Reason == reasonOther {
			move.Reason = own
		}
	case moveReport:
		n, err := strconv.ParseInt(digits(values.Get("quantity")), 10, 64)
		if err != nil || n < 0 || n > m.Quantity {
			return move, fault.NewInvalid(fault.Field{
				Location: "quantity", Code: "out_of_range", Args: map[string]any{"min": 0, "max": m.Quantity},
			})
		}
		move.Quantity = &n
		if typed := digits(strings.TrimSpace(values.Get("minutes"))); typed != "" {
			took, err := strconv.ParseInt(typed, 10, 64)
			if err != nil {
				return move, fault.NewInvalid(fault.Field{Location: "minutes", Code: "malformed"})
			}
			move.Minutes = &took
		}
	default:
		return move, fault.NewConflict("illegal_move", "this page does not make that move")
	}
	return move, nil
}

func (p pages) renderAnswer(w http.ResponseWriter, r *http.Request, status int, m contract.Match, problem error) error {
	page := p.Pages.Of(r)
	view := p.viewAnswer(r, page, m)
	if problem != nil {
		view.Errors = templates.ErrorsOf(page, problem)
		if len(view.Errors) == 0 {
			view.Problem = page.Fault(problem)
		}
	}
	p.Pages.Render(w, r, status, templates.AnswerPage(page, view))
	return nil
}

func (p pages) viewAnswer(r *http.Request, page *templates.Page, m contract.Match) templates.Answer {
	ref := p.snapshot()
	view := templates.Answer{
		Code: m.Code, State: m.State, Plain: page.Plain(contract.ThingMatch, m.State), Version: m.Version,
		Title:  lineName(page, ref, m.Category, page.Amount(m.Quantity, m.Unit)),
		Amount: m.Quantity, Unit: page.UnitName(m.Unit), Moves: map[string]bool{}, Reasons: reasonOptions(page),
		Steps: steps(page, contract.ThingMatch, m.History), Sensitive: ref != nil && sensitive(ref, m.Category),
	}
	view.Late = r.Method == http.MethodPost && late(r.PostForm.Get("move"), m.State)
	view.CodeWord, view.Reportable, view.Told = site.CodeWord(p.Keys, m), reportable(m.State), r.URL.Query().Get(toldQuery)
	if r.URL.Query().Has(complainQuery) && view.Reportable {
		view.Complaint = complainForm("/answer", string(m.ID), contract.SideRequester)
	}
	for _, move := range m.Moves {
		view.Moves[move] = true
	}
	if m.HoldUntil != nil && m.State == "proposed" {
		view.Deadline = page.T("answer.until", "time", page.DateTime(*m.HoldUntil))
	}
	if m.At != nil && m.Appointment == nil {
		view.Facts = append(view.Facts, templates.Fact{Name: page.T("label.at"), Value: page.DateTime(*m.At)})
	}
	view.Appointment = p.answerAppointment(page, m, nil, nil)
	p.viewNeed(r, page, m, &view)
	return view
}

func reasonOptions(page *templates.Page) []templates.Option {
	var options []templates.Option
	for _, code := range declineReasons() {
		options = append(options, templates.Option{Value: code, Label: page.Reason(code)})
	}
	return options
}

// viewNeed adds what the helper may know of the request: region, time and
// urgency before an answer, its text after a yes, the contact once released.
// Without the request service the rest of the page stands.
func (p pages) viewNeed(r *http.Request, page *templates.Page, m contract.Match, view *templates.Answer) {
	if over(m.State) {
		return
	}
	q, err := p.neededRequest(r, m.RequestID)
	if err != nil {
		return
	}
	view.Facts = append(view.Facts, p.needFacts(page, q)...)
	if m.State == "proposed" {
		return
	}
	view.Title, view.Text = q.Title, q.Description
	view.Facts = append([]templates.Fact{{Name: page.T("label.need"), Value: lineName(page, p.snapshot(), m.Category, page.Amount(m.Quantity, m.Unit))}}, view.Facts...)
	p.viewContact(r, page, m, view)
}

// neededRequest reads a request for its helper, who has no sight of requests: web
// reads on its own account and shows no more than the helper may know.
func (p pages) neededRequest(r *http.Request, id contract.RequestID) (contract.Request, error) {
	q, err := bus.Call(contract.WithActor(r.Context(), contract.System()), p.Bus, contract.RequestGet, contract.GetByID{ID: string(id)})
	if err != nil {
		p.Log.WarnContext(r.Context(), "show a need to its helper", "error", err)
	}
	return q, err
}

// needFacts are what a helper may know of a request before a yes.
func (p pages) needFacts(page *templates.Page, q contract.Request) []templates.Fact {
	return []templates.Fact{
		{Name: page.T("label.place"), Value: placeName(page, p.snapshot(), q.RegionCode)},
		{Name: page.T("fact.urgency"), Value: page.Urgency(q.Urgency) + " · " + page.UrgencySpan(q.Urgency)},
		{Name: page.T("fact.mode"), Value: page.Mode(q.Mode)},
		{Name: page.T("label.windows"), Value: windowsText(page, q.Windows)},
	}
}

// over reports whether the helper has nothing more to do with the request.
func over(state string) bool {
	switch state {
	case "declined", "hold_expired", "withdrawn", "no_show", "failed", "cancelled", "confirmed":
		return true
	default:
		return false
	}
}

func windowsText(page *templates.Page, windows []contract.Window) string {
	var texts []string
	for _, w := range windows {
		texts = append(texts, page.Window(w))
	}
	return page.List(texts)
}

// viewContact adds the requester's contact after its release; before, the
// request service refuses it. Every reading is recorded there.
func (p pages) viewContact(r *http.Request, page *templates.Page, m contract.Match, view *templates.Answer) {
	if !released(m) {
		return
	}
	ctx := site.As(r.Context(), contract.RoleAnswerer, string(m.ID))
	c, err := bus.Call(ctx, p.Bus, contract.RequestContact, contract.ContactReading{ID: string(m.RequestID), Reason: "released to the helper"})
	if err != nil {
		if !fault.Is(err, fault.NotFound) {
			view.Problem = page.Fault(err)
		}
		return
	}
	view.Contact = []templates.Fact{
		{Name: page.T("fact.name"), Value: c.Name}, {Name: page.T("label.contact.phone"), Value: c.Phone},
		{Name: page.T("label.contact.wechat"), Value: c.Wechat}, {Name: page.T("label.contact.email"), Value: c.Email},
		{Name: page.T("fact.safe_hours"), Value: c.SafeHours},
	}
}

// released reports whether the contact was released, as the match tells it.
func released(m contract.Match) bool {
	return m.State == "contact_released" ||
		slices.ContainsFunc(m.History, func(e contract.HistoryEntry) bool { return e.Move == "release_contact" })
}
