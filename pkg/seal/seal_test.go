package seal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nkeys"
	"pgregory.net/rapid"

	"heli/pkg/seal"
)

func newKeys(t *testing.T) *seal.Keys {
	t.Helper()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestSealOpensOnlyWhatItSealed(t *testing.T) {
	t.Parallel()
	keys, foreign := newKeys(t), newKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		row := rapid.SliceOf(rapid.Byte()).Draw(t, "row")
		sealed := keys.Seal(plain, row)
		if len(plain) > 4 && bytes.Contains(sealed, plain) {
			t.Fatal("the sealed text shows the plain one")
		}
		if got, err := keys.Open(sealed, row); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Open = %q, %v", got, err)
		}
		if _, err := keys.Open(sealed, append(row, 'x')); err == nil {
			t.Fatal("opened under another row's id")
		}
		if _, err := foreign.Open(sealed, row); err == nil {
			t.Fatal("opened with foreign keys")
		}
		sealed[rapid.IntRange(0, len(sealed)-1).Draw(t, "flipped")] ^= 1
		if _, err := keys.Open(sealed, row); err == nil {
			t.Fatal("opened a changed text")
		}
	})
}

func TestTokenAndPinSpeakForOneThing(t *testing.T) {
	t.Parallel()
	keys, foreign := newKeys(t), newKeys(t)
	token, pin := keys.Token("request", "id", 0), keys.Pin("request", "id", 0)
	if len(token) != 32 || len(pin) != 10 {
		t.Fatalf("token %d letters, pin %d letters", len(token), len(pin))
	}
	if token != keys.Token("request", "id", 0) {
		t.Error("repeating gives another token")
	}
	cases := []struct {
		name    string
		keys    *seal.Keys
		purpose string
		id      string
		gen     int
		want    bool
	}{
		{"the thing itself", keys, "request", "id", 0, true},
		{"another purpose", keys, "offer", "id", 0, false},
		{"another id", keys, "request", "id2", 0, false},
		{"another generation", keys, "request", "id", 1, false},
		{"parts that run together", keys, "requesti", "d", 0, false},
		{"another installation", foreign, "request", "id", 0, false},
	}
	for _, c := range cases {
		if got := c.keys.CheckToken(token, c.purpose, c.id, c.gen); got != c.want {
			t.Errorf("%s: CheckToken = %v", c.name, got)
		}
		if got := c.keys.CheckPin(pin, c.purpose, c.id, c.gen); got != c.want {
			t.Errorf("%s: CheckPin = %v", c.name, got)
		}
	}
	if keys.CheckToken("", "request", "id", 0) || keys.CheckPin("", "request", "id", 0) {
		t.Error("the empty text passes")
	}
	if !keys.CheckPin(" "+strings.ToLower(pin[:5])+"-"+pin[5:], "request", "id", 0) {
		t.Error("a PIN typed in lower case with a dash is refused")
	}
	if keys.CheckToken(strings.ToLower(token), "request", "id", 0) {
		t.Error("a token in another case passes")
	}
}

func TestPinUsesItsWholeAlphabet(t *testing.T) {
	t.Parallel()
	keys, seen := newKeys(t), map[rune]bool{}
	for generation := range 500 {
		for _, letter := range keys.Pin("request", "id", generation) {
			seen[letter] = true
		}
	}
	if len(seen) != 23 {
		t.Errorf("%d letters seen, not 23", len(seen))
	}
}

// golden are secrets for the texts below. They must never change: what an
// installation stored under them would be lost.
const goldenFile = "testdata/keys.json"

func TestDerivedSecretsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	expected, err := os.ReadFile("testdata/derived.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(expected, &want); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{
		"token":     keys.Token("request", "0190", 1),
		"pin":       keys.Pin("request", "0190", 1),
		"index":     keys.BlindIndex("phone", "+8600000000000"),
		"word":      float64(keys.WordHash("口罩") >> 11), // what a JSON number holds exactly
		"api_key":   keys.APIKeyHash("heli_key"),
		"password":  keys.PostgresPassword("request"),
		"nats_seed": keys.NKeySeed("request"),
	}
	for name, value := range got {
		if value != want[name] {
			t.Errorf("%s = %v, was %v", name, value, want[name])
		}
	}
}

