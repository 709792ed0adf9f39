package public

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// kept is what the services keep of a person besides what they asked for or
// offered, its matches and asks.
type kept struct {
	BesideRequest *contract.OwnRequest  `json:"beside_request,omitempty"`
	BesideOffer   *contract.OwnOffer    `json:"beside_offer,omitempty"`
	Matching      contract.OwnMatches   `json:"matching"`
	Messages      []contract.OwnMessage `json:"messages"`
	Readings      []contract.OwnReading `json:"readings"`
	Links         []link                `json:"links"`
}

// link is a private link that works. It is computed from a key when it is needed,
// and not told here: the file may be passed on.
type link struct {
	Opens  string `json:"opens"` // "track", or "answer" of a match or an ask
	Code   string `json:"code"`
	Number int    `json:"number"` // of its kind; earlier ones work no more
}

// keptOf asks every service. One that is away fails the whole: half of it would
// look like all.
func (p pages) keptOf(ctx context.Context, s subject) (k kept, err error) {
	if k.Matching, err = bus.Call(ctx, p.Bus, contract.MatcherOwn, contract.Empty{}); err != nil {
		return k, err
	}
	var q contract.AskOwn
	for _, c := range k.Matching.Complaints {
		q.Complaints = append(q.Complaints, c.ID)
	}
	if s.request != nil {
		k.BesideRequest, err = asked(ctx, p.Bus, contract.RequestOwn, q)
	} else {
		k.BesideOffer, err = asked(ctx, p.Bus, contract.OfferOwn, q)
	}
	if err != nil {
		return k, err
	}
	messages, err := bus.Call(ctx, p.Bus, contract.NotifyOwn, contract.Empty{})
	if k.Messages = messages.Items; err != nil {
		return k, err
	}
	readings, err := bus.Call(ctx, p.Bus, contract.DirectoryOwn, q)
	k.Readings = readings.Items
	return k, err
}

func asked[R any](ctx context.Context, b *bus.Bus, e contract.Endpoint[contract.AskOwn, R], q contract.AskOwn) (*R, error) {
	own, err := bus.Call(ctx, b, e, q)
	return &own, err
}

func linksOf(s subject, matches []contract.Match, asks []contract.Ask) []link {
	if s.request != nil { // links to answer are the helper's
		return []link{{"track", s.request.Code, s.generation()}}
	}
	links := []link{{"track", s.offer.Code, s.generation()}}
	for _, m := range matches {
		links = append(links, link{"answer", m.Code, m.Generation})
	}
	for _, a := range asks {
		links = append(links, link{"answer", a.Code, a.Generation})
	}
	return links
}

func everyMatch(ctx context.Context, b *bus.Bus, q contract.ListMatches) ([]contract.Match, error) {
	return every(func(page contract.Page) (contract.Listing[contract.Match], error) {
		q.Page = page
		return bus.Call(ctx, b, contract.MatcherList, q)
	})
}

func everyAsk(ctx context.Context, b *bus.Bus, id contract.OfferID) ([]contract.Ask, error) {
	return every(func(page contract.Page) (contract.Listing[contract.Ask], error) {
		return bus.Call(ctx, b, contract.MatcherAsks, contract.ListAsks{OfferID: id, Page: page})
	})
}

// every follows a list to its end.
func every[T any](list func(contract.Page) (contract.Listing[T], error)) ([]T, error) {
	page, all := contract.Page{Limit: maxMatches}, []T{}
	for {
		part, err := list(page)
		if err != nil {
			return nil, err
		}
		all = append(all, part.Items...)
		if page.Cursor = part.NextCursor; page.Cursor == "" {
			return all, nil
		}
	}
}

const ownFilePath = "/track/files/"

