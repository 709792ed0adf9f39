package rank

import (
	"strings"
	"time"

	"heli/pkg/contract"
)

// breaksCredential: where the category asks for one, the offer holds a
// credential of the kind that somebody verified and that has not run out.
func breaksCredential(q *Question, o *Offer) bool {
	if !q.credential {
		return false
	}
	for _, c := range o.Credentials {
		if Verified(c) && !runOut(c, q.at.Now) && q.proves(c.Kind) {
			return false
		}
	}
	return true
}

// Verified reports whether somebody verified a credential.
func Verified(c contract.Credential) bool { return c.VerifiedBy != "" || c.VerifiedAt != nil }

func runOut(c contract.Credential, now time.Time) bool {
	return c.ValidUntil != nil && !now.Before(*c.ValidUntil)
}

// professions gives the category that a kind of credential proves, by what the
// kind's name contains. People write it as the category (legal), as the
// profession (lawyer) or as the paper (律师执业证). The first that fits decides:
// a legal counsel counsels nobody's mind, a clinical psychologist does.
var professions = []struct {
	category string
	marks    []string
}{
	{"legal", []string{"legal", "law", "attorney", "solicitor", "notary", "律", "法"}},
	{"psych", []string{"psych", "counsel", "心理", "精神"}},
	{"medical", []string{"medic", "doctor", "physician", "nurse", "nursing", "pharma", "surgeon", "dental", "dentist", "midwife", "clinic", "医", "醫", "护", "護", "药", "藥"}},
}

// proves reports whether a kind of credential covers the need's category: it is
// named like the category or one above it, or names a profession of it.
func (q *Question) proves(kind string) bool {
	kind = strings.ToLower(strings.TrimSpace(kind))
	if q.at.Reference.Covers(kind, q.need.Category) {
		return true
	}
	for _, p := range professions {
		for _, mark := range p.marks {
			if strings.Contains(kind, mark) {
				return q.at.Reference.Covers(p.category, q.need.Category)
			}
		}
	}
	return false
}
