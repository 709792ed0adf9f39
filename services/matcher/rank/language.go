package rank

import (
	"strings"

	"golang.org/x/text/language"
)

// Tongue returns the language that a BCP 47 tag names, without script, region
// and variant: zh for zh-CN, zh-Hant, cmn; yue for zh-yue and yue-HK. Spoken
// Mandarin is zh; Cantonese, Wu and the other Chinese languages are their own.
func Tongue(tag string) string {
	switch tag { // the tags that nearly every row carries
	case "zh", "en", "yue":
		return tag
	}
	if len(tag) == 2 && lower(tag[0]) && lower(tag[1]) && !retired(tag) {
		return tag
	}
	base, rest, compound := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if base == "zh" && compound && len(rest) >= 3 && (len(rest) == 3 || rest[3] == '-') {
		base = rest[:3] // an extended subtag such as zh-yue (RFC 5646, section 2.2.2)
	}
	if len(base) == 2 && !retired(base) {
		return base
	}
	parsed, err := (language.DeprecatedBase | language.Macro).Parse(base)
	if err != nil {
		return base
	}
	known, _ := parsed.Base()
	return known.String()
}

func lower(letter byte) bool { return 'a' <= letter && letter <= 'z' }

// retired reports whether a code was replaced by another.
func retired(code string) bool { return code == "iw" || code == "in" || code == "ji" }

// commonLanguage returns the place, in the need's order of preference, of the
// first language that the offer speaks.
func commonLanguage(need, offer []string) (int, bool) {
	for i, wanted := range need {
		for _, spoken := range offer {
			if wanted == spoken || Tongue(wanted) == Tongue(spoken) {
				return i, true
			}
		}
	}
	return 0, false
}

// breaksLanguage: one common language is enough. A side that states none is
// not held to it: a box of masks speaks no language.
func breaksLanguage(q *Question, o *Offer) bool {
	if len(q.need.Languages) == 0 || len(o.Languages) == 0 {
		return false
	}
	_, common := commonLanguage(q.need.Languages, o.Languages)
	return !common
}

func languageArgs(q *Question, o *Offer) map[string]any {
	return map[string]any{"languages": q.need.Languages, "offer_languages": o.Languages}
}
