package public

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/fault"
	"heli/services/web/inbound"
	"heli/services/web/page"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// receive takes what a form of another program posts. A program is answered in JSON;
// somebody whose browser has posted the form is thanked on a page.
func (p pages) receive(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, inbound.MaxBytes))
	var receipt inbound.Receipt
	if err == nil {
		receipt, err = p.Forms.Receive(r.Context(), chi.URLParam(r, "id"), inbound.Post{
			Header: r.Header, Query: r.URL.Query(), Body: body, From: site.ClientAddress(r),
		})
	}
	switch {
	case byBrowser(r) && err != nil:
		p.Pages.Fail(w, r, err)
	case byBrowser(r):
		p.Pages.Render(w, r, http.StatusOK, templates.FormThanks(p.Pages.Of(r), receipt.Code))
	case err != nil:
		p.refuseInbound(w, r, err)
	default:
		answerInbound(w, inboundStatus(receipt), map[string]string{"state": string(receipt.State), "id": receipt.ID, "code": receipt.Code})
	}
}

// byBrowser reports whether a person sees the answer: programs do not ask for HTML.
func byBrowser(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// inboundStatus says whether a post became something, or is kept.
func inboundStatus(receipt inbound.Receipt) int {
	if receipt.State == inbound.Taken {
		return http.StatusCreated
	}
	return http.StatusAccepted
}

func (p pages) refuseInbound(w http.ResponseWriter, r *http.Request, err error) {
	f, status := fault.As(err), page.StatusOf(err)
	switch {
	case f.Code == "inbound_proof":
		status = http.StatusUnauthorized
	case f.Code == "too_many":
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", "60")
	case f.Kind == fault.Internal:
		if _, large := errors.AsType[*http.MaxBytesError](err); !large {
			p.Log.ErrorContext(r.Context(), "take a post of a form", "error", err)
		}
	}
	answer := map[string]string{"error": f.Code, "detail": f.Detail}
	if len(f.Fields) > 0 {
		answer["reason"] = f.Fields[0].Code
	}
	answerInbound(w, status, answer)
}

func answerInbound(w http.ResponseWriter, status int, answer map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the sender has gone; nobody is left to tell
}
