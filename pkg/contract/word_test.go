package contract_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heli/pkg/contract"
)

func anyWords() *rapid.Generator[contract.Words] {
	return rapid.Custom(func(t *rapid.T) contract.Words {
		return rapid.SliceOfDistinct(rapid.Custom(func(t *rapid.T) contract.WordHash {
			return contract.WordHash{Hash: rapid.Uint64().Draw(t, "hash"), Weight: rapid.Float32Range(0.01, 9).Draw(t, "weight")}
		}), func(h contract.WordHash) uint64 { return h.Hash }).Draw(t, "words")
	})
}

func TestWordsCrossAsTheyAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := contract.LineWords{ID: "1", Words: anyWords().Draw(t, "words")}
		text, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		var read contract.LineWords
		if err := json.Unmarshal(text, &read); err != nil || !slices.Equal(read.Words, line.Words) {
			t.Fatalf("%v became %v: %v", line.Words, read.Words, err)
		}
	})
	for _, text := range []string{`{"words":"AAA"}`, `{"words":"%"}`, `{"words":[1]}`} {
		if err := json.Unmarshal([]byte(text), &contract.LineWords{}); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

func TestWordsJoin(t *testing.T) {
	t.Parallel()
	own, shared := contract.Words{{1, 0.5}, {2, 3}}, contract.Words{{2, 1}, {1, 2}, {3, 1}}
	if got := own.Join(shared); !slices.Equal(got, contract.Words{{1, 2}, {2, 3}, {3, 1}}) {
		t.Errorf("joined %v", got)
	}
	if own[0].Weight != 0.5 {
		t.Error("joining changed a side")
	}
	if got := (contract.Words{}).Join(shared); !slices.Equal(got, shared) {
		t.Errorf("nothing joined %v", got)
	}
}
