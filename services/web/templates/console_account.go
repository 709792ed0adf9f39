package templates

import (
	"time"

	"heli/pkg/contract"
)

// Account is the page about oneself.
type Account struct {
	Person contract.PersonRecord
	Role   contract.RoleID // that one acts in
	Demo   bool
	Helps  bool // acts as a helper, whose work comes by messages
	// Fresh says that one has just proved who one is: only then may anything be changed.
	Fresh    bool
	Passkeys bool
	Provider string
	Linked   bool
	Factor   FactorSetup
	Sessions []Session
	// Codes are new recovery codes, shown once.
	Codes  []string
	Errors Errors // of the password's form
	// Notices is whether and when one hears by mail.
	Notices StaffNotices
}

// Session is one sign-in that lasts.
type Session struct {
	ID        string
	Device    string
	Network   string
	StartedAt time.Time
	SeenAt    time.Time
	Current   bool
}

// Prove is the page that asks who one is before it goes on with an act.
type Prove struct {
	Action   string // that goes on
	Fields   []Hidden
	Failure  string
	Passkeys bool
}

// Hidden is a field of the form that goes on.
type Hidden struct{ Name, Value string }

func factorGlyph(kind contract.FactorKind) Glyph {
	if kind == contract.FactorPasskey {
		return GlyphLock
	}
	return GlyphPhone
}

func sessionColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("account.session.device")}, {Label: d.T("account.session.network")}, {Label: d.T("account.session.started")},
		{Label: d.T("account.session.seen")}, {Label: d.T("account.act")},
	}
}

func factorColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("account.factor.name")}, {Label: d.T("account.factor.added")}, {Label: d.T("account.factor.used")}, {Label: d.T("account.act")},
	}
}

// few is how many recovery codes are left when one is told to make new ones.
const few = 3

// languageOptions are the languages that people are written to in.
func languageOptions(p *Page) []Option {
	options := []Option{}
	for _, code := range []string{"zh-Hans", "zh-Hant", "en"} {
		options = append(options, Option{Value: code, Label: p.T("lang." + code)})
	}
	return options
}
