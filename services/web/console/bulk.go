package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

const bulkPath = "/console/bulk"

const (
	// maxPicked is how many requests one act may be about.
	maxPicked = 100
	// bulkAtOnce is how many of them are under way at the same time.
	bulkAtOnce = 8
)

// bulkMoves are the moves of the life cycle that make sense for many at once.
var bulkMoves = []string{"claim", "unclaim", "triage", "open", "hold", "resume", "refer", "close", "reopen"}

// undoing says which move takes a move back, and from which stage the request
// must have come: elsewhere the life cycle leads on, not back.
var undoing = map[string]struct {
	move  string
	stage string // any when empty
}{
	"claim":   {move: "unclaim"},
	"hold":    {move: "resume", stage: "open"},
	"close":   {move: "reopen", stage: "open"},
	"unclaim": {move: "claim"},
}

// bulkForm is an act on many requests as its form says it.
type bulkForm struct {
	id     string // makes sending it twice one act
	move   string
	reason string
	to     string
	back   string // query of the queue that it came from
	picked []picked
}

// picked is a request in the form, with the version that was previewed; 0 before.
type picked struct {
	id      string
	version int64
}

func bulkFrom(form url.Values) (bulkForm, error) {
	f := bulkForm{
		id: form.Get("bulk_id"), move: form.Get("move"), reason: strings.TrimSpace(form.Get("reason")), to: strings.TrimSpace(form.Get("to")),
	}
	if back, err := url.ParseQuery(form.Get("query")); err == nil {
		f.back = viewQuery(back)
	}
	if !contract.ValidID(f.id) {
		f.id = contract.NewID[string]()
	}
	c := check.New(nil)
	check.OneOf(c, "move", f.move, bulkMoves)
	c.Size("pick", len(form["pick"]), 1, maxPicked)
	for i, text := range form["pick"] {
		id, version, _ := strings.Cut(text, "@")
		check.ID(c, check.At("pick", i, ""), id)
		n, err := strconv.ParseInt(version, 10, 64)
		if version != "" && err != nil {
			c.Add(check.At("pick", i, ""), check.Malformed)
		}
		f.picked = append(f.picked, picked{id, n})
	}
	return f, c.Err()
}

// asksMore reports whether the move asks for something that is not given yet.
func (f bulkForm) asksMore() bool {
	a := requestMoves[f.move]
	return a.reason && f.reason == "" || a.organisation && f.to == ""
}

func (f bulkForm) moveOf(actor contract.Actor, p picked) contract.Move {
	m := contract.Move{ID: p.id, Move: f.move, Reason: f.reason, To: f.to}
	if p.version > 0 {
		m.Version = &p.version
	}
	if f.move != "claim" && f.move != "unclaim" {
		m.Key = strings.Join([]string{"console", actor.ID(), f.id, p.id}, ":")
	}
	return m
}

// bulk shows what would happen to the picked requests, and with step=do makes it
// happen and reports. Each is moved by itself: one that refuses holds up no other.
func (c console) bulk(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	f, err := bulkFrom(r.PostForm)
	if err != nil {
		return err
	}
	do := r.PostForm.Get("step") == "do" && !f.asksMore()
	v := templates.Bulk{
		ID: f.id, Move: f.move, Reason: f.reason, To: f.to, Back: home + "?" + f.back, Query: f.back, Asks: f.asksMore(), Done: do,
		Asked: movesOf([]string{f.move}, requestMoves, "")[0],
	}
	v.Rows = c.bulkRows(r.Context(), f, do)
	if do {
		v.Undo, v.Undoable = undoOf(f.move, v.Rows)
	}
	shown := &url.URL{Path: home, RawQuery: f.back}
	d := c.desk(r, shown, c.Pages.Printer(r).T("bulk.title"))
	c.Pages.Render(w, r, http.StatusOK, templates.ConsoleBulk(d, v))
	return nil
}

// bulkRows tries or makes the move on each request, in the order of the form.
func (c console) bulkRows(ctx context.Context, f bulkForm, do bool) []templates.BulkRow {
	rows := make([]templates.BulkRow, len(f.picked))
	var group errgroup.Group
	group.SetLimit(bulkAtOnce)
	var mu sync.Mutex
	for i, p := range f.picked {
		group.Go(func() error {
			row := c.bulkRow(ctx, f, p, do)
			mu.Lock()
			defer mu.Unlock()
			rows[i] = row
			return nil
		})
	}
	_ = group.Wait() // no task returns an error
	return rows
}

func (c console) bulkRow(ctx context.Context, f bulkForm, p picked, do bool) templates.BulkRow {
	request, err := bus.Call(ctx, c.Bus, contract.RequestGet, contract.GetByID{ID: p.id})
	row := templates.BulkRow{ID: p.id, Code: request.Code, Title: request.Title, From: request.State, Stage: request.Stage, Version: request.Version}
	if err != nil {
		row.Problem = err
		return row
	}
	if f.asksMore() {
		return row
	}
	var moved contract.Moved
	switch {
	case do:
		moved, err = site.MoveRequest(ctx, c.Bus, f.moveOf(contract.ActorFrom(ctx), p))
	default:
		moved, err = bus.Call(ctx, c.Bus, contract.RequestTry, f.moveOf(contract.ActorFrom(ctx), picked{p.id, request.Version}))
	}
	row.To, row.Problem = moved.State, err
	return row
}

// undoOf returns the move that takes a move back, and the requests of which it
// does.
func undoOf(move string, rows []templates.BulkRow) (string, []string) {
	undo, found := undoing[move]
	if !found {
		return "", nil
	}
	var ids []string
	for _, row := range rows {
		if row.Problem == nil && (undo.stage == "" || row.Stage == undo.stage) {
			ids = append(ids, row.ID)
		}
	}
	return undo.move, ids
}

// bulkMovesOf are those that a role may make.
func bulkMovesOf(role contract.Role) []string {
	if !access.May(role, access.MoveRequests) {
		return nil
	}
	return slices.Clone(bulkMoves)
}

// find leads from a code to its request, where the reader sees it.
func (c console) find(w http.ResponseWriter, r *http.Request) error {
	code, ok := contract.ParseCode(r.URL.Query().Get("code"))
	if !ok {
		return fault.NewInvalid(fault.Field{Location: "code", Code: check.Malformed})
	}
	listing, err := bus.Call(r.Context(), c.Bus, contract.RequestList, contract.ListRequests{Text: code, IncludeClosed: true})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(listing.Items, func(request contract.Request) bool { return request.Code == code })
	if i < 0 {
		return fault.NewNotFound("request")
	}
	http.Redirect(w, r, requestPath(listing.Items[i].ID), http.StatusSeeOther)
	return nil
}
