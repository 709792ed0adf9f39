package scenario

import (
	"math/rand/v2"
	"strings"

	"heli/pkg/contract"
)

// Words follow Zipf's law, as those of people do. Half of a text is about its
// category, half is what people say anyway.
const (
	ownWords     = 2_000
	commonWords  = 20_000
	wordExponent = 1.0
	leastWords   = 8
	mostWords    = 32
)

type vocabulary struct{ own, common zipf }

func newVocabulary() vocabulary {
	return vocabulary{newZipf(ownWords, wordExponent), newZipf(commonWords, wordExponent)}
}

// draw returns the words of a text, each once.
func (v vocabulary) draw(r *rand.Rand, kind int) []contract.WordHash {
	n := leastWords + r.IntN(mostWords-leastWords+1)
	words := make([]contract.WordHash, 0, n)
	seen := map[uint64]bool{}
	for len(words) < n {
		w := uint64(1+kind)<<32 | uint64(v.own.draw(r))
		if r.IntN(2) == 0 {
			w = uint64(v.common.draw(r))
		}
		if !seen[w] {
			seen[w] = true
			words = append(words, contract.WordHash{Hash: scatter(w), Weight: 1 + float32(r.IntN(3))/2})
		}
	}
	return words
}

// scatter makes a number look like a keyed hash (the finaliser of SplitMix64).
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// spoken gives the languages of the countries with the most people; elsewhere
// English serves.
var spoken = map[string]string{
	"AR": "es", "AT": "de", "AU": "en", "BD": "bn", "BE": "nl fr", "BG": "bg", "BO": "es", "BR": "pt", "BY": "ru",
	"CA": "en fr", "CD": "fr", "CH": "de fr", "CI": "fr", "CL": "es", "CM": "fr", "CN": "zh", "CO": "es", "CU": "es",
	"CZ": "cs", "DE": "de", "DK": "da", "DO": "es", "DZ": "ar", "EC": "es", "EG": "ar", "ES": "es", "ET": "am",
	"FI": "fi", "FR": "fr", "GR": "el", "GT": "es", "HN": "es", "HT": "ht fr", "HU": "hu", "ID": "id", "IL": "he",
	"IN": "hi", "IQ": "ar", "IR": "fa", "IT": "it", "JO": "ar", "JP": "ja", "KE": "sw", "KR": "ko", "KZ": "kk ru",
	"MA": "ar", "MM": "my", "MX": "es", "MY": "ms", "NL": "nl", "NO": "no", "NP": "ne", "PE": "es", "PK": "ur",
	"PL": "pl", "PT": "pt", "PY": "es", "RO": "ro", "RS": "sr", "RU": "ru", "SA": "ar", "SE": "sv", "SY": "ar",
	"TH": "th", "TN": "ar", "TR": "tr", "TW": "zh", "TZ": "sw", "UA": "uk ru", "UZ": "uz", "VE": "es", "VN": "vi", "YE": "ar",
}

// languages are those of the country, and English for 1 in 5.
func (s *Scenario) languages(r *rand.Rand, country string) []string {
	held := strings.Fields(spoken[country])
	english := r.IntN(5) == 0
	if len(held) == 0 {
		return []string{"en"}
	}
	if english && held[0] != "en" {
		held = append(held, "en")
	}
	return held
}
