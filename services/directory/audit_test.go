package directory

import (
	"fmt"
	"sync"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func (b *bundle) audit(t *testing.T, path, key string) error {
	t.Helper()
	_, err := b.Audit(b.ctx, contract.AuditEntry{
		Key: key, Action: contract.ActReadRequestContact, SubjectID: "s-" + key, Path: path, Reason: "回访",
	})
	return err
}

func TestAuditChainHoldsUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	xian := b.organisation(t, "xian", "", "610100")
	var writing sync.WaitGroup
	for i := range 40 {
		writing.Go(func() {
			// Half of the keys come twice, and one path in two is the root's.
			path := []string{xian.Path, contract.RootPath}[i%2]
			if err := b.audit(t, path, fmt.Sprintf("key-%d", i/4)); err != nil {
				t.Errorf("audit: %v", err)
			}
		})
	}
	writing.Wait()
	if breaks, err := b.VerifyAudit(b.ctx); err != nil || len(breaks) > 0 {
		t.Errorf("breaks = %v %v", breaks, err)
	}
	var rows int
	const q = `SELECT count(*) FROM directory.audit WHERE action = 'request.contact.read'`
	if err := b.admin.Get(&rows, q); err != nil || rows != 20 {
		t.Errorf("%d rows (%v), want 20", rows, err)
	}
}

func TestAuditRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.audit(t, "root/nowhere/", "k"); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown path: %v", err)
	}
	if _, err := b.Audit(b.ctx, contract.AuditEntry{}); len(fault.As(err).Fields) != 4 {
		t.Errorf("empty entry: %v", err)
	}
	if err := b.audit(t, contract.RootPath, "k"); err != nil {
		t.Fatalf("audit: %v", err)
	}
	_, err := b.Audit(b.ctx, contract.AuditEntry{Key: "k", Action: contract.ActSignIn, SubjectID: "s", Path: contract.RootPath})
	if fault.As(err) == nil || fault.As(err).Code != "audit_key_reused" {
		t.Errorf("another entry under the key: %v", err)
	}
}

func TestServiceCannotChangeAuditRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.audit(t, contract.RootPath, "k"); err != nil {
		t.Fatalf("audit: %v", err)
	}
	for _, statement := range []string{
		`UPDATE audit SET reason = 'x'`, `DELETE FROM audit`, `TRUNCATE audit`, `ALTER TABLE audit DISABLE TRIGGER ALL`,
	} {
		if _, err := b.db.ExecContext(b.ctx, statement); err == nil {
			t.Errorf("the service may %s", statement)
		}
	}
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statement string
		want            Break
	}{
		{"edit", `UPDATE directory.audit SET reason = '改' WHERE seq = 2`, Break{Seq: 2, Reason: "its content was changed"}},
		{"edit of the actor", `UPDATE directory.audit SET actor_id = actor_name, actor_name = actor_id WHERE seq = 1`, Break{Seq: 1, Reason: "its content was changed"}},
		{"deletion", `DELETE FROM directory.audit WHERE seq = 2`, Break{Seq: 2, Reason: "rows are missing"}},
		{"truncation", `DELETE FROM directory.audit WHERE seq = 3`, Break{Seq: 3, Reason: "the end was cut off"}},
		{"everything", `DELETE FROM directory.audit`, Break{Seq: 1, Reason: "all rows are missing"}},
		{"head", `DELETE FROM directory.audit_head`, Break{Seq: 3, Reason: "the head is missing"}},
		{"replaced", `UPDATE directory.audit SET hash = sha256(hash) WHERE seq = 3`, Break{Seq: 3, Reason: "its content was changed"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for i := range 3 {
				if err := b.audit(t, contract.RootPath, fmt.Sprint(i)); err != nil {
					t.Fatalf("audit: %v", err)
				}
			}
			const q = `ALTER TABLE directory.audit DISABLE TRIGGER ALL;`
			if _, err := b.admin.Exec(q + test.statement); err != nil {
				t.Fatalf("tamper: %v", err)
			}
			breaks, err := b.VerifyAudit(b.ctx)
			if err != nil || len(breaks) == 0 {
				t.Fatalf("breaks = %v %v", breaks, err)
			}
			got := breaks[0]
			got.Organisation = ""
			if got != test.want {
				t.Errorf("break = %+v, want %+v", got, test.want)
			}
		})
	}
}
