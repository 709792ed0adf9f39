package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"

	"github.com/nats-io/nkeys"
)

// BlindIndex returns a keyed digest by which a value such as a phone number can
// be looked up without being readable: 32 characters. The caller normalises the
// value; kinds do not mix.
func (k *Keys) BlindIndex(kind, value string) string {
	return k.primary().indexOf(kind, value)
}

// BlindIndexes returns the value's index under every keyset, the primary first,
// to look up rows that were written before a keyset was replaced.
func (k *Keys) BlindIndexes(kind, value string) []string {
	indexes := make([]string, 0, len(k.all))
	for _, set := range k.all {
		indexes = append(indexes, set.indexOf(kind, value))
	}
	return indexes
}

func (s keySet) indexOf(kind, value string) string {
	return text(digest(s.index, kind, value)[:tokenBytes])
}

// WordHash returns a keyed digest of a word, for comparing texts by their words
// where the texts must not be readable.
func (k *Keys) WordHash(word string) uint64 {
	m := k.primary().words.Get().(*wordMAC) //nolint:errcheck // nothing else is in it
	defer k.primary().words.Put(m)
	return m.sum(word)
}

// wordMAC is digest for words: a text has a hundred, and to begin a MAC anew for
// each took more than to compute it.
type wordMAC struct {
	mac     hash.Hash
	scratch []byte
}

func newWordMACs(key []byte) *sync.Pool {
	return &sync.Pool{New: func() any { return &wordMAC{mac: hmac.New(sha256.New, key)} }}
}

func (m *wordMAC) sum(word string) uint64 {
	m.mac.Reset()
	m.scratch = binary.BigEndian.AppendUint64(m.scratch[:0], uint64(len(word)))
	m.scratch = append(m.scratch, word...)
	m.mac.Write(m.scratch) // a hash never returns an error
	m.scratch = m.mac.Sum(m.scratch[:0])
	return binary.BigEndian.Uint64(m.scratch)
}

// APIKeyHash returns what is stored of an API key: 32 characters.
func (k *Keys) APIKeyHash(key string) string {
	return text(digest(k.primary().apiKey, key)[:tokenBytes])
}

// CheckAPIKey reports, in constant time, whether the key has the stored hash.
func (k *Keys) CheckAPIKey(key, hash string) bool {
	right := false
	for _, set := range k.all {
		right = equal(hash, text(digest(set.apiKey, key)[:tokenBytes])) || right
	}
	return right
}

// PostgresPassword returns the password of a service's role.
func (k *Keys) PostgresPassword(role string) string {
	return text(digest(k.primary().postgresRole, role)[:tokenBytes])
}

// NKeySeed returns the seed of the nkey with which a service or the
// administrator signs in to NATS (SU…, ed25519).
func (k *Keys) NKeySeed(name string) string {
	seed, err := nkeys.EncodeSeed(nkeys.PrefixByteUser, digest(k.primary().natsUser, name))
	if err != nil {
		// Only another length than that of a digest gets here.
		//nolint:forbidigo // nothing safe can go on
		panic(fmt.Errorf("derive nkey of %s: %w", name, err))
	}
	return string(seed)
}
