package word

import "strings"

// stem returns the part of a folded English word that its forms share:
// supplies, supplied → supply; donation, donating → donat. It is a light
// stemmer in the spirit of Harman's S-stemmer ("How effective is suffixing?",
// 1991) with the commonest verb endings added; stems are for comparing only.
// Words that are short, hold digits or are not ASCII stay as they are.
func stem(word string) string {
	if len(word) <= 3 || strings.ContainsAny(word, "0123456789") || !isASCII(word) {
		return word
	}
	return finalE(verbEnding(plural(word)))
}

func plural(w string) string {
	switch {
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case hasAnySuffix(w, "sses", "shes", "ches", "xes", "zes"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "s") && !hasAnySuffix(w, "ss", "us", "sis"):
		return w[:len(w)-1]
	default:
		return w
	}
}

func verbEnding(w string) string {
	switch {
	case strings.HasSuffix(w, "ied") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case hasAnySuffix(w, "tion", "sion") && len(w) > 6:
		return w[:len(w)-3]
	case strings.HasSuffix(w, "ing"):
		return undouble(w, w[:len(w)-3])
	case strings.HasSuffix(w, "ed"):
		return undouble(w, w[:len(w)-2])
	default:
		return w
	}
}

// undouble returns the root of a verb form, packing → pack, stopped → stop, or
// the word itself when what is left cannot be a root, as in bring or shed.
func undouble(word, root string) string {
	if len(root) < 3 || !strings.ContainsAny(root, "aeiouy") {
		return word
	}
	end := len(root) - 1
	if root[end] == root[end-1] && !strings.ContainsRune("lsz", rune(root[end])) {
		return root[:end]
	}
	return root
}

// finalE makes one of provide and providing.
func finalE(w string) string {
	if len(w) > 4 && strings.HasSuffix(w, "e") && w[len(w)-2] != 'e' {
		return w[:len(w)-1]
	}
	return w
}

func hasAnySuffix(w string, suffixes ...string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(w, s) {
			return true
		}
	}
	return false
}
