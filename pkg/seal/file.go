package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// fileVersion is the version of the key file's format.
const fileVersion = 1

// file is the key file.
type file struct {
	Version int        `json:"version"`
	Primary string     `json:"primary"` // id of the keyset that new things are made with
	Keysets []document `json:"keysets"`
}

// document is one keyset in the key file.
type document struct {
	ID        string          `json:"id"`
	CreatedAt time.Time       `json:"created_at"`
	Master    []byte          `json:"master"` // base64, 32 bytes; all keys but AEAD derive from it
	AEAD      json.RawMessage `json:"aead"`   // a Tink keyset in clear
}

// New returns fresh secrets that are stored nowhere, for tests.
func New() (*Keys, error) {
	content, err := newFile(time.Now())
	if err != nil {
		return nil, err
	}
	return Parse(content)
}

// Load reads the key file. When there is none it makes one, readable for its
// owner alone, at once or not at all; of several that do so at the same time
// all get the same keys. It refuses a file that others may read.
func Load(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return nil, fmt.Errorf("look at key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the key file %s may be read by others: run chmod 600 %s", path, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	keys, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, nil
}

// Parse reads the content of a key file, such as that of HELI_KEYS. Its errors
// show nothing of the content.
func Parse(content []byte) (*Keys, error) {
	var f file
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return nil, errors.New("read keys: this is not a key file of Heli")
	}
	if f.Version != fileVersion {
		return nil, fmt.Errorf("read keys: version %d of the key file is unknown, this program knows %d", f.Version, fileVersion)
	}
	first := slices.IndexFunc(f.Keysets, func(d document) bool { return d.ID == f.Primary })
	if first < 0 {
		return nil, errors.New("read keys: the primary keyset is missing")
	}
	ordered := slices.Concat(f.Keysets[first:first+1], f.Keysets[:first], f.Keysets[first+1:])
	keys := &Keys{}
	for _, d := range ordered {
		set, err := newKeySet(d)
		if err != nil {
			return nil, fmt.Errorf("read keyset %s: %w", d.ID, err)
		}
		keys.all = append(keys.all, set)
	}
	return keys, nil
}

// create writes a new key file aside and links it into place, which fails when
// somebody else was faster: then theirs counts.
func create(path string) (err error) {
	content, err := newFile(time.Now())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return fmt.Errorf("make folder of key file: %w", err)
	}
	aside, err := writeAside(path, content)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(aside)) }()
	if err := os.Link(aside, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put key file in place: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// writeAside writes and syncs a temporary file beside path; os.CreateTemp makes
// it readable for its owner alone.
func writeAside(path string, content []byte) (name string, err error) {
	aside, err := os.CreateTemp(filepath.Dir(path), ".keys-*")
	if err != nil {
		return "", err
	}
	_, err = aside.Write(content)
	if err == nil {
		err = aside.Sync()
	}
	if err = errors.Join(err, aside.Close()); err != nil {
		return "", errors.Join(err, os.Remove(aside.Name()))
	}
	return aside.Name(), nil
}

// syncFolder makes the new name last through a power loss: losing the key file
// would lose all that is sealed.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder of key file: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("sync folder of key file: %w", err)
	}
	return nil
}

// newFile returns the content of a key file with one fresh keyset.
func newFile(now time.Time) ([]byte, error) {
	d, err := newDocument(now)
	if err != nil {
		return nil, err
	}
	return file{Version: fileVersion, Primary: d.ID, Keysets: []document{d}}.encode()
}

func (f file) encode() ([]byte, error) {
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode key file: %w", err)
	}
	return append(content, '\n'), nil
}

func newDocument(now time.Time) (document, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return document{}, fmt.Errorf("make encryption key: %w", err)
	}
	var encoded bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&encoded)); err != nil {
		return document{}, fmt.Errorf("encode encryption key: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return document{}, fmt.Errorf("make keyset id: %w", err)
	}
	master := make([]byte, keyBytes)
	_, _ = rand.Read(master) // crypto/rand.Read never returns an error
	return document{ID: id.String(), CreatedAt: now.UTC(), Master: master, AEAD: encoded.Bytes()}, nil
}

func (d document) handle() (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(d.AEAD)))
	if err != nil {
		return nil, errors.New("the encryption keys cannot be read")
	}
	return handle, nil
}
