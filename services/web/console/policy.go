package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const (
	policiesPath = "/console/policies"
	// tryTime is as long as the matcher works on one call, and a little more.
	tryTime     = 28 * time.Second
	usualDays   = 14
	longestDays = 90
)

func (c console) policies(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("admin.policies.title"))
	inForce, err := bus.Call(r.Context(), c.Bus, contract.MatcherPolicies, contract.Empty{})
	if err != nil {
		return c.list(w, r, d, err, nil)
	}
	versions, err := bus.Call(r.Context(), c.Bus, contract.MatcherPolicyVersions,
		contract.ListPolicyVersions{Page: contract.Page{Cursor: d.Query.Get("cursor")}})
	v := templates.PoliciesView{
		InForce: inForce.Items, Versions: versions.Items, Next: versions.NextCursor,
		May: access.May(contract.ActorFrom(r.Context()).Role, access.ManagePolicies),
	}
	return c.list(w, r, d, err, templates.ConsolePolicies(d, v))
}

// editPolicy shows a version as a form: to look at it, or to publish it anew.
func (c console) editPolicy(w http.ResponseWriter, r *http.Request) error {
	version, err := strconv.ParseInt(r.URL.Query().Get("version"), 10, 64)
	if err != nil || version <= 0 {
		return fault.NewNotFound("policy")
	}
	stored, err := c.storedPolicy(r.Context(), version)
	if err != nil {
		return err
	}
	d := c.policyDesk(r)
	document, err := decodePolicy(stored.Document)
	if err != nil {
		return err
	}
	f := newPolicyForm(d, document)
	f.Category, f.From, f.Key = stored.Category, stored.Version, contract.NewID[string]()
	if stored.Path != "" {
		f.Organisation = path.Base(stored.Path)
	}
	return c.policyPage(w, r, d, templates.PolicyView{Form: f, Days: usualDays}, nil)
}

func (c console) policyDesk(r *http.Request) templates.Desk {
	return c.desk(r, &url.URL{Path: policiesPath + "/edit", RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("admin.policy.title"))
}

func (c console) storedPolicy(ctx context.Context, version int64) (contract.Policy, error) {
	listing, err := bus.Call(ctx, c.Bus, contract.MatcherPolicyVersions, contract.ListPolicyVersions{Version: version})
	if err != nil {
		return contract.Policy{}, err
	}
	if len(listing.Items) != 1 || string(listing.Items[0].Document) == "null" {
		return contract.Policy{}, fault.NewNotFound("policy")
	}
	return listing.Items[0], nil
}

func (c console) policyPage(w http.ResponseWriter, r *http.Request, d templates.Desk, v templates.PolicyView, refused error) error {
	v.Categories = c.categoryChoices(d)
	v.May = access.May(contract.ActorFrom(r.Context()).Role, access.ManagePolicies)
	status := http.StatusOK
	if refused != nil {
		status = page.StatusOf(refused)
		v.Form.Errors = templates.ErrorsOf(d.Page, refused)
		markPolicy(&v.Form)
		d.Notice = formNotice(d, refused)
	}
	c.Pages.Render(w, r, status, templates.ConsolePolicy(d, v))
	return nil
}

// typedPolicy reads the form over the version that it began with.
func (c console) typedPolicy(r *http.Request, d templates.Desk) (v templates.PolicyView, document json.RawMessage, err error) {
	if err := r.ParseForm(); err != nil {
		return v, nil, malformed(err)
	}
	from, err := strconv.ParseInt(r.PostForm.Get("from"), 10, 64)
	if err != nil {
		return v, nil, malformed(err)
	}
	stored, err := c.storedPolicy(r.Context(), from)
	if err != nil {
		return v, nil, err
	}
	values, err := decodePolicy(stored.Document)
	if err != nil {
		return v, nil, err
	}
	v.Form, err = readPolicyForm(d, values, r.PostForm)
	v.Form.From = from
	v.Days = daysFrom(r.PostForm)
	if err != nil {
		return v, nil, err
	}
	document, err = json.Marshal(values)
	return v, document, err
}

func daysFrom(form url.Values) int {
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil || days < 1 {
		return usualDays
	}
	return min(days, longestDays)
}

// tryPolicy plays the past again under the policy as it is typed; nothing is
// stored.
func (c console) tryPolicy(w http.ResponseWriter, r *http.Request) error {
	d := c.policyDesk(r)
	v, document, err := c.typedPolicy(r, d)
	if err != nil {
		return c.refusedPolicy(w, r, d, v, err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), tryTime)
	defer cancel()
	until := c.Clock()
	since := until.AddDate(0, 0, -v.Days)
	played, err := bus.Call(ctx, c.Bus, contract.MatcherReplay, contract.ReplayPast{Since: &since, Until: &until, Policies: []contract.ReplayPolicy{
		{Organisation: v.Form.Organisation, Category: v.Form.Category, Document: document}, {InForce: true},
	}})
	if err != nil {
		return c.refusedPolicy(w, r, d, v, underPolicy(noOrganisation(err)))
	}
	v.Tried = &played
	return c.policyPage(w, r, d, v, nil)
}

// refusedPolicy shows the form again where the reader can mend it; a form without
// its version has nothing to show.
func (c console) refusedPolicy(w http.ResponseWriter, r *http.Request, d templates.Desk, v templates.PolicyView, err error) error {
	if v.Form.From == 0 {
		return err
	}
	return c.refuse(w, r, &refusal{err: err}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
		return c.policyPage(w, r, d, v, f.err)
	})
}

// publishPolicy puts the policy in force as a new version. Sent again, it is one.
func (c console) publishPolicy(w http.ResponseWriter, r *http.Request) error {
	d := c.policyDesk(r)
	v, document, err := c.typedPolicy(r, d)
	if err == nil {
		q := contract.SetPolicy{
			Organisation: v.Form.Organisation, Category: v.Form.Category, Document: document, Reason: v.Form.Reason,
		}
		q.BodyHash, err = idempotency.Hash(q)
		if err != nil {
			return err
		}
		q.Key = "console:" + v.Form.Key
		_, err = bus.Call(r.Context(), c.Bus, contract.MatcherSetPolicy, q)
	}
	if err != nil {
		return c.refusedPolicy(w, r, d, v, underPolicy(noOrganisation(err)))
	}
	return done(w, r, policiesPath)
}

// underPolicy names the wrong places of the document as the form has them.
func underPolicy(err error) error {
	f := fault.As(err)
	if f.Kind != fault.Invalid {
		return err
	}
	fields := make([]fault.Field, len(f.Fields))
	for i, field := range f.Fields {
		field.Location = strings.TrimPrefix(strings.TrimPrefix(field.Location, "policies[0]."), "document.")
		fields[i] = field
	}
	return fault.NewInvalid(fields...).Because(err)
}

// decodePolicy reads a document of the matcher, of which the console knows the
// shape alone: numbers under names.
func decodePolicy(document json.RawMessage) (map[string]any, error) {
	var values map[string]any
	if err := json.Unmarshal(document, &values); err != nil {
		return nil, errors.Join(errors.New("decode policy"), err)
	}
	return values, nil
}
