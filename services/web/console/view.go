package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

const (
	viewsPath = "/console/views"
	// maxViews is how many views one person may keep.
	maxViews     = 50
	maxViewName  = 60
	maxViewQuery = 2000
)

// keptInView are the parts of the queue's address that a view keeps.
var keptInView = []string{
	"tab", "text", "urgency", "category", "region", "organisation", "campaign", "claimed", "age", "state", "source", "language", "columns",
}

// viewQuery returns what a view keeps of an address; values that say nothing are
// left out.
func viewQuery(query url.Values) string {
	kept := url.Values{}
	for _, name := range keptInView {
		for _, value := range query[name] {
			if value != "" {
				kept.Add(name, value)
			}
		}
	}
	return kept.Encode()
}

func (c console) views() *store { return &store{db: c.DB} }

// firstView returns the address of the view that somebody opens first, for the
// bare address of the queue alone.
func (c console) firstView(r *http.Request) (string, bool) {
	if len(r.URL.RawQuery) > 0 {
		return "", false
	}
	query, err := c.views().selectFirst(r.Context())
	if err != nil {
		c.Log.WarnContext(r.Context(), "look for the first view", "error", err)
		return "", false
	}
	return home + "?" + query, query != ""
}

// savedViews lists the reader's views and those that colleagues share. The queue
// is shown without them when they cannot be read.
func (c console) savedViews(ctx context.Context, d templates.Desk) []templates.SavedView {
	rows, err := c.views().listViews(ctx)
	if err != nil {
		c.Log.WarnContext(ctx, "list saved views", "error", err)
		return nil
	}
	me, shown := string(contract.ActorFrom(ctx).PersonID), viewQuery(d.Query)
	views := make([]templates.SavedView, 0, len(rows))
	for _, row := range rows {
		v := templates.SavedView{
			ID: row.ID, Name: row.Name, Href: home + "?" + row.Query, Shared: row.Shared, Own: row.PersonID == me, First: row.First,
			Current: row.Query == shown,
		}
		if !v.Own {
			v.By = row.PersonName
		}
		views = append(views, v)
	}
	return views
}

// saveView keeps the view of the address that the form names, under a name.
func (c console) saveView(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	actor := contract.ActorFrom(r.Context())
	query, err := url.ParseQuery(r.PostForm.Get("query"))
	if err != nil {
		return malformed(err)
	}
	row := viewRow{
		ID: r.PostForm.Get("view_id"), PersonID: string(actor.PersonID), PersonName: actor.Name, OrgPath: actor.Path,
		Shared: r.PostForm.Has("shared"), Name: strings.TrimSpace(r.PostForm.Get("name")), Query: viewQuery(query), CreatedAt: c.Clock(),
	}
	if row.Query == "" {
		row.Query = "tab=" + queueViews[0].name
	}
	if err = checkView(row); err == nil {
		err = c.views().insertView(r.Context(), row, r.PostForm.Has("first"))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, home+"?"+row.Query, http.StatusSeeOther)
	return nil
}

func checkView(v viewRow) error {
	switch {
	case !contract.ValidID(v.ID), !contract.ValidID(v.PersonID):
		return fault.NewInvalid(fault.Field{Location: "view_id", Code: check.Malformed})
	default:
		c := check.New(nil)
		c.Text("name", v.Name, 1, maxViewName)
		if utf8.RuneCountInString(v.Query) > maxViewQuery {
			c.Add("query", check.TooLong)
		}
		return c.Err()
	}
}

// removeView deletes a view of the reader's own; that of another is not there.
func (c console) removeView(w http.ResponseWriter, r *http.Request) error {
	return c.changeView(w, r, func(ctx context.Context, id string) error {
		if id == "" {
			return fault.NewInvalid(fault.Field{Location: "view_id", Code: check.Required})
		}
		return c.views().deleteView(ctx, id)
	})
}

// openFirst makes a view the one that the reader opens first, or none.
func (c console) openFirst(w http.ResponseWriter, r *http.Request) error {
	return c.changeView(w, r, func(ctx context.Context, id string) error {
		return c.views().setFirst(ctx, string(contract.ActorFrom(ctx).PersonID), id)
	})
}

func (c console) changeView(w http.ResponseWriter, r *http.Request, change func(ctx context.Context, id string) error) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	id := r.PostForm.Get("view_id")
	if id != "" && !contract.ValidID(id) {
		return fault.NewInvalid(fault.Field{Location: "view_id", Code: check.Malformed})
	}
	if err := change(r.Context(), id); err != nil {
		return err
	}
	query, err := url.ParseQuery(r.PostForm.Get("query"))
	if err != nil {
		query = url.Values{}
	}
	address := url.URL{Path: home, RawQuery: "tab=" + queueViews[0].name}
	if kept := viewQuery(query); kept != "" {
		address.RawQuery = kept
	}
	http.Redirect(w, r, address.String(), http.StatusSeeOther)
	return nil
}
