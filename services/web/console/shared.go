package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"heli/pkg/contract"
	"heli/services/web/templates"
)

// sharedPart shows a part of a list: one answer for all who have the same sight and
// ask for the same at the same moment, as open pages do when something changed.
func (c console) sharedPart(
	w http.ResponseWriter, r *http.Request, load func(context.Context, templates.Desk) (templ.Component, error),
) error {
	body, err := c.shared.Get(r.Context(), c.shareKey(r), func(ctx context.Context) ([]byte, error) {
		shown, err := load(ctx, c.desk(r.WithContext(ctx), r.URL, ""))
		if err != nil {
			return nil, err
		}
		var body bytes.Buffer
		if err := shown.Render(ctx, &body); err != nil {
			return nil, fmt.Errorf("render part: %w", err)
		}
		return body.Bytes(), nil
	})
	if err != nil {
		return c.renderPart(w, r, c.desk(r, r.URL, ""), err, nil)
	}
	c.Pages.Write(w, r, http.StatusOK, body)
	return nil
}

// shareKey names all that a part of a list depends on besides what is listed: who
// sees it, how it is read, and what the address asks for.
func (c console) shareKey(r *http.Request) string {
	actor, p, query := contract.ActorFrom(r.Context()), c.Pages.Printer(r), r.URL.Query()
	who := ""
	if query.Get("claimed") == claimedByMe {
		who = actor.ID()
	}
	return strings.Join([]string{
		actor.Path, string(actor.Role), actor.Scope, who, string(p.Lang()), p.Zone().String(), r.URL.Path, query.Encode(),
	}, "\n")
}