func TestPurposesDoNotMix(t *testing.T) {
	t.Parallel()
	keys := newKeys(t)
	texts := []string{
		keys.Token("a", "b", 0), keys.BlindIndex("a", "b"), keys.BlindIndex("b", "a"), keys.APIKeyHash("a"),
		keys.PostgresPassword("a"), keys.PostgresPassword("b"), keys.NKeySeed("a"), keys.NKeySeed("b"),
	}
	seen := map[string]bool{}
	for _, text := range texts {
		if seen[text] {
			t.Errorf("%q was made twice", text)
		}
		seen[text] = true
	}
	if keys.WordHash("a") == keys.WordHash("b") {
		t.Error("two words have one hash")
	}
	if !keys.CheckAPIKey("a", keys.APIKeyHash("a")) || keys.CheckAPIKey("b", keys.APIKeyHash("a")) {
		t.Error("CheckAPIKey does not tell keys apart")
	}
}

func TestNKeySeedSignsIn(t *testing.T) {
	t.Parallel()
	pair, err := nkeys.FromSeed([]byte(newKeys(t).NKeySeed("matcher")))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := pair.Sign([]byte("nonce"))
	if err != nil {
		t.Fatal(err)
	}
	if err := pair.Verify([]byte("nonce"), signature); err != nil {
		t.Error(err)
	}
	if public, err := pair.PublicKey(); err != nil || !nkeys.IsValidPublicUserKey(public) {
		t.Errorf("public key %q, %v", public, err)
	}
}

func TestLoadMakesOneFileForAll(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "keys.json")
	tokens := make([]string, 8)
	var loading sync.WaitGroup
	for i := range tokens {
		loading.Go(func() {
			keys, err := seal.Load(path)
			if err != nil {
				t.Error(err)
				return
			}
			tokens[i] = keys.Token("request", "id", 0)
		})
	}
	loading.Wait()
	for _, token := range tokens {
		if token != tokens[0] {
			t.Error("two first starts made different keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, content, want string
		mode                os.FileMode
	}{
		{"a file open to others", "", "chmod 600", 0o640},
		{"another document", `{"secret": "s3cret"}`, "not a key file", 0o600},
		{"no document", "s3cret", "not a key file", 0o600},
		{"another version", `{"version": 9, "primary": "a", "keysets": []}`, "version 9", 0o600},
		{"no primary", `{"version": 1, "primary": "a", "keysets": []}`, "primary", 0o600},
		{"a short master", `{"version": 1, "primary": "a", "keysets": [{"id": "a", "master": "c2VjcmV0"}]}`, "bytes", 0o600},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys.json")
			if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := seal.Load(path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows the content: %v", err)
			}
		})
	}
}

// TestRotation puts a fresh keyset before an old one: what the old one made
// stays good, and new things are the new one's.
func TestRotation(t *testing.T) {
	t.Parallel()
	older, newer := content(t), content(t)
	before, rotated := parse(t, older), parse(t, merge(t, newer, older))
	fresh := parse(t, newer)

	sealed := before.Seal([]byte("name"), []byte("row"))
	if plain, err := rotated.Open(sealed, []byte("row")); err != nil || string(plain) != "name" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := before.Open(rotated.Seal(nil, nil), nil); err == nil {
		t.Error("new texts are sealed with the old keys")
	}
	if !rotated.CheckToken(before.Token("request", "id", 0), "request", "id", 0) ||
		!rotated.CheckPin(before.Pin("request", "id", 0), "request", "id", 0) ||
		!rotated.CheckAPIKey("key", before.APIKeyHash("key")) {
		t.Error("an old secret is refused")
	}
	if rotated.Token("request", "id", 0) != fresh.Token("request", "id", 0) {
		t.Error("new tokens come from the old keys")
	}
	indexes := rotated.BlindIndexes("phone", "1")
	if len(indexes) != 2 || indexes[0] != fresh.BlindIndex("phone", "1") || indexes[1] != before.BlindIndex("phone", "1") {
		t.Errorf("indexes %v", indexes)
	}
}

func content(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := seal.Load(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t *testing.T, data []byte) *seal.Keys {
	t.Helper()
	keys, err := seal.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// merge lists the keysets of both files, the primary of the first.
func merge(t *testing.T, first, second []byte) []byte {
	t.Helper()
	var a, b struct {
		Version int               `json:"version"`
		Primary string            `json:"primary"`
		Keysets []json.RawMessage `json:"keysets"`
	}
	if err := json.Unmarshal(first, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(second, &b); err != nil {
		t.Fatal(err)
	}
	a.Keysets = append(b.Keysets, a.Keysets...)
	merged, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}
