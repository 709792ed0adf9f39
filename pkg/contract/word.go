package contract

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// WordHash is a keyed hash of a word with its weight in the text.
type WordHash struct {
	Hash   uint64
	Weight float32
}

// Words are the words of one text. In JSON they are one base64 string of twelve
// bytes a word, big-endian: there are hundreds in a projection, and as objects
// they were most of the matcher's work.
type Words []WordHash

const wordBytes = 12

// MarshalText writes the words for JSON.
func (w Words) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, wordBytes*len(w))
	for _, h := range w {
		raw = binary.BigEndian.AppendUint64(raw, h.Hash)
		raw = binary.BigEndian.AppendUint32(raw, math.Float32bits(h.Weight))
	}
	return base64.RawStdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads what MarshalText wrote, and refuses anything else.
func (w *Words) UnmarshalText(text []byte) error {
	raw, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%wordBytes != 0 {
		return fmt.Errorf("read words: %d characters that are no words", len(text))
	}
	*w = make(Words, 0, len(raw)/wordBytes)
	for ; len(raw) > 0; raw = raw[wordBytes:] {
		*w = append(*w, WordHash{binary.BigEndian.Uint64(raw), math.Float32frombits(binary.BigEndian.Uint32(raw[8:]))})
	}
	return nil
}

// Join returns the words of two texts together; one that is in both has the
// greater of its weights. Neither is changed.
func (w Words) Join(other Words) Words {
	if len(w) == 0 {
		return other
	}
	joined, at := slices.Clone(w), make(map[uint64]int, len(w))
	for i, h := range w {
		at[h.Hash] = i
	}
	for _, h := range other {
		if i, both := at[h.Hash]; both {
			joined[i].Weight = max(joined[i].Weight, h.Weight)
			continue
		}
		joined = append(joined, h)
	}
	return joined
}
