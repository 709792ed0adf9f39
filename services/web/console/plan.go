package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

const (
	planPath = "/console/plan"
	// planTime bounds the making of a plan and the confirming of its pairs.
	planTime = 25 * time.Second
	// shownPairs keeps the page readable; all pairs can be confirmed together.
	shownPairs = 50
)

func (c console) plan(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("console.plan.title"))
	v := templates.PlanView{Scope: planScope(d.Query)}
	v.Categories, v.Regions = c.categoryChoices(d), c.regionChoices(d)
	ctx, cancel := context.WithTimeout(r.Context(), planTime)
	defer cancel()
	p, err := bus.Call(ctx, c.Bus, contract.MatcherPlan, contract.AskPlan{Scope: v.Scope, Limit: shownPairs})
	if err == nil {
		v.Plan, v.May = &p, access.May(contract.ActorFrom(ctx).Role, access.Propose)
		v.Rows = c.planRows(ctx, p.Pairs)
	}
	return c.list(w, r, d, err, templates.ConsolePlan(d, v))
}

func planScope(query url.Values) contract.PlanScope {
	return contract.PlanScope{
		Organisation: strings.TrimSpace(query.Get("organisation")), Region: query.Get("region"),
		Category: query.Get("category"), Campaign: strings.TrimSpace(query.Get("campaign")),
	}
}

// planRows adds who asks and who offers, as far as the reader may see them.
func (c console) planRows(ctx context.Context, pairs []contract.PlannedPair) []templates.PlanRow {
	requestIDs, offerIDs := make([]contract.RequestID, len(pairs)), make([]contract.OfferID, len(pairs))
	for i, p := range pairs {
		requestIDs[i], offerIDs[i] = p.RequestID, p.OfferID
	}
	requests := c.plannedRequests(ctx, requestIDs)
	offers := lookUp(ctx, offerIDs, func(ctx context.Context, id contract.OfferID) (contract.Offer, error) {
		return bus.Call(ctx, c.Bus, contract.OfferGet, contract.GetByID{ID: string(id)})
	})
	rows := make([]templates.PlanRow, len(pairs))
	for i, p := range pairs {
		rows[i] = templates.PlanRow{PlannedPair: p, Request: requests[p.RequestID], Offer: offers[p.OfferID]}
	}
	return rows
}

// confirmPlan proposes the pairs that were chosen, and shows what became of each.
func (c console) confirmPlan(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	q, err := confirmationFrom(r.PostForm)
	if err != nil {
		return c.refusePlan(w, r, err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), planTime)
	defer cancel()
	confirmed, err := bus.Call(ctx, c.Bus, contract.MatcherConfirmPlan, q)
	if err != nil {
		return c.refusePlan(w, r, err)
	}
	d := c.desk(r, &url.URL{Path: planPath}, c.Pages.Printer(r).T("console.plan.title"))
	c.Pages.Render(w, r, http.StatusOK, templates.ConsolePlanConfirmed(d, c.confirmedRows(ctx, confirmed.Items)))
	return nil
}

// confirmedRows shows those that failed first, and no more than a page holds.
func (c console) confirmedRows(ctx context.Context, items []contract.ConfirmedPair) templates.PlanConfirmed {
	var shown templates.PlanConfirmed
	for _, item := range items {
		if item.Problem == "" {
			shown.Confirmed++
		} else {
			shown.Failed++
		}
	}
	slices.SortStableFunc(items, func(a, b contract.ConfirmedPair) int { return strings.Compare(b.Problem, a.Problem) })
	items = items[:min(len(items), 2*shownPairs)]
	ids := make([]contract.RequestID, len(items))
	for i, item := range items {
		ids[i] = item.RequestID
	}
	requests := c.plannedRequests(ctx, ids)
	for _, item := range items {
		shown.Rows = append(shown.Rows, templates.ConfirmedRow{ConfirmedPair: item, Request: requests[item.RequestID]})
	}
	return shown
}

func (c console) plannedRequests(ctx context.Context, ids []contract.RequestID) map[contract.RequestID]*contract.Request {
	return lookUp(ctx, ids, func(ctx context.Context, id contract.RequestID) (contract.Request, error) {
		return bus.Call(ctx, c.Bus, contract.RequestGet, contract.GetByID{ID: string(id)})
	})
}

// refusePlan shows why nothing was confirmed; the plan is made anew from there.
func (c console) refusePlan(w http.ResponseWriter, r *http.Request, err error) error {
	d := c.desk(r, &url.URL{Path: planPath}, c.Pages.Printer(r).T("console.plan.title"))
	return c.list(w, r, d, err, nil)
}

// confirmationFrom reads the chosen pairs, each a need line and an offer line.
func confirmationFrom(form url.Values) (contract.ConfirmPlan, error) {
	q := contract.ConfirmPlan{PlanID: contract.PlanID(form.Get("plan_id"))}
	if form.Get("which") == "all" {
		return q, nil
	}
	for _, chosen := range form["pair"] {
		need, offer, _ := strings.Cut(chosen, "/")
		pair := contract.PairRef{NeedLineID: contract.NeedLineID(need), OfferLineID: contract.OfferLineID(offer)}
		if !contract.ValidID(pair.NeedLineID) || !contract.ValidID(pair.OfferLineID) {
			return q, fault.NewInvalid(fault.Field{Location: "pair", Code: check.Malformed})
		}
		q.Pairs = append(q.Pairs, pair)
	}
	if len(q.Pairs) == 0 {
		return q, fault.NewInvalid(fault.Field{Location: "pair", Code: check.Required})
	}
	return q, nil
}
