package directory

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

// sinking is a directory with a sink beside it.
type sinking struct {
	*bundle
	keys *seal.Keys
	sink *sink
	dir  string
}

func setupSink(t *testing.T) *sinking {
	t.Helper()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &sinking{bundle: setup(t), keys: keys, dir: filepath.Join(t.TempDir(), "sink")}
	s.open(t)
	return s
}

// open takes the sink over as a new process does.
func (s *sinking) open(t *testing.T) {
	t.Helper()
	var err error
	if s.sink, err = openSink(s.dir, s.Service, s.keys, testkit.Log(t)); err != nil {
		t.Fatal(err)
	}
}

func (s *sinking) work(t *testing.T) {
	t.Helper()
	if err := s.sink.work(s.ctx); err != nil {
		t.Fatal(err)
	}
}

func (s *sinking) lines(t *testing.T, name string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
}

func (s *sinking) auditMany(t *testing.T, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := s.audit(t, contract.RootPath, fmt.Sprint(i)); err != nil {
			t.Fatalf("audit: %v", err)
		}
	}
}

// forge writes a chain anew from a row on as a superuser can: with every hash
// right, and the head too.
func (s *sinking) forge(t *testing.T, from int64, reason string) {
	t.Helper()
	var rows []auditRow
	if err := s.admin.Select(&rows, `SELECT * FROM directory.audit ORDER BY seq`); err != nil {
		t.Fatal(err)
	}
	const lift, update = `ALTER TABLE directory.audit DISABLE TRIGGER ALL`, `UPDATE directory.audit SET reason = $2, previous = $3, hash = $4 WHERE seq = $1`
	if _, err := s.admin.Exec(lift); err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if rows[i].Seq < from {
			continue
		}
		rows[i].Reason, rows[i].Previous = reason, rows[i-1].Hash
		rows[i].Hash = auditHash(rows[i])
		if _, err := s.admin.Exec(update, rows[i].Seq, rows[i].Reason, rows[i].Previous, rows[i].Hash); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.admin.Exec(`UPDATE directory.audit_head SET hash = $1`, rows[len(rows)-1].Hash); err != nil {
		t.Fatal(err)
	}
}

// TestSignedHeadsFindWhatTheChainCannot lets a superuser do what leaves the chain
// in the database whole.
func TestSignedHeadsFindWhatTheChainCannot(t *testing.T) {
	t.Parallel()
	const lift = `ALTER TABLE directory.audit DISABLE TRIGGER ALL; `
	for name, c := range map[string]struct {
		tamper func(*testing.T, *sinking)
		seq    int64
		reason string
	}{
		"replaced with all hashes": {func(t *testing.T, s *sinking) { s.forge(t, 5, "forged") }, 4, "was replaced"},
		"truncated with the head": {func(t *testing.T, s *sinking) {
			_, err := s.admin.Exec(lift + `DELETE FROM directory.audit WHERE seq > 4;
				UPDATE directory.audit_head SET seq = 4, hash = (SELECT hash FROM directory.audit WHERE seq = 4)`)
			if err != nil {
				t.Fatal(err)
			}
		}, 5, "the end was cut off: a later row was signed"},
		"emptied with the head": {func(t *testing.T, s *sinking) {
			if _, err := s.admin.Exec(lift + `TRUNCATE directory.audit; DELETE FROM directory.audit_head`); err != nil {
				t.Fatal(err)
			}
		}, 1, "all rows are missing, and the head with them"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupSink(t)
			s.auditMany(t, 0, 3)
			s.work(t)
			s.auditMany(t, 3, 6)
			s.clock.Advance(headInterval)
			s.work(t)
			signed, err := ReadSignedHeads(s.dir, s.keys)
			if err != nil || len(signed) != 2 {
				t.Fatalf("%d signatures, %v", len(signed), err)
			}
			if breaks, err := s.VerifyAudit(s.ctx, signed...); err != nil || len(breaks) > 0 {
				t.Fatalf("before: %v %v", breaks, err)
			}
			c.tamper(t, s)
			if breaks, err := s.VerifyAudit(s.ctx); err != nil || len(breaks) > 0 {
				t.Fatalf("the chain alone finds it: %v %v", breaks, err)
			}
			breaks, err := s.VerifyAudit(s.ctx, signed...)
			if err != nil || len(breaks) != 1 || breaks[0].Seq != c.seq || !strings.Contains(breaks[0].Reason, c.reason) {
				t.Errorf("found %v, %v", breaks, err)
			}
		})
	}
}

