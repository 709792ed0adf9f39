package seal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Keyset is one generation of an installation's secrets, without the secrets.
type Keyset struct {
	ID        string
	CreatedAt time.Time
	// Digest tells the keyset from another of the same id. Nothing can be made
	// from it.
	Digest []byte
}

// Keysets returns the generations, the primary first.
func (k *Keys) Keysets() []Keyset {
	sets := make([]Keyset, len(k.all))
	for i, set := range k.all {
		sets[i] = Keyset{ID: set.id, CreatedAt: set.createdAt, Digest: digest(set.check, set.id)}
	}
	return sets
}

// Sign returns the installation's signature of a message (ed25519).
func (k *Keys) Sign(message []byte) []byte {
	return ed25519.Sign(ed25519.NewKeyFromSeed(k.primary().signing), message)
}

// CheckSignature reports whether Sign returned the signature, under any keyset.
func (k *Keys) CheckSignature(message, signature []byte) bool {
	return slices.ContainsFunc(k.all, func(set keySet) bool {
		public, ok := ed25519.NewKeyFromSeed(set.signing).Public().(ed25519.PublicKey)
		return ok && ed25519.Verify(public, message, signature)
	})
}

// Rotate puts a fresh primary keyset into the key file, at once or not at all,
// and returns the keys of the file as it is then. What the former ones made is
// still checked and opened.
func Rotate(path string, now time.Time) (*Keys, error) {
	return rewrite(path, func(f *file) error {
		d, err := newDocument(now)
		if err != nil {
			return err
		}
		f.Primary, f.Keysets = d.ID, append(f.Keysets, d)
		return nil
	})
}

// Drop removes keysets from the key file, at once or not at all, and returns the
// keys that are left. What the removed ones made can be opened by nobody any
// more. It refuses the primary.
func Drop(path string, ids []string) (*Keys, error) {
	return rewrite(path, func(f *file) error {
		if slices.Contains(ids, f.Primary) {
			return errors.New("the primary keyset cannot be removed")
		}
		f.Keysets = slices.DeleteFunc(f.Keysets, func(d document) bool { return slices.Contains(ids, d.ID) })
		return nil
	})
}

func rewrite(path string, change func(*file) error) (*Keys, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	var f file
	if _, err := Parse(content); err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	if err := json.NewDecoder(bytes.NewReader(content)).Decode(&f); err != nil {
		return nil, fmt.Errorf("decode key file: %w", err)
	}
	if err := change(&f); err != nil {
		return nil, err
	}
	if content, err = f.encode(); err != nil {
		return nil, err
	}
	keys, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("check new key file: %w", err)
	}
	return keys, Write(path, content)
}

// Write puts a key file in place, readable for its owner alone, at once or not at
// all. It replaces one that is there.
func Write(path string, content []byte) error {
	aside, err := writeAside(path, content)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := os.Rename(aside, path); err != nil {
		return errors.Join(fmt.Errorf("put key file in place: %w", err), os.Remove(aside))
	}
	return syncFolder(filepath.Dir(path))
}