// showOwnFile sends a file beside the request of the device's token. Its address
// names the file by a random id alone.
func (p pages) showOwnFile(w http.ResponseWriter, r *http.Request) error {
	s, err := p.tracked(r)
	if err == nil && s.request == nil {
		err = fault.NewNotFound("attachment")
	}
	if err != nil {
		return err
	}
	file, err := bus.Call(s.as(r.Context()), p.Bus, contract.RequestAttachment, contract.AttachmentByID{
		ID: contract.AttachmentID(chi.URLParam(r, "id")), RequestID: s.request.ID,
	})
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", file.MediaType)
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	header.Set("Content-Length", strconv.Itoa(len(file.Content)))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(file.Content) // the reader has gone away; nobody is left to tell
	return nil
}

func heldFiles(page *templates.Page, h held) (files []templates.HeldFile) {
	if h.BesideRequest == nil {
		return nil
	}
	const kilo = 1024
	for _, a := range h.BesideRequest.Attachments {
		files = append(files, templates.HeldFile{
			Name: a.Name, Href: ownFilePath + string(a.ID),
			Text: page.T("held.file."+path.Base(a.MediaType)) + " · " +
				page.T("desk.file.size", "kb", page.Number(int64((a.Bytes+kilo-1)/kilo))) + " · " + page.DateTime(a.At),
		})
	}
	return files
}

// heldParts are all else that is held, each kind that there is.
func (p pages) heldParts(page *templates.Page, h held) []templates.HeldPart {
	parts := []templates.HeldPart{
		{Title: page.T("held.appointments"), Facts: appointmentFacts(page, h.Matching.Appointments)},
		{Title: page.T("held.steps"), Facts: stepFacts(page, h)},
		{Title: page.T("held.weeks"), Facts: weekFacts(page, h.Matching.Weeks)},
		p.reportPart(page, h),
		{Title: page.T("held.messages"), Facts: sentFacts(page, h.Messages), Hint: page.T("held.messages_hint")},
		{Title: page.T("held.readings"), Facts: readingFacts(page, h.Readings), Hint: page.T("held.readings_hint")},
		p.besidePart(page, h),
		{Title: page.T("held.links"), Facts: linkFacts(page, h.Links), Hint: page.T("held.links_hint")},
	}
	shown := parts[:0]
	for _, part := range parts {
		if len(part.Facts) > 0 {
			shown = append(shown, part)
		}
	}
	return shown
}

func appointmentFacts(page *templates.Page, appointments []contract.Appointment) (facts []templates.Fact) {
	for _, a := range appointments {
		text := page.DateTime(a.Start) + " – " + page.DateTime(a.End)
		if a.Place != "" {
			text += " · " + a.Place
		}
		if a.Cancelled {
			text += " · " + page.T("appointment.cancelled")
		}
		facts = append(facts, templates.Fact{Name: a.Code, Value: text})
	}
	return facts
}

// stepFacts tells what happened to each match and ask.
func stepFacts(page *templates.Page, h held) (facts []templates.Fact) {
	type named struct {
		code  string
		thing contract.Thing
	}
	names := map[string]named{}
	for _, m := range h.Matches {
		names[string(m.ID)] = named{m.Code, contract.ThingMatch}
	}
	for _, a := range h.Asks {
		names[string(a.ID)] = named{a.Code, contract.ThingAsk}
	}
	for _, step := range h.Matching.Steps {
		if of, ok := names[step.ID]; ok && step.From != step.To {
			facts = append(facts, templates.Fact{
				Name: of.code + " · " + page.DateTime(step.At), Value: page.State(of.thing, step.To) + " · " + teller(page, step.Role),
			})
		}
	}
	return facts
}

func weekFacts(page *templates.Page, weeks []contract.OwnWeek) (facts []templates.Fact) {
	for _, week := range weeks {
		facts = append(facts, templates.Fact{Name: week.Week, Value: page.Number(week.Asked)})
	}
	return facts
}

