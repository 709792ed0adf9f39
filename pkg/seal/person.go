package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// PersonKey seals what belongs to one person, AES-256-GCM. Once its wrapped form
// is gone, all that it sealed is unreadable, wherever copies are. Safe for
// concurrent use.
type PersonKey struct{ aead cipher.AEAD }

// WrappedKey is a person's key as it is stored.
type WrappedKey struct {
	Keyset string // id of the keyset that wrapped it
	Sealed []byte
}

// NewPersonKey returns a fresh key, and its wrapped form that only the same id
// opens.
func (k *Keys) NewPersonKey(id string) (PersonKey, WrappedKey) {
	secret := make([]byte, keyBytes)
	_, _ = rand.Read(secret) // crypto/rand.Read never returns an error
	key, err := newPersonKey(secret)
	if err != nil {
		// Only another length than that of a key gets here.
		//nolint:forbidigo // nothing safe can go on
		panic(err)
	}
	return key, k.wrap(id, secret)
}

// OpenPersonKey returns the key behind a wrapped form.
func (k *Keys) OpenPersonKey(id string, sealed []byte) (PersonKey, error) {
	secret, err := k.Open(sealed, personContext(id))
	if err != nil {
		return PersonKey{}, err
	}
	return newPersonKey(secret)
}

// Rewrap returns the same key, wrapped by the primary keyset.
func (k *Keys) Rewrap(id string, sealed []byte) (WrappedKey, error) {
	secret, err := k.Open(sealed, personContext(id))
	if err != nil {
		return WrappedKey{}, err
	}
	return k.wrap(id, secret), nil
}

func (k *Keys) wrap(id string, secret []byte) WrappedKey {
	return WrappedKey{Keyset: k.primary().id, Sealed: k.Seal(secret, personContext(id))}
}

func personContext(id string) []byte { return []byte("person key " + id) }

func newPersonKey(secret []byte) (PersonKey, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return PersonKey{}, errors.New("a person's key has a wrong length")
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return PersonKey{}, fmt.Errorf("prepare a person's key: %w", err)
	}
	return PersonKey{aead}, nil
}

// Seal encrypts and authenticates a text together with associated data, which is
// not stored with it. The same text gives another result each time.
func (p PersonKey) Seal(plain, associated []byte) []byte {
	return p.aead.Seal(nil, nil, plain, associated) //nolint:gosec // it draws a random nonce itself and takes none
}

// Open returns the text that was sealed with the same associated data. It says
// no more than that it cannot.
func (p PersonKey) Open(sealed, associated []byte) ([]byte, error) {
	plain, err := p.aead.Open(nil, nil, sealed, associated)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
