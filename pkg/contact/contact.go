// Package contact owns the form in which a person's contact is stored: every
// field sealed for its row, the phone also as a blind index, and what is shown
// of it without a recorded reading. It never stores, logs or sends one.
package contact

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/seal"
)

// Row is a sealed contact as it is stored. A nil field was empty.
type Row struct {
	Name      []byte `db:"name" json:"name"`
	Phone     []byte `db:"phone" json:"phone"`
	Email     []byte `db:"email" json:"email"`
	Wechat    []byte `db:"wechat" json:"wechat"`
	SafeHours []byte `db:"safe_hours" json:"safe_hours"`
	Guardian  []byte `db:"guardian" json:"guardian"` // of requests alone
	// PhoneIndex finds rows of one phone; nil without a phone.
	PhoneIndex *string `db:"phone_index" json:"phone_index"`
	// Wrapped is the key of the fields, stored apart from them; nil where no
	// field is sealed. Keyset names what wrapped it and is not read back.
	Wrapped []byte `db:"wrapped" json:"wrapped"`
	Keyset  string `db:"-" json:"keyset"`
}

// kindPhone separates phones from other values under a blind index.
const kindPhone = "phone"

// Seal returns the contact as a row that only the given id can open, under a
// fresh key of its own. The phone is kept in E.164 form where it has one.
func Seal(keys *seal.Keys, id string, c contract.Contact) Row {
	c = Normal(c)
	if c == (contract.Contact{}) {
		return Row{}
	}
	if !keys.Seals() {
		return inClear(keys, c)
	}
	key, wrapped := keys.NewPersonKey(id)
	field := func(name, value string) []byte {
		if value == "" {
			return nil
		}
		return key.Seal([]byte(value), associated(id, name))
	}
	row := Row{
		Wrapped: wrapped.Sealed, Keyset: wrapped.Keyset,
		Name: field("name", c.Name), Phone: field("phone", c.Phone), Email: field("email", c.Email),
		Wechat: field("wechat", c.Wechat), SafeHours: field("safe_hours", c.SafeHours),
		Guardian: field("guardian", c.Guardian),
	}
	if c.Phone != "" {
		index := keys.BlindIndex(kindPhone, c.Phone)
		row.PhoneIndex = &index
	}
	return row
}

// inClear is the row of a measurement: without keys, and opened by nobody.
func inClear(keys *seal.Keys, c contract.Contact) Row {
	row := Row{Name: []byte(c.Name), Phone: []byte(c.Phone), Email: []byte(c.Email), Wechat: []byte(c.Wechat), SafeHours: []byte(c.SafeHours), Guardian: []byte(c.Guardian)}
	if c.Phone != "" {
		row.PhoneIndex = new(keys.BlindIndex(kindPhone, c.Phone))
	}
	return row
}

// opener is what opens a field: the person's key, or the installation's.
type opener interface {
	Open(sealed, associated []byte) ([]byte, error)
}

// Open returns the contact in clear. It fails when the row belongs to another
// id, was changed, or its key is gone.
//
// Fields of before there was a key for each person are under the installation's:
// see pkg/vault, which seals them anew.
func Open(keys *seal.Keys, id string, row Row) (contract.Contact, error) {
	var c contract.Contact
	var key opener = keys
	if row.Wrapped != nil {
		own, err := keys.OpenPersonKey(id, row.Wrapped)
		if err != nil {
			return c, fmt.Errorf("open key of contact %s: %w", id, err)
		}
		key = own
	}
	for _, f := range []struct {
		name   string
		sealed []byte
		plain  *string
	}{
		{"name", row.Name, &c.Name}, {"phone", row.Phone, &c.Phone}, {"email", row.Email, &c.Email},
		{"wechat", row.Wechat, &c.Wechat}, {"safe_hours", row.SafeHours, &c.SafeHours},
		{"guardian", row.Guardian, &c.Guardian},
	} {
		if f.sealed == nil {
			continue
		}
		plain, err := key.Open(f.sealed, associated(id, f.name))
		if err != nil {
			return contract.Contact{}, fmt.Errorf("open contact %s: %w", id, err)
		}
		*f.plain = string(plain)
	}
	return c, nil
}

// associated ties a sealed field to its row and to its column.
func associated(id, field string) []byte { return []byte("contact " + id + " " + field) }

// PhoneIndex returns the blind index of a phone, the same however it is typed.
func PhoneIndex(keys *seal.Keys, phone string) string {
	return keys.BlindIndex(kindPhone, normalPhone(phone))
}

// normalPhone keeps what cannot be a phone as it was typed.
func normalPhone(typed string) string {
	if typed == "" {
		return ""
	}
	if normal, ok := check.NormalPhone(typed); ok {
		return normal
	}
	return typed
}

// Normal returns the contact without spaces around its fields, the phone in
// E.164 form where it has one.
func Normal(c contract.Contact) contract.Contact {
	for _, s := range []*string{&c.Name, &c.Phone, &c.Email, &c.Wechat, &c.SafeHours, &c.Guardian} {
		*s = strings.TrimSpace(*s)
	}
	c.Phone = normalPhone(c.Phone)
	return c
}

// Mask returns what may be shown of a contact without a recorded reading: the
// first character of the name and of the WeChat id, the last two digits of the
// phone, the first letter and the last part of the mail address. Of the safe
// hours, which may tell of a danger at home, only that there are some.
func Mask(c contract.Contact) contract.Contact {
	return contract.Contact{
		Name: first(c.Name, "＊＊"), Phone: maskPhone(c.Phone), Email: maskEmail(c.Email),
		Wechat: first(c.Wechat, "***"), SafeHours: present(c.SafeHours), Guardian: first(c.Guardian, "＊＊"),
	}
}

func first(s, rest string) string {
	if s == "" {
		return ""
	}
	_, size := utf8.DecodeRuneInString(s)
	return s[:size] + rest
}

func present(s string) string {
	if s == "" {
		return ""
	}
	return "***"
}

func maskPhone(s string) string {
	const shown = 2
	if len(s) <= 2*shown {
		return strings.Repeat("*", len(s))
	}
	return strings.Repeat("*", len(s)-shown) + s[len(s)-shown:]
}

func maskEmail(s string) string {
	if s == "" {
		return ""
	}
	masked := first(s, "***") + "@***"
	if dot := strings.LastIndexByte(s, '.'); dot > strings.LastIndexByte(s, '@') {
		masked += s[dot:]
	}
	return masked
}
