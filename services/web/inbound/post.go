package inbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/tabular"
)

const (
	wrongPerMin  = 60
	workInterval = 5 * time.Second
	// inHand is how long a post stays with the process that has received it.
	inHand   = time.Minute
	dueBatch = 32
)

// PostState is where a post stands.
type PostState string

// The states. A post is Received before anything is done with it, so that a crash
// loses none; Look says that it did not fit and somebody has to look.
const (
	Received PostState = "received"
	Taken    PostState = "taken"
	Look     PostState = "look"
	Dropped  PostState = "dropped"
)

// Post is what a form sends.
type Post struct {
	Header http.Header
	Query  url.Values
	Body   []byte
	From   string // address of who sends it: who guesses secrets keeps nobody else out
}

// Receipt is what becomes of a post. ID and Code are those of the request or offer
// that it became; both are empty when somebody has to look at it first.
type Receipt struct {
	State PostState
	ID    string
	Code  string
}

var (
	// errProof is the same for forms that are not there, disabled ones, and wrong
	// proofs.
	errProof   = fault.New(fault.Forbidden, "inbound_proof", "the address or the secret is not right")
	errTooMany = fault.New(fault.Unavailable, "too_many", "too many posts of this form; come again in a minute")
)

// content is what is sealed of a post.
type content struct {
	Type   string            `json:"type"`
	Body   []byte            `json:"body,omitempty"`   // of what could not be read
	Fields map[string]string `json:"fields,omitempty"` // by path
}

// Receive takes a post of a form. It is stored before anything is done with it; a
// repeat gives the first one's receipt. Forbidden says that the form or the proof is
// not right, Unavailable that it shall be sent again.
func (f *Forms) Receive(ctx context.Context, id string, p Post) (Receipt, error) {
	row, err := f.admit(ctx, id, p)
	if err != nil {
		return Receipt{}, err
	}
	d, err := documentOf(row)
	if err != nil {
		return Receipt{}, err
	}
	c := content{Type: p.Header.Get("Content-Type")}
	if c.Fields, err = fieldsOf(c.Type, p.Body); err != nil {
		c.Fields, c.Body = nil, p.Body
	}
	post := postRow{
		ID: contract.NewID[string](), FormID: row.ID, Name: f.nameOf(d, c, p.Body), State: Received, ReceivedAt: f.now(), DueAt: f.now().Add(inHand),
	}
	if post.Content, err = f.seal(post, "content", c); err != nil {
		return Receipt{}, err
	}
	fresh, err := f.worker.insertPost(ctx, post)
	if err != nil {
		return Receipt{}, err
	}
	if !fresh {
		first, err := f.worker.namedPost(ctx, row.ID, post.Name)
		return first.receipt(), err
	}
	ctx = context.WithoutCancel(ctx) // what is stored is gone on with, whoever hangs up
	f.noteKeys(ctx, row, d, c)
	return f.settle(ctx, row, post, c.Fields), nil
}

// admit finds the form of an address and looks at the proof and the quota.
func (f *Forms) admit(ctx context.Context, id string, p Post) (formRow, error) {
	if !contract.ValidID(id) {
		return formRow{}, errProof
	}
	if _, rate, err := f.wrong.Status(id + " " + p.From); err == nil && rate >= wrongPerMin {
		return formRow{}, errTooMany
	}
	row, err := f.worker.plainForm(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && row.DisabledAt != nil {
		return row, errProof
	}
	if err != nil {
		return row, err
	}
	d, err := documentOf(row)
	if err != nil {
		return row, err
	}
	known, err := f.openSecrets(row)
	if err != nil {
		return row, err
	}
	if !d.proves(p, known.at(f.now())) {
		f.wrong.OnLimit(nil, new(http.Request).WithContext(ctx), id+" "+p.From)
		return row, errProof
	}
	if _, rate, err := f.posts.Status(id); err == nil && int(rate) >= d.PerMinute {
		return row, errTooMany
	}
	f.posts.OnLimit(nil, new(http.Request).WithContext(ctx), id)
	return row, nil
}

// nameOf names a post by its submission's id, else by its body, so that a repeat is
// known. The name says neither.
func (f *Forms) nameOf(d document, c content, body []byte) string {
	if id := c.Fields[d.SubmissionID]; d.SubmissionID != "" && id != "" {
		return "id-" + f.keys.BlindIndex("inbound", id)
	}
	sum := sha256.Sum256(body)
	return "body-" + f.keys.BlindIndex("inbound", hex.EncodeToString(sum[:]))
}

// noteKeys remembers which keys the posts of a form have, to be offered for its
// mapping. It can do without: a failure is logged.
func (f *Forms) noteKeys(ctx context.Context, row formRow, d document, c content) {
	if len(remember(d.Keys, keysOf(c.Fields))) == len(d.Keys) {
		return
	}
	err := f.worker.changeForm(ctx, row.ID, func(row *formRow) error {
		d, err := documentOf(*row)
		if err != nil {
			return err
		}
		d.Keys = remember(d.Keys, keysOf(c.Fields))
		return row.keep(d)
	})
	if err != nil {
		f.log.WarnContext(ctx, "note the keys of a post", "form", row.ID, "error", err)
	}
}

func sealed(p postRow, what string) []byte { return []byte("inbound " + what + " " + p.ID) }

func (f *Forms) seal(p postRow, what string, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode post: %w", err)
	}
	return f.keys.Seal(plain, sealed(p, what)), nil
}

