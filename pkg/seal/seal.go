// Package seal owns the secrets of an installation and everything that is made
// with them: sealed fields, tokens and PINs, blind indexes, and the passwords
// and nkeys that the parts of Heli use among themselves. All of it comes from
// one key file, and each purpose has a key of its own, derived by HKDF
// (RFC 5869).
//
// It never stores what it seals, never logs, and never says more about a wrong
// token than that it is wrong.
package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keyBytes is the length of the master secret and of every key derived from it.
const keyBytes = 32

// Keys are the secrets of one installation, safe for concurrent use. What they
// make comes from the primary keyset; what they check or open may come from
// any, so that a keyset can be replaced step by step.
type Keys struct {
	all []keySet // the primary first
	// clear says that contacts are stored unsealed: see Unsealed.
	clear atomic.Bool
}

// Unsealed has contacts stored in clear until again is called: to measure what
// sealing costs, in an installation that is thrown away. Nothing that runs Heli can
// ask for it; a test in pkg/house lets the benchmark alone do.
func (k *Keys) Unsealed() (again func()) {
	k.clear.Store(true)
	return func() { k.clear.Store(false) }
}

// Seals reports whether contacts are sealed, as they always are but in a
// measurement.
func (k *Keys) Seals() bool { return !k.clear.Load() }

// keySet is one generation of secrets.
type keySet struct {
	id                                     string
	createdAt                              time.Time
	aead                                   tink.AEAD
	token, pin, index, word, apiKey        []byte
	natsUser, postgresRole, check, signing []byte
	words                                  *sync.Pool // of wordMAC, under word
}

// newKeySet derives the keys of a generation. The texts that separate them are
// part of the format: changing one makes the installation's secrets others.
func newKeySet(d document) (keySet, error) {
	if len(d.Master) != keyBytes {
		return keySet{}, fmt.Errorf("the master secret has %d bytes, not %d", len(d.Master), keyBytes)
	}
	handle, err := d.handle()
	if err != nil {
		return keySet{}, err
	}
	k := keySet{id: d.ID, createdAt: d.CreatedAt}
	if k.aead, err = aead.New(handle); err != nil {
		return keySet{}, fmt.Errorf("prepare encryption: %w", err)
	}
	for _, sub := range []struct {
		key     *[]byte
		purpose string
	}{
		{&k.token, "heli token v1"},
		{&k.pin, "heli pin v1"},
		{&k.index, "heli blind index v1"},
		{&k.word, "heli word v1"},
		{&k.apiKey, "heli api key v1"},
		{&k.natsUser, "heli nats user v1"},
		{&k.postgresRole, "heli postgres role v1"},
		{&k.check, "heli key check v1"},
		{&k.signing, "heli audit head v1"},
	} {
		if *sub.key, err = hkdf.Key(sha256.New, d.Master, nil, sub.purpose, keyBytes); err != nil {
			return keySet{}, fmt.Errorf("derive %s: %w", sub.purpose, err)
		}
	}
	k.words = newWordMACs(k.word)
	return k, nil
}

func (k *Keys) primary() keySet { return k.all[0] }

// Seal encrypts and authenticates a text together with associated data, such as
// the id of its row, which is not stored with it: AES-256-GCM with a random
// nonce, by Tink. The same text gives another result each time.
func (k *Keys) Seal(plain, associated []byte) []byte {
	sealed, err := k.primary().aead.Encrypt(plain, associated)
	if err != nil {
		// Only a text of more than 64 GiB or a system without randomness gets here.
		//nolint:forbidigo // nothing safe can go on
		panic(fmt.Errorf("seal: %w", err))
	}
	return sealed
}

var errSealed = errors.New("open sealed text: it was changed, belongs to another row, or its key is gone")

// Open returns the text that was sealed with the same associated data. It says
// no more than that it cannot.
func (k *Keys) Open(sealed, associated []byte) ([]byte, error) {
	for _, set := range k.all {
		if plain, err := set.aead.Decrypt(sealed, associated); err == nil {
			return plain, nil
		}
	}
	return nil, errSealed
}
