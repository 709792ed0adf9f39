package password

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
)

// common holds the most frequent passwords in leaks, from zxcvbn by Dan Wheeler
// and Dropbox (MIT, see common.LICENSE).
//
//go:embed common.txt
var common string

var commonWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.Lines(common) {
		words[strings.TrimSpace(word)] = true
	}
	return words
})

// Prices of the parts that a password can be put together from. One that costs
// no more than affordable, such as two words and a number, is guessed early.
const (
	priceWord   = 4
	priceRun    = 2 // a number, or a run such as aaaa, abcd, qwer
	priceOther  = 3 // any one character
	affordable  = 10
	maxWord     = 24
	minWord     = 4
	maxNumber   = 8
	repeatPrice = 2
)

// leet undoes the commonest disguises of letters.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// rows are what fingers run along.
var rows = []string{"`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./", "qazwsxedcrfvtgbyhnujmikolp", "1qaz2wsx3edc4rfv5tgb6yhn"}

// guessable reports whether a password is put together from few parts that
// many people would choose.
func guessable(password string, own []string) bool {
	text := []rune(strings.ToLower(password))
	words := ownWords(own)
	if unit := repeated(text); unit < len(text) {
		return price(text[:unit], words)+repeatPrice <= affordable
	}
	return price(text, words) <= affordable
}

func ownWords(own []string) map[string]bool {
	words := map[string]bool{}
	for _, word := range own {
		for part := range strings.FieldsFuncSeq(strings.ToLower(normal(word)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			words[part] = true
		}
	}
	return words
}

// repeated returns the length of the shortest text that the whole repeats.
func repeated(text []rune) int {
	for unit := 1; unit <= len(text)/2; unit++ {
		same := true
		for i := unit; i < len(text) && same; i++ {
			same = text[i] == text[i-unit]
		}
		if same {
			return unit
		}
	}
	return len(text)
}

// price returns the least that a text costs in parts.
func price(text []rune, own map[string]bool) int {
	least := make([]int, len(text)+1)
	for end := 1; end <= len(text); end++ {
		least[end] = least[end-1] + priceOther
		for start := max(0, end-maxWord); start < end-1; start++ {
			if cost, ok := pricePart(text[start:end], own); ok {
				least[end] = min(least[end], least[start]+cost)
			}
		}
	}
	return least[len(text)]
}

func pricePart(part []rune, own map[string]bool) (int, bool) {
	text := string(part)
	switch {
	case own[text]:
		return priceRun, true
	case number(part), run(part), alongRow(text):
		return priceRun, true
	case len(part) >= minWord && (commonWords()[text] || commonWords()[leet.Replace(text)]):
		return priceWord, true
	default:
		return 0, false
	}
}

func number(part []rune) bool {
	for _, r := range part {
		if r < '0' || r > '9' {
			return false
		}
	}
	return len(part) <= maxNumber
}

// run reports whether every character is the same step from the one before:
// aaaa, abcd, 4321.
func run(part []rune) bool {
	step := part[1] - part[0]
	if step < -1 || step > 1 || (len(part) < 3 && step != 0) {
		return false
	}
	for i := 2; i < len(part); i++ {
		if part[i]-part[i-1] != step {
			return false
		}
	}
	return true
}

func alongRow(text string) bool {
	if len(text) < minWord {
		return false
	}
	for _, row := range rows {
		if strings.Contains(row, text) {
			return true
		}
	}
	return false
}