func TestSignedHeadsCannotBeForged(t *testing.T) {
	t.Parallel()
	s := setupSink(t)
	s.auditMany(t, 0, 2)
	s.work(t)
	path := filepath.Join(s.dir, HeadsFile)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), `"seq":2`, `"seq":1`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSignedHeads(s.dir, s.keys); err == nil || !strings.Contains(err.Error(), "were not signed") {
		t.Errorf("a changed head passes: %v", err)
	}
}

func (b *bundle) erase(t *testing.T) string {
	t.Helper()
	id := contract.NewID[string]()
	q := contract.RecordErasure{Thing: contract.ThingRequest, SubjectID: id, Path: contract.RootPath, Reason: "asked"}
	for range 2 {
		if _, err := b.RecordErasure(b.ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// TestJournalIsCopiedOnce has a process die at every step.
func TestJournalIsCopiedOnce(t *testing.T) {
	t.Parallel()
	s := setupSink(t)
	ids := []string{s.erase(t), s.erase(t)}
	s.work(t)
	s.work(t)
	ids = append(ids, s.erase(t))
	s.open(t)
	s.work(t)
	path := filepath.Join(s.dir, JournalFile)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:len(content)-20], 0o600); err != nil { // the last line was being written
		t.Fatal(err)
	}
	s.open(t)
	s.work(t)
	lines := s.lines(t, JournalFile)
	if len(lines) != 3 {
		t.Fatalf("lines %v", lines)
	}
	for i, id := range ids {
		if !strings.Contains(lines[i], id) {
			t.Errorf("line %d is %s", i, lines[i])
		}
	}
	listing, err := s.Erasures(s.ctx, contract.ListErasures{Thing: contract.ThingRequest, After: 1})
	if err != nil || len(listing.Items) != 2 || listing.Last != 3 || JournalBreak(append([]contract.Erasure{{}}, listing.Items...)) == 0 {
		t.Errorf("listing %v, %v", listing, err)
	}
	whole, err := s.Erasures(s.ctx, contract.ListErasures{Thing: contract.ThingRequest})
	if err != nil || JournalBreak(whole.Items) != 0 {
		t.Errorf("journal breaks at %d, %v", JournalBreak(whole.Items), err)
	}
	whole.Items[1].At = whole.Items[1].At.Add(time.Second)
	if got := JournalBreak(whole.Items); got != 2 {
		t.Errorf("a changed entry is found at %d", got)
	}
	if n, err := s.count(`SELECT count(*) FROM directory.audit WHERE action = 'request.erase'`); err != nil || n != 3 {
		t.Errorf("%d audit rows, %v", n, err)
	}
}

func (b *bundle) count(q string) (n int, err error) {
	err = b.admin.Get(&n, q)
	return n, err
}

func TestJournalRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.RecordErasure(b.ctx, contract.RecordErasure{Thing: "match", SubjectID: "x"})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if _, err := b.Erasures(t.Context(), contract.ListErasures{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("anybody reads the journal: %v", err)
	}
	b.erase(t)
	for _, statement := range []string{`UPDATE erasure SET thing = 'offer'`, `DELETE FROM erasure`, `TRUNCATE erasure`} {
		if _, err := b.db.ExecContext(b.ctx, statement); err == nil {
			t.Errorf("the service may %s", statement)
		}
	}
}
