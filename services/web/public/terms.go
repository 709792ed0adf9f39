package public

import (
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

const termsPath = "/answer/terms"

// helped returns the offer behind the match or the ask that the answer token speaks
// for. Its helper is who holds the token, so web acts for the offer then.
func (p pages) helped(r *http.Request) (contract.Offer, error) {
	m, err := p.answering(r)
	id := m.OfferID
	if fault.Is(err, fault.NotFound) {
		var a contract.Ask
		a, err = p.beingAsked(r)
		id = a.OfferID
	}
	if err != nil {
		return contract.Offer{}, err
	}
	return bus.Call(site.As(r.Context(), contract.RoleOfferer, string(id)), p.Bus, contract.OfferGet, contract.GetByID{ID: string(id)})
}

// withHelped runs a page of the helper; without a right token it opens the door.
func (p pages) withHelped(serve func(http.ResponseWriter, *http.Request, contract.Offer) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		offer, err := p.helped(r)
		if fault.Is(err, fault.NotFound) {
			http.Redirect(w, r, "/answer", http.StatusSeeOther)
			return nil
		}
		if err != nil {
			return err
		}
		return serve(w, r, offer)
	}
}

// showTerms shows how much may be asked of the helper, and their proposals.
func (p pages) showTerms(w http.ResponseWriter, r *http.Request, offer contract.Offer) error {
	return p.renderTerms(w, r, http.StatusOK, offer, nil, nil)
}

func (p pages) renderTerms(w http.ResponseWriter, r *http.Request, status int, offer contract.Offer, typed url.Values, problem error) error {
	page := p.Pages.Of(r)
	view := templates.Terms{
		Version: offer.Version, State: offer.State, Plain: page.Plain(contract.ThingOffer, offer.State), Title: offer.Title,
		Moves: map[string]bool{}, Saved: r.URL.Query().Has("saved"),
		Budget: limitText(offer.WeeklyBudget), Hours: limitText(offer.WeeklyHours), Rest: restText(offer.RestDays), Heavy: restText(offer.HeavyHours),
		Asked: offer.AskedAt != nil, Digest: p.digestOf(r.Context(), offer.Consent, offer.Digest), DigestAll: helperKnown(offer),
	}
	view.Days, view.From, view.To, view.Kept = spanOf(offer.Windows)
	if !view.Kept {
		view.Windows = windowsText(page, offer.Windows)
	}
	for _, move := range offer.Moves {
		view.Moves[move] = true
	}
	if typed != nil {
		view.Days, view.From, view.To, view.Budget = typed["windows.days"], typed.Get("windows.from"), typed.Get("windows.to"), typed.Get("weekly_budget")
		view.Hours, view.Rest, view.Heavy = typed.Get("weekly_hours"), typed.Get("rest_days"), typed.Get("heavy_hours")
	}
	if problem != nil {
		view.Errors = templates.ErrorsOf(page, problem)
		if len(view.Errors) == 0 {
			view.Problem = page.Fault(problem)
		}
	}
	view.Proposals = p.proposals(r, page, offer)
	p.Pages.Render(w, r, status, templates.TermsPage(page, view))
	return nil
}

func limitText(limit *int64) string {
	if limit == nil {
		return ""
	}
	return strconv.FormatInt(*limit, 10)
}

func restText(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// spanOf lays windows out as the form has them: days with one span. False for such
// as it does not have: they stay unless others are typed.
func spanOf(windows []contract.Window) (days []string, from, to string, ok bool) {
	for n, w := range windows {
		if n > 0 && (w.From != from || w.To != to) {
			return nil, "", "", false
		}
		from, to = w.From, w.To
		days = append(days, strconv.Itoa(w.Weekday))
	}
	if from == "00:00" {
		from = ""
	}
	if to == "24:00" {
		to = ""
	}
	return days, from, to, true
}

// proposals lists what was proposed for the offer, with a way to what awaits an
// answer; none while that cannot be had.
func (p pages) proposals(r *http.Request, page *templates.Page, offer contract.Offer) []templates.Proposal {
	ctx := site.As(r.Context(), contract.RoleOfferer, string(offer.ID))
	listing, err := bus.Call(ctx, p.Bus, contract.MatcherList, contract.ListMatches{OfferID: offer.ID})
	if err != nil {
		p.Log.WarnContext(r.Context(), "list a helper's proposals", "error", err)
		return nil
	}
	var proposals []templates.Proposal
	for _, m := range listing.Items {
		one := templates.Proposal{
			Code: m.Code, State: m.State, What: lineName(page, p.snapshot(), m.Category, page.Amount(m.Quantity, m.Unit)), At: m.CreatedAt,
		}
		if m.State == "proposed" { // nobody's contact is shown before the answer
			one.Token = site.Token(p.Keys, site.Answer, string(m.ID), m.Generation)
		}
		proposals = append(proposals, one)
	}
	return proposals
}

// saveTerms sets when the helper may be asked, and how often.
func (p pages) saveTerms(w http.ResponseWriter, r *http.Request, offer contract.Offer) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	q, err := termsFrom(offer, values)
	if err == nil {
		ctx := site.As(r.Context(), contract.RoleOfferer, string(offer.ID))
		_, err = bus.Call(ctx, p.Bus, contract.OfferSetTerms, q)
	}
	if err == nil {
		http.Redirect(w, r, termsPath+"?saved=1", http.StatusSeeOther)
		return nil
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	return p.renderTerms(w, r, refusedStatus(err), offer, values, err)
}

// termsFrom reads the form. Hours that it cannot show stay while none are typed.
func termsFrom(offer contract.Offer, values url.Values) (contract.SetTerms, error) {
	q := contract.SetTerms{ID: offer.ID, Version: offer.Version}
	if seen := version(values); seen != nil {
		q.Version = *seen
	}
	s := &sheet{values: values}
	q.Terms.Windows = s.windows()
	if _, _, _, shown := spanOf(offer.Windows); !shown && len(q.Terms.Windows) == 0 {
		q.Terms.Windows = offer.Windows
	}
	var wrong []fault.Field
	number := func(name string) *int64 {
		typed := digits(strings.TrimSpace(values.Get(name)))
		if typed == "" {
			return nil
		}
		n, err := strconv.ParseInt(typed, 10, 64)
		if err != nil {
			wrong = append(wrong, fault.Field{Location: name, Code: "malformed"})
		}
		return &n
	}
	q.Terms.WeeklyBudget = number("weekly_budget")
	q.Terms.WeeklyHours = number("weekly_hours")
	if rest := number("rest_days"); rest != nil {
		q.Terms.RestDays = *rest
	}
	if heavy := number("heavy_hours"); heavy != nil {
		q.Terms.HeavyHours = *heavy
	}
	if len(wrong) > 0 {
		return q, fault.NewInvalid(wrong...)
	}
	return q, nil
}

// moveHelped pauses, resumes or ends the helper's offer.
func (p pages) moveHelped(w http.ResponseWriter, r *http.Request, offer contract.Offer) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	move := contract.Move{ID: string(offer.ID), Move: values.Get("move"), Version: version(values)}
	if !slices.Contains([]string{"pause", "resume", "withdraw", moveKeep}, move.Move) {
		err = fault.NewConflict("illegal_move", "this page does not make that move")
	} else {
		_, err = bus.Call(site.As(r.Context(), contract.RoleOfferer, string(offer.ID)), p.Bus, contract.OfferMove, move)
	}
	if err == nil {
		http.Redirect(w, r, termsPath+"?saved=1", http.StatusSeeOther)
		return nil
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	return p.renderTerms(w, r, refusedStatus(err), offer, nil, err)
}
