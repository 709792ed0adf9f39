package public

import (
	"context"

	"heli/pkg/fault"
	"heli/services/web/guard"
)

// admit lets the guard judge what a form brings beside its content. What is
// wrong with that joins the form's wrong fields, and the form shown again asks
// a fresh challenge.
func (p pages) admit(ctx context.Context, s *sheet) error {
	err := p.Guard.Admit(ctx, guard.Evidence{
		Challenge: s.text("challenge"), Proof: s.text("proof"), Trap: s.text("trap"),
		Phone: s.text("contact.phone"), Form: s.text("key"),
	})
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	s.wrong = append(s.wrong, fault.As(err).Fields...)
	s.values.Set("challenge", p.Guard.Challenge())
	s.values.Del("proof")
	return nil
}
