package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const lettersPath = "/console/letters"

func (c console) letters(w http.ResponseWriter, r *http.Request) error {
	return c.lettersPage(w, r, templates.LettersView{}, nil)
}

// lettersPage lists the dead letters of every service; one that does not answer
// hides no other.
func (c console) lettersPage(w http.ResponseWriter, r *http.Request, v templates.LettersView, f *refusal) error {
	d := c.desk(r, &url.URL{Path: lettersPath}, c.Pages.Printer(r).T("admin.letters.title"))
	for _, service := range contract.LetterKeepers() {
		letters, err := bus.Call(r.Context(), c.Bus, contract.DeadLettersOf(service).List, contract.ListDeadLetters{})
		s := templates.ServiceLetters{Service: service, Letters: letters}
		if err != nil {
			text, stands := c.problem(r, err)
			if !stands {
				return err
			}
			s.Problem = text
		}
		v.Services = append(v.Services, s)
	}
	status := http.StatusOK
	if f != nil {
		status, v.Kept = page.StatusOf(f.err), f.kept(d.Page)
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(f.err), Fields: templates.ErrorsOf(d.Page, f.err)}
	}
	c.Pages.Render(w, r, status, templates.ConsoleLetters(d, v))
	return nil
}

func (c console) refuseLetters(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.lettersPage(w, r, templates.LettersView{}, f)
}

// replayLetters has the chosen letters handled again, and shows what became of
// each.
func (c console) replayLetters(w http.ResponseWriter, r *http.Request) error {
	calls, ids, err := chosenLetters(r)
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refuseLetters)
	}
	replayed, err := bus.Call(r.Context(), c.Bus, calls.Replay, contract.ReplayDeadLetters{IDs: ids})
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refuseLetters)
	}
	return c.lettersPage(w, r, templates.LettersView{Replayed: replayed.Items}, nil)
}

func (c console) dropLetters(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, lettersPath, c.refuseLetters, func(ctx context.Context, form url.Values) (string, error) {
		calls, ids, err := chosenLetters(r)
		if err == nil {
			_, err = bus.Call(ctx, c.Bus, calls.Drop, contract.DropDeadLetters{IDs: ids, Reason: strings.TrimSpace(form.Get("reason"))})
		}
		return form.Get("service"), err
	})
}

// chosenLetters reads whose letters are meant, and which.
func chosenLetters(r *http.Request) (contract.DeadLetterCalls, []int64, error) {
	if err := r.ParseForm(); err != nil {
		return contract.DeadLetterCalls{}, nil, malformed(err)
	}
	service := r.PostForm.Get("service")
	if !slices.Contains(contract.LetterKeepers(), service) {
		service = contract.LetterKeepers()[0] // who may not is told so, whatever was chosen
	}
	calls := contract.DeadLettersOf(service)
	var ids []int64
	for _, text := range r.PostForm["id"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return calls, nil, fault.NewInvalid(fault.Field{Location: "id", Code: check.Malformed})
		}
		ids = append(ids, id)
	}
	return calls, ids, nil
}