// reportPart shows what the person reported of others, and the little that may be
// told of what others reported of them.
func (p pages) reportPart(page *templates.Page, h held) templates.HeldPart {
	words := map[contract.ComplaintID]string{}
	for _, w := range h.words() {
		words[w.ID] = w.Text
	}
	part := templates.HeldPart{Title: page.T("held.reports"), Hint: page.T("held.about_hidden")}
	if about := h.Matching.About; about.Told {
		part.Hint = page.T("held.about", "open", about.Open, "closed", about.Closed)
	}
	for _, c := range h.Matching.Complaints {
		text := page.T("complaint.kind."+string(c.Kind)) + " · " + page.T("complaint.state."+c.State)
		if words[c.ID] != "" {
			text += " · " + words[c.ID]
		}
		part.Facts = append(part.Facts, templates.Fact{Name: c.MatchCode + " · " + page.DateTime(c.CreatedAt), Value: text})
	}
	if len(part.Facts) == 0 {
		part.Facts = []templates.Fact{{Name: page.T("held.reports_made"), Value: page.Number(0)}}
	}
	return part
}

// words are those of the complaints that the person made.
func (k kept) words() []contract.OwnWords {
	if k.BesideRequest != nil {
		return k.BesideRequest.Complaints
	}
	return k.BesideOffer.Complaints
}

func sentFacts(page *templates.Page, messages []contract.OwnMessage) (facts []templates.Fact) {
	for _, m := range messages {
		text := page.T("console.delivery_state." + m.State)
		if m.State == "dead" {
			text = page.T("messages.dead")
		}
		if m.Channel != "" {
			text = page.T("messages.way."+string(m.Channel)) + " · " + text
		}
		for _, try := range m.Tries {
			text += " · " + page.DateTime(try.At)
		}
		facts = append(facts, templates.Fact{Name: page.T("messages.kind."+m.Kind) + " · " + page.DateTime(m.MadeAt), Value: text})
	}
	return facts
}

func readingFacts(page *templates.Page, readings []contract.OwnReading) (facts []templates.Fact) {
	for _, r := range readings {
		what := page.T("held.read.contact")
		if act, _ := contract.ActOf(r.Action); act == contract.ActReadRequestComplaint || act == contract.ActReadOfferComplaint {
			what = page.T("held.read.complaint")
		}
		facts = append(facts, templates.Fact{Name: page.DateTime(r.At), Value: what + " · " + teller(page, r.Role)})
	}
	return facts
}

// besidePart is what staff keep beside the request or the offer.
func (p pages) besidePart(page *templates.Page, h held) templates.HeldPart {
	notes, published := 0, (*contract.Published)(nil)
	var facts []templates.Fact
	if own := h.BesideRequest; own != nil {
		notes, published = own.Notes, own.Published
		if own.FollowUpAt != nil {
			facts = append(facts, templates.Fact{Name: page.T("held.follow_up"), Value: page.DateTime(*own.FollowUpAt)})
		}
	}
	if own := h.BesideOffer; own != nil {
		notes, published = own.Notes, own.Published
		for _, s := range own.Sessions {
			facts = append(facts, templates.Fact{Name: page.T("held.session"), Value: fmt.Sprintf("%s · %s", s.HeldOn, page.T("held.minutes", "minutes", s.Minutes))})
		}
		for _, told := range own.Reminders {
			facts = append(facts, templates.Fact{Name: page.T("held.reminder"), Value: page.T("messages.kind."+told.Kind) + " · " + page.DateTime(told.At)})
		}
	}
	if published != nil {
		facts = append(facts, templates.Fact{Name: page.T("held.published"), Value: page.DateTime(published.At) + " · " + published.Title + " " + published.Summary})
	}
	part := templates.HeldPart{Title: page.T("held.beside"), Facts: facts}
	if notes > 0 {
		part.Facts = append(part.Facts, templates.Fact{Name: page.T("held.notes"), Value: page.Number(int64(notes))})
		part.Hint = page.T("held.notes_hint")
	}
	return part
}

func linkFacts(page *templates.Page, links []link) (facts []templates.Fact) {
	for _, l := range links {
		facts = append(facts, templates.Fact{Name: page.T("held.link." + l.Opens), Value: l.Code + " · " + page.T("held.link_number", "number", l.Number+1)})
	}
	return facts
}