func (f *Forms) open(p postRow, what string, text []byte, into any) error {
	if text == nil {
		return nil
	}
	plain, err := f.keys.Open(text, sealed(p, what))
	if err != nil {
		return fmt.Errorf("open post: %w", err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("decode post: %w", err)
	}
	return nil
}

func (p postRow) receipt() Receipt {
	r := Receipt{State: p.State, Code: p.Code}
	if p.ThingID != nil {
		r.ID = *p.ThingID
	}
	return r
}

// settle makes of a stored post what its form's mapping says, or keeps it with the
// reasons for somebody to look at. Where that fails the post stays received, and the
// worker tries again.
func (f *Forms) settle(ctx context.Context, row formRow, p postRow, fields map[string]string) Receipt {
	settled, err := f.take(ctx, row, p, fields)
	if err == nil {
		err = f.worker.settlePost(ctx, settled)
	}
	if err != nil {
		f.log.WarnContext(ctx, "take a post in, trying again", "post", p.ID, "error", err)
		return p.receipt()
	}
	return settled.receipt()
}

// take submits what fields make, by the form's mapping. A repeat is known by the
// post's name.
func (f *Forms) take(ctx context.Context, row formRow, p postRow, fields map[string]string) (postRow, error) {
	d, err := documentOf(row)
	if err != nil {
		return p, err
	}
	table, err := tabular.One(fields)
	if err != nil {
		return f.keepForLook(p, importer.RowReport{Reason: err.Error(), Faults: []fault.Field{{Location: "file", Code: "post_unreadable"}}})
	}
	ref, err := f.ref.Get()
	if err != nil {
		return p, err
	}
	form, err := shown(row)
	if err != nil {
		return p, err
	}
	o := importer.Options{
		Organisation: path.Base(row.OrgPath), Source: "form-" + row.ID, Name: func(string) string { return p.Name }, Consent: consentOf(row, d),
		ID: func(string) string { return p.ID }, // a post is one thing; its id is as unique
	}
	var made passed
	ctx = contract.WithActor(ctx, form.actor(row.OrgPath))
	report, err := importer.New(ref, f.calls(&made), f.now, o).Take(ctx, row.Kind, table.View(d.Mapping.Columns, d.Mapping.Values))
	switch {
	case err != nil, made.away != nil:
		return p, errors.Join(err, made.away)
	case len(report.Rows) == 0:
		return f.keepForLook(p, importer.RowReport{Faults: []fault.Field{{Location: "file", Code: "post_unreadable"}}})
	case report.Rows[0].Outcome == importer.Refused:
		return f.keepForLook(p, report.Rows[0])
	}
	p.State, p.Content, p.Reasons, p.Code, p.ThingID = Taken, nil, nil, made.code, &made.id
	return p, nil
}

// passed is what became of the one thing that a post makes.
type passed struct {
	id, code string
	away     error // it could not even be kept: it stays for another try
}

func (p *passed) note(id, code string, err error) {
	p.id, p.code = id, code
	if kind := fault.KindOf(err); kind == fault.Unavailable || kind == fault.Internal {
		p.away = err
	}
}

func (f *Forms) calls(p *passed) importer.Calls {
	return importer.Calls{
		Request: func(ctx context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
			answer, _, err := f.intake.SubmitRequest(ctx, q)
			p.note(string(answer.ID), answer.Code, err)
			return answer, err
		},
		Offer: func(ctx context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
			answer, _, err := f.intake.SubmitOffer(ctx, q)
			p.note(string(answer.ID), answer.Code, err)
			return answer, err
		},
	}
}

// consentOf says which words people agreed to: those of the form at the version that
// brought them.
func consentOf(row formRow, d document) contract.Consent {
	if d.Consent == "" {
		return contract.Consent{}
	}
	version := row.Version
	for d.Consents[strconv.FormatInt(version, 10)] != d.Consent && version > 1 {
		version--
	}
	return contract.Consent{Version: "form-" + row.ID + "-" + strconv.FormatInt(version, 10), Purposes: []string{"matching", contract.PurposeContact}}
}

func (f *Forms) keepForLook(p postRow, why importer.RowReport) (postRow, error) {
	var err error
	p.State = Look
	p.Reasons, err = f.seal(p, "reasons", reasons{why.Reason, why.Faults})
	return p, err
}

// Run takes up posts that were received and then left by a crash, until ctx ends.
func (f *Forms) Run(ctx context.Context) error {
	ticker := time.NewTicker(workInterval)
	defer ticker.Stop()
	for {
		if err := f.takeUp(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "look for posts", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (f *Forms) takeUp(ctx context.Context) error {
	rows, err := f.worker.takeDue(ctx, f.now(), f.now().Add(inHand), dueBatch)
	if err != nil {
		return err
	}
	for _, p := range rows {
		row, err := f.worker.plainForm(ctx, p.FormID)
		if err != nil {
			return err
		}
		var c content
		if err := f.open(p, "content", p.Content, &c); err != nil {
			return err
		}
		f.settle(ctx, row, p, c.Fields)
	}
	return nil
}
