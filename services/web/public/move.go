package public

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// Reasons that a private page gives in the name of its holder: codes of the
// catalogue.
const (
	reasonNotReceived = "not_received"
	reasonPersonal    = "personal"
	maxInfo           = 1000
)

const correctPath = "/track/correct"

// act runs a change of a private page: then its page again, by redirect, or at
// once with what could not be done. Without a right token it opens the door.
func (p pages) act(w http.ResponseWriter, r *http.Request, do func(context.Context, subject, url.Values) error) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	s, err := p.tracked(r)
	if fault.Is(err, fault.NotFound) {
		http.Redirect(w, r, "/track", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	if s.spooled != nil {
		err = fault.NewUnavailable(nil)
	} else {
		err = do(s.as(r.Context()), s, values)
	}
	if err == nil {
		http.Redirect(w, r, "/track", http.StatusSeeOther)
		return nil
	}
	return p.showProblem(w, r, values, err)
}

// showProblem shows the page as things stand now, with what could not be done
// and, for corrections, with everything typed.
func (p pages) showProblem(w http.ResponseWriter, r *http.Request, typed url.Values, problem error) error {
	if fault.Is(problem, fault.Internal) {
		return problem
	}
	s, err := p.tracked(r)
	if err != nil {
		return err
	}
	return p.renderTrack(w, r, refusedStatus(problem), s, func(page *templates.Page, view *templates.Track) {
		if r.URL.Path == correctPath {
			view.Edit = &templates.Form{Values: typed, Errors: templates.ErrorsOf(page, problem)}
		}
		if view.Edit == nil || len(view.Edit.Errors) == 0 {
			view.Problem = problemText(page, problem)
		}
	})
}

// problemText says what is wrong: the first field's sentence, or the fault's.
func problemText(page *templates.Page, err error) string {
	if errs := templates.ErrorsOf(page, err); len(errs) > 0 {
		return errs[0].Text
	}
	return page.Fault(err)
}

// version reads the version that the reader saw; nil when the form had none.
func version(values url.Values) *int64 {
	n, err := strconv.ParseInt(values.Get("version"), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// moveTracked makes a move of the request or offer itself.
func (p pages) moveTracked(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, s subject, values url.Values) error {
		move := values.Get("move")
		if !slices.Contains([]string{moveWithdraw, movePause, moveResume, moveKeep}, move) {
			return fault.NewConflict("illegal_move", "this page does not make that move")
		}
		return p.move(ctx, s, contract.Move{Move: move, Version: version(values)})
	})
}

func (p pages) move(ctx context.Context, s subject, m contract.Move) error {
	m.ID = s.id
	endpoint := contract.RequestMove
	if s.offer != nil {
		endpoint = contract.OfferMove
	}
	_, err := bus.Call(ctx, p.Bus, endpoint, m)
	return err
}

// giveInfo adds what a coordinator asked for to the description and gives the
// request back to them.
func (p pages) giveInfo(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, s subject, values url.Values) error {
		info := strings.TrimSpace(strings.ReplaceAll(values.Get("info"), "\r\n", "\n"))
		if s.request == nil || info == "" || len([]rune(info)) > maxInfo {
			return fault.NewInvalid(fault.Field{Location: "info", Code: "required"})
		}
		seen := version(values)
		if slices.Contains(s.request.Moves, moveCorrect) {
			text := strings.TrimSpace(s.request.Description + "\n\n" + info)
			moved, err := bus.Call(ctx, p.Bus, contract.RequestCorrect, contract.CorrectRequest{
				ID: s.request.ID, Version: s.request.Version, Description: &text,
			})
			if err != nil {
				return err
			}
			seen = &moved.Version
		}
		return p.move(ctx, s, contract.Move{Move: moveAnswerInfo, Version: seen})
	})
}

