package public

import (
	"crypto/subtle"
	"io"
	"net/http"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/bounce"
)

var (
	errNoBounces   = fault.NewNotFound("page")
	errBounceProof = fault.New(fault.Forbidden, "inbound_proof", "the secret is not right")
)

// receiveBounce takes mail that came back, from a mail server's pipe or a provider.
// Whatever cannot be noted now is refused as a server in trouble does, so that it is
// posted again.
func (p pages) receiveBounce(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if err := p.takeBounce(w, r); err != nil {
		p.refuseInbound(w, r, err)
		return
	}
	answerInbound(w, http.StatusOK, map[string]string{"state": "noted"})
}

func (p pages) takeBounce(w http.ResponseWriter, r *http.Request) error {
	switch {
	case p.BounceSecret == "":
		return errNoBounces
	case !knows(r, p.BounceSecret):
		return errBounceProof
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bounce.MaxBytes))
	if err != nil {
		return err
	}
	found, err := bounce.Read(content)
	if err != nil {
		return err
	}
	_, err = bus.Call(contract.WithActor(r.Context(), contract.System()), p.Bus, contract.NotifyBounce, found)
	return err
}

// knows reports whether a post brings a secret, as a bearer or the password of Basic.
func knows(r *http.Request, secret string) bool {
	given, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		_, given, _ = r.BasicAuth()
	}
	return subtle.ConstantTimeCompare([]byte(strings.TrimSpace(given)), []byte(secret)) == 1
}
