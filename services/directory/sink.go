package directory

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"heli/pkg/contract"
	"heli/pkg/seal"
)

// Names of the files in the sink, one document a line, only ever appended to.
const (
	JournalFile = "erasures.jsonl"
	HeadsFile   = "audit-heads.jsonl"
)

const (
	headInterval = time.Hour
	sinkRetry    = 10 * time.Second
)

// SignedHeads are the ends of audit chains at a moment, signed with the
// installation's key (ed25519, base64): who cuts off a chain together with its
// head in the database cannot cut them off here.
type SignedHeads struct {
	At        time.Time   `json:"at"`
	Heads     []ChainHead `json:"heads"`
	Signature []byte      `json:"signature,omitempty"`
}

// ChainHead is the last row of an organisation's chain.
type ChainHead struct {
	Organisation string `json:"organisation"` // id
	Seq          int64  `json:"seq"`
	Hash         []byte `json:"hash"`
}

// message is what is signed: the document without its signature.
func (h SignedHeads) message() ([]byte, error) {
	h.Signature = nil
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode heads: %w", err)
	}
	return text, nil
}

// sink copies what must outlive the database into a folder: the journal of
// erasures at once, the signed heads every hour. What is there already is not
// copied again, so it may be ended and started at any time.
type sink struct {
	dir     string
	service *Service
	keys    *seal.Keys
	log     *slog.Logger

	copied int64            // number of the last entry in the journal file
	signed map[string]int64 // number of the last row signed, by organisation
	at     time.Time        // of the last signature
}

// openSink makes the folder and reads what it holds. A line that was not written
// to its end is removed.
func openSink(dir string, s *Service, keys *seal.Keys, log *slog.Logger) (*sink, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for the journal: %w", err)
	}
	k := &sink{dir: dir, service: s, keys: keys, log: log, signed: map[string]int64{}}
	for _, name := range []string{JournalFile, HeadsFile} {
		if err := mend(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	// A restore asks for the journal, also where nobody was erased yet.
	if err := appendLines(filepath.Join(dir, JournalFile), []contract.Erasure{}); err != nil {
		return nil, err
	}
	err := eachLine(filepath.Join(dir, JournalFile), func(e contract.Erasure) error {
		k.copied = max(k.copied, e.Seq)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return k, eachLine(filepath.Join(dir, HeadsFile), func(h SignedHeads) error {
		for _, head := range h.Heads {
			k.signed[head.Organisation] = max(k.signed[head.Organisation], head.Seq)
		}
		k.at = h.At
		return nil
	})
}

// run copies until ctx ends. Where the folder cannot be written it says so and
// goes on trying: nothing is lost, since the tables are the truth.
func (k *sink) run(ctx context.Context) error {
	ticker := time.NewTicker(sinkRetry)
	defer ticker.Stop()
	for {
		if err := k.work(ctx); err != nil && ctx.Err() == nil {
			k.log.Error("could not copy the journal of erasures and the audit heads, trying again", "folder", k.dir, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-k.service.erased:
		case <-ticker.C:
		}
	}
}

func (k *sink) work(ctx context.Context) error {
	if err := k.copyJournal(ctx); err != nil {
		return err
	}
	if now := k.service.now(); now.Sub(k.at) >= headInterval {
		return k.signHeads(ctx, now)
	}
	return nil
}

func (k *sink) copyJournal(ctx context.Context) error {
	for {
		entries, err := k.service.worker.listErasures(ctx, k.copied, contract.MaxErasures)
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := appendLines(filepath.Join(k.dir, JournalFile), entries); err != nil {
			return err
		}
		k.copied = entries[len(entries)-1].Seq
	}
}

// signHeads signs the chains that grew since they were signed last.
func (k *sink) signHeads(ctx context.Context, now time.Time) error {
	heads, err := k.service.worker.listAuditHeads(ctx)
	if err != nil {
		return err
	}
	document := SignedHeads{At: now}
	for _, h := range heads {
		if h.Seq > k.signed[h.OrganisationID] {
			document.Heads = append(document.Heads, ChainHead{Organisation: h.OrganisationID, Seq: h.Seq, Hash: h.Hash})
		}
	}
	if len(document.Heads) > 0 {
		message, err := document.message()
		if err != nil {
			return err
		}
		document.Signature = k.keys.Sign(message)
		if err := appendLines(filepath.Join(k.dir, HeadsFile), []SignedHeads{document}); err != nil {
			return err
		}
	}
	for _, h := range document.Heads {
		k.signed[h.Organisation] = h.Seq
	}
	k.at = now
	return nil
}

// ReadSignedHeads returns the signed heads of a sink, oldest first; none when
// nothing was signed yet. A line that was not signed with the keys is an error.
func ReadSignedHeads(dir string, keys *seal.Keys) ([]SignedHeads, error) {
	var all []SignedHeads
	err := eachLine(filepath.Join(dir, HeadsFile), func(h SignedHeads) error {
		message, err := h.message()
		if err != nil {
			return err
		}
		if !keys.CheckSignature(message, h.Signature) {
			return fmt.Errorf("the heads of %s in %s were not signed by this installation", h.At.Format(time.RFC3339), dir)
		}
		all = append(all, h)
		return nil
	})
	return all, err
}

// eachLine calls take with every document of a file; a file that is missing
// holds none.
func eachLine[T any](path string, take func(T) error) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = file.Close() }() // read only
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		var document T
		if err := json.Unmarshal(lines.Bytes(), &document); err != nil {
			return fmt.Errorf("%s cannot be read at line %d", path, n)
		}
		if err := take(document); err != nil {
			return err
		}
	}
	return lines.Err()
}

// mend removes a last line without an end.
func mend(path string) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (len(content) == 0 || content[len(content)-1] == '\n') {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if err := os.Truncate(path, int64(bytes.LastIndexByte(content, '\n')+1)); err != nil {
		return fmt.Errorf("mend %s: %w", path, err)
	}
	return nil
}

// appendLines adds documents to a file and waits until they are on the disk.
func appendLines[T any](path string, documents []T) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	for _, d := range documents {
		if err := encoder.Encode(d); err != nil {
			return fmt.Errorf("encode for %s: %w", path, err)
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	_, err = io.Copy(file, &text)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("append to %s: %w", path, err)
	}
	return nil
}
