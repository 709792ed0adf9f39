package word

import "heli/pkg/contract"

// Hashes returns the terms of a text, heaviest first and at most limit, as keyed
// hashes: what may leave the place that holds the text.
func Hashes(text string, limit int, hash func(term string) uint64) contract.Words {
	terms := Terms(text)
	words := make(contract.Words, min(limit, len(terms)))
	for i := range words {
		words[i] = contract.WordHash{Hash: hash(terms[i].Text), Weight: terms[i].Weight}
	}
	return words
}
