package api

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/services/web/inbound"
)

const tagForms = "forms"

func (a *api) addForms() {
	route := func(method, path, id, summary string) operation {
		return operation{method: method, path: "/forms" + path, id: id, tag: tagForms, summary: summary}
	}
	create := route(http.MethodPost, "", "create_form", "Connect a form of another program")
	create.status = http.StatusCreated
	create.description = "Answers with the address to post to and the secret, which is shown here and after rotation, never again."
	add(a, create, a.createForm)
	add(a, route(http.MethodGet, "", "list_forms", "List the forms of your organisation and those below"), a.listForms)
	add(a, route(http.MethodGet, "/{id}", "get_form", "Read a form, with the keys that its posts had"), a.getForm)
	set := route(http.MethodPut, "/{id}", "set_form", "Change a form's settings")
	set.description = "At the version that was read; another one is a conflict."
	add(a, set, a.setForm)
	rotate := route(http.MethodPost, "/{id}/rotate", "rotate_form", "Replace a form's secret")
	rotate.description = "The one before is taken for 24 hours."
	add(a, rotate, a.rotateForm)
	add(a, route(http.MethodPost, "/{id}/enable", "enable_form", "Let a form take posts"), a.enableForm(true))
	add(a, route(http.MethodPost, "/{id}/disable", "disable_form", "Take no posts of a form"), a.enableForm(false))
	posts := route(http.MethodGet, "/{id}/posts", "list_posts", "List what became of a form's posts, newest first")
	posts.description = "The latest hundred, without what they hold: those to look at are read in the console, where each reading is recorded."
	add(a, posts, a.listPosts)
}

// FormInput are the settings of a form.
type FormInput struct {
	Name         string           `json:"name" maxLength:"100"`
	Mapping      importer.Mapping `json:"mapping,omitempty" doc:"columns: field to the path of a key in a post, nested ones joined by dots; values: what stands for a field that a post does not have"`
	Proof        string           `json:"proof,omitempty" enum:"secret,signature" doc:"secret: in the header, as the password of Basic, or as ?secret=; signature: HMAC-SHA256 of the body in the header, hex or base64"`
	Header       string           `json:"header,omitempty" maxLength:"100" doc:"X-Heli-Secret or X-Heli-Signature when left out"`
	SubmissionID string           `json:"submission_id,omitempty" maxLength:"300" doc:"Path of what names a submission: the same one is taken once. Left out, the same body is"`
	PerMinute    int              `json:"per_minute,omitempty" minimum:"1" maximum:"6000" doc:"Posts a minute at most; 120 when left out"`
	Consent      string           `json:"consent,omitempty" maxLength:"2000" doc:"What the form tells people about their data, word for word"`
}

func (in FormInput) settings() inbound.Settings {
	return inbound.Settings{
		Name: in.Name, Mapping: in.Mapping, Proof: inbound.Proof(in.Proof), Header: in.Header, SubmissionID: in.SubmissionID,
		PerMinute: in.PerMinute, Consent: in.Consent,
	}
}

// NewFormInput makes a form.
type NewFormInput struct {
	Kind string `json:"kind" enum:"needs,offers"`
	FormInput
}

// ChangedFormInput changes one.
type ChangedFormInput struct {
	Version int64 `json:"version" doc:"The version that was read"`
	FormInput
}

// Form is a form as the API shows it.
type Form struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Kind         string `json:"kind"`
	inbound.Settings
	Version   int64      `json:"version"`
	Address   string     `json:"address" doc:"Where it posts to"`
	Enabled   bool       `json:"enabled"`
	Keys      []string   `json:"keys" doc:"That its posts had so far, to be mapped"`
	ToLookAt  int        `json:"to_look_at" doc:"Posts that did not fit and wait in the console"`
	LastAt    *time.Time `json:"last_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	Secret    string     `json:"secret,omitempty" doc:"Just made"`
}

func (a *api) form(f inbound.Form, secret string) *answer[Form] {
	keys := f.Keys
	if keys == nil {
		keys = []string{}
	}
	return &answer[Form]{Form{
		ID: f.ID, Organisation: f.Organisation, Kind: string(f.Kind), Settings: f.Settings, Version: f.Version, Address: a.PublicURL + "/inbound/" + f.ID,
		Enabled: !f.Disabled, Keys: keys, ToLookAt: f.Waiting, LastAt: f.LastAt, CreatedAt: f.CreatedAt, Secret: secret,
	}}
}

func (a *api) createForm(ctx context.Context, in *struct{ Body NewFormInput }) (*answer[Form], error) {
	form, secret, err := a.Forms.Create(ctx, importer.Kind(in.Body.Kind), in.Body.settings())
	return a.form(form, secret), err
}

func (a *api) listForms(ctx context.Context, _ *struct{}) (*answer[List[Form]], error) {
	all, err := a.Forms.List(ctx)
	list := List[Form]{Items: make([]Form, len(all))}
	for i, form := range all {
		list.Items[i] = a.form(form, "").Body
	}
	return &answer[List[Form]]{list}, err
}

func (a *api) getForm(ctx context.Context, in *IDInput) (*answer[Form], error) {
	form, err := a.Forms.Get(ctx, in.ID)
	return a.form(form, ""), err
}

type changedFormInput struct {
	IDInput
	Body ChangedFormInput
}

func (a *api) setForm(ctx context.Context, in *changedFormInput) (*answer[Form], error) {
	if err := a.Forms.Set(ctx, in.ID, in.Body.Version, in.Body.settings()); err != nil {
		return nil, err
	}
	return a.getForm(ctx, &in.IDInput)
}

func (a *api) rotateForm(ctx context.Context, in *IDInput) (*answer[Form], error) {
	secret, err := a.Forms.Rotate(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	form, err := a.Forms.Get(ctx, in.ID)
	return a.form(form, secret), err
}

func (a *api) enableForm(enabled bool) func(context.Context, *IDInput) (*answer[Form], error) {
	return func(ctx context.Context, in *IDInput) (*answer[Form], error) {
		if err := a.Forms.Enable(ctx, in.ID, enabled); err != nil {
			return nil, err
		}
		return a.getForm(ctx, in)
	}
}

// FormPost is what became of a post.
type FormPost struct {
	ID         string        `json:"id"`
	State      string        `json:"state" enum:"received,taken,look,dropped"`
	ThingID    string        `json:"thing_id,omitempty" doc:"The request or offer that it became"`
	Code       string        `json:"code,omitempty"`
	Reasons    []fault.Field `json:"reasons,omitempty" doc:"Why somebody has to look at it, without what it holds"`
	ReceivedAt time.Time     `json:"received_at"`
}

type postFilter struct {
	IDInput
	State string `query:"state" enum:"received,taken,look,dropped"`
}

func (a *api) listPosts(ctx context.Context, in *postFilter) (*answer[List[FormPost]], error) {
	all, err := a.Forms.Posts(ctx, in.ID, inbound.PostState(in.State))
	list := List[FormPost]{Items: make([]FormPost, len(all))}
	for i, p := range all {
		list.Items[i] = FormPost{ID: p.ID, State: string(p.State), ThingID: p.ThingID, Code: p.Code, Reasons: p.Faults, ReceivedAt: p.ReceivedAt}
	}
	return &answer[List[FormPost]]{list}, err
}
