package console

import (
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// localTime is how a browser sends a moment without a zone.
const localTime = "2006-01-02T15:04"

// malformed says that a form cannot be read; a body that is too large stays so.
func malformed(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return fault.NewInvalid(fault.Field{Location: "form", Code: check.Malformed}).Because(err)
}

// keptFrom returns what was typed, to be shown again.
func keptFrom(name string, form url.Values) templates.Kept {
	return templates.Kept{
		Form: name, Reason: form.Get("reason"), Organisation: form.Get("to"), Quantity: form.Get("quantity"), At: form.Get("at"),
	}
}

// versionOf returns the version that the reader looked at, nil when the form
// has none.
func versionOf(form url.Values) *int64 {
	version, err := strconv.ParseInt(form.Get("version"), 10, 64)
	if err != nil {
		return nil
	}
	return &version
}

// seenAt returns up to when the reader knew what had happened.
func seenAt(form url.Values) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, form.Get("seen"))
	return at, err == nil
}

// moveFrom reads a move from its form. The key makes sending it twice one move;
// claims have none, since they may be made again at the same version.
func moveFrom(actor contract.Actor, id string, form url.Values, zone *time.Location) (contract.Move, error) {
	m := contract.Move{
		ID: id, Move: form.Get("move"), Reason: strings.TrimSpace(form.Get("reason")), Version: versionOf(form),
		To: strings.TrimSpace(form.Get("to")),
	}
	var wrong []fault.Field
	var ok bool
	if m.Quantity, ok = amountFrom(form.Get("quantity"), contract.Unit(form.Get("unit"))); !ok {
		wrong = append(wrong, fault.Field{Location: "quantity", Code: check.Malformed})
	}
	if typed := form.Get("at"); typed != "" {
		at, err := time.ParseInLocation(localTime, typed, zone)
		if err != nil {
			wrong = append(wrong, fault.Field{Location: "at", Code: check.Malformed})
		}
		m.At = &at
	}
	if len(wrong) > 0 {
		return m, fault.NewInvalid(wrong...)
	}
	if m.Version != nil && m.Move != "claim" && m.Move != "unclaim" {
		m.Key = strings.Join([]string{"console", actor.ID(), id, m.Move, strconv.FormatInt(*m.Version, 10)}, ":")
	}
	return m, nil
}

// fenPerYuan is how many of the unit that money is kept in make what people type.
const fenPerYuan = 100

// amountFrom reads an amount as people type it, money in yuan; nil for nothing
// typed, and false for what is no amount.
func amountFrom(typed string, unit contract.Unit) (*int64, bool) {
	typed = strings.NewReplacer(" ", "", ",", "", "，", "", "¥", "").Replace(typed)
	if typed == "" {
		return nil, true
	}
	if len(typed) > 20 || strings.ContainsAny(typed, "/eExXpP_") {
		return nil, false
	}
	value, ok := new(big.Rat).SetString(typed)
	if !ok {
		return nil, false
	}
	if unit == "fen" {
		value.Mul(value, big.NewRat(fenPerYuan, 1))
	}
	if !value.IsInt() || !value.Num().IsInt64() || value.Sign() < 0 {
		return nil, false
	}
	amount := value.Num().Int64()
	return &amount, true
}

// amountText writes an amount as amountFrom reads it.
func amountText(amount int64, unit contract.Unit) string {
	if unit != "fen" {
		return strconv.FormatInt(amount, 10)
	}
	return new(big.Rat).SetFrac64(amount, fenPerYuan).FloatString(2)
}
