package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

const (
	dashboardPath = "/console/dashboard"
	wallPath      = "/console/wall"
	// figureTime bounds the counting; what is not counted by then is left out.
	figureTime  = 10 * time.Second
	figureDays  = 14
	wallDays    = "7"
	figureCells = 0
)

// mountInsight adds the pages that count.
func (c console) mountInsight(r chi.Router) {
	for path, show := range map[string]func(http.ResponseWriter, *http.Request) error{
		dashboardPath: c.dashboard, wallPath: c.wall, mapPath: c.regionMap,
	} {
		r.Get(path, c.Pages.Handle(permitted(http.MethodGet, path, show)))
	}
}

func (c console) dashboard(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("figure.title"))
	v, err := c.counted(r.Context(), &d, figureCells)
	return c.list(w, r, d, err, templates.ConsoleDashboard(d, v))
}

// wall is the dashboard of today for a screen in the room.
func (c console) wall(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("wall.title"))
	if d.Query.Get("days") == "" {
		d.Query.Set("days", wallDays)
	}
	v, err := c.counted(r.Context(), &d, figureCells)
	if part(r) != "" {
		return c.renderPart(w, r, d, err, templates.WallFigures(d, v))
	}
	d.Frame.Live = livePath
	return c.list(w, r, d, err, templates.ConsoleWall(d, v))
}

// counted asks the services for the figures of the scope in the address. A service
// that does not answer leaves its part out, and the page says so.
func (c console) counted(ctx context.Context, d *templates.Desk, cell float64) (templates.Dashboard, error) {
	v := templates.Dashboard{
		Organisation: strings.TrimSpace(d.Query.Get("organisation")), Region: d.Query.Get("region"),
		Campaign: strings.TrimSpace(d.Query.Get("campaign")), Country: country, Category: d.Query.Get("category"),
	}
	v.Regions, v.Categories = c.regionChoices(*d), c.categoryChoices(*d)
	v.Days = daysOf(d.Query)
	v.Until = c.Clock().Truncate(figuresKept)
	v.From = midnight(v.Until.In(d.Zone()), 1-v.Days)
	q := contract.AskFigures{
		From: v.From, Until: v.Until.Add(figuresKept), TimeZone: d.Zone().String(), RegionCode: v.Region, Category: v.Category, Campaign: v.Campaign, CellDegrees: cell,
	}
	var err error
	if q.Path, err = c.pathOf(ctx, v.Organisation); err != nil {
		return v, err
	}
	return v, c.count(ctx, d, q, &v)
}

func daysOf(query url.Values) int {
	days, err := strconv.Atoi(query.Get("days"))
	if err != nil || !slices.Contains(templates.DashboardDays(), days) {
		return figureDays
	}
	return days
}

// midnight is the begin of a day in its zone, some days on.
func midnight(at time.Time, days int) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day()+days, 0, 0, 0, 0, at.Location())
}

// pathOf returns the path of an organisation that the reader sees, none for no code.
func (c console) pathOf(ctx context.Context, code string) (string, error) {
	if code == "" {
		return "", nil
	}
	o, err := bus.Call(ctx, c.Bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: code, Seen: true})
	if fault.Is(err, fault.NotFound) {
		err = fault.NewInvalid(fault.Field{Location: "organisation", Code: check.Unknown}).Because(err)
	}
	return o.Path, err
}

// count puts figures into the view, those of a moment ago where they are kept.
func (c console) count(ctx context.Context, d *templates.Desk, q contract.AskFigures, v *templates.Dashboard) error {
	key := figureKey{contract.ActorFrom(ctx).Sight(), q}
	f := c.figures.get(key, c.Clock(), func() figures { return c.countAll(ctx, q) })
	if f.errs[0] == nil {
		v.Requests = &f.requests
	}
	if f.errs[1] == nil {
		v.Offers = &f.offers
	}
	if f.errs[2] == nil {
		v.Matches = &f.matches
	}
	for _, err := range f.errs {
		switch {
		case fault.Is(err, fault.Unavailable):
			d.Notice = &templates.Notice{Tone: templates.ToneWarning, Text: d.T("figure.partly")}
		case err != nil:
			return err
		}
	}
	return nil
}