// answerMatch takes the requester's word whether help came, or the answer of
// the one who offers.
func (p pages) answerMatch(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, s subject, values url.Values) error {
		m, err := bus.Call(ctx, p.Bus, contract.MatcherGet, contract.GetByID{ID: values.Get("match")})
		if err != nil {
			return err
		}
		move, err := matchMove(s, m, values)
		if err != nil {
			return err
		}
		move.ID, move.Version = string(m.ID), version(values)
		_, err = bus.Call(ctx, p.Bus, contract.MatcherMove, move)
		return err
	})
}

// matchMove turns a pressed button into a move. Where nobody came, that is
// said; where the helper says otherwise, it is a dispute.
func matchMove(s subject, m contract.Match, values url.Values) (contract.Move, error) {
	pressed := values.Get("came") + values.Get("answer")
	switch {
	case s.offer != nil && pressed == moveAccept:
		return contract.Move{Move: moveAccept}, nil
	case s.offer != nil && pressed == moveDecline:
		return contract.Move{Move: moveDecline, Reason: reasonPersonal}, nil
	case s.request != nil && pressed == "yes":
		return contract.Move{Move: moveConfirm}, nil
	case s.request != nil && pressed == "partly":
		n, err := strconv.ParseInt(digits(values.Get("quantity")), 10, 64)
		if err != nil || n < 1 || n > m.Quantity {
			return contract.Move{}, fault.NewInvalid(fault.Field{
				Location: "quantity", Code: "out_of_range", Args: map[string]any{"min": 1, "max": m.Quantity},
			})
		}
		return contract.Move{Move: moveConfirm, Quantity: &n}, nil
	case s.request != nil && pressed == "no" && slices.Contains(m.Moves, moveNoShow):
		return contract.Move{Move: moveNoShow, Reason: reasonNotReceived}, nil
	case s.request != nil && pressed == "no":
		return contract.Move{Move: moveDispute, Reason: reasonNotReceived}, nil
	default:
		return contract.Move{}, fault.NewConflict("illegal_move", "this page does not make that move")
	}
}

// correct changes title, text or contact while nothing is matched. Contact
// fields left empty stay as they are.
func (p pages) correct(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, s subject, values url.Values) error {
		return p.sendCorrection(ctx, s, &sheet{values: values})
	})
}

func (p pages) sendCorrection(ctx context.Context, s subject, form *sheet) error {
	contact, err := p.newContact(ctx, s, form.contact())
	if err != nil {
		return err
	}
	title, text := form.text("title"), form.paragraph("description")
	var seen int64
	if v := version(form.values); v != nil {
		seen = *v
	}
	if s.request != nil {
		_, err = bus.Call(ctx, p.Bus, contract.RequestCorrect, contract.CorrectRequest{
			ID: s.request.ID, Version: seen, Title: &title, Description: &text, Contact: contact,
		})
		return err
	}
	_, err = bus.Call(ctx, p.Bus, contract.OfferCorrect, contract.CorrectOffer{
		ID: s.offer.ID, Version: seen, Title: &title, Description: &text, Contact: contact,
	})
	return err
}

// newContact lays what was typed over the contact that is stored; nil when
// nothing was. Reading the stored one is recorded, as every reading is.
func (p pages) newContact(ctx context.Context, s subject, typed contract.Contact) (*contract.Contact, error) {
	if typed == (contract.Contact{}) {
		return nil, nil
	}
	endpoint := contract.RequestContact
	if s.offer != nil {
		endpoint = contract.OfferContact
	}
	stored, err := bus.Call(ctx, p.Bus, endpoint, contract.ContactReading{ID: s.id, Reason: "correction by its owner"})
	if err != nil {
		return nil, err
	}
	for _, field := range []struct {
		to   *string
		from string
	}{
		{&stored.Name, typed.Name}, {&stored.Phone, typed.Phone}, {&stored.Email, typed.Email},
		{&stored.Wechat, typed.Wechat}, {&stored.SafeHours, typed.SafeHours},
	} {
		if field.from != "" {
			*field.to = field.from
		}
	}
	return &stored, nil
}
