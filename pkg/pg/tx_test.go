package pg_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"heli/pkg/fault"
	"heli/pkg/pg"
)

func TestInTxRepeatsAfterSerializationFailure(t *testing.T) {
	t.Parallel()
	db := connect(t)
	db.MustExec(`CREATE TABLE stock (amount int); INSERT INTO stock VALUES (10)`)
	tries := 0
	err := db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		tries++
		tx.MustExec(`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
		var amount int
		if err := tx.Get(&amount, `SELECT amount FROM stock`); err != nil {
			return err
		}
		if tries == 1 { // somebody else is faster
			db.MustExec(`UPDATE stock SET amount = amount - 1`)
		}
		_, err := tx.Exec(`UPDATE stock SET amount = $1`, amount-2)
		return err
	})
	if err != nil || tries != 2 {
		t.Errorf("%d tries, %v", tries, err)
	}
	if n := count(t, db, `SELECT amount FROM stock`); n != 7 {
		t.Errorf("%d left, not 7", n)
	}
}

func TestInTxGivesUpAsUnavailable(t *testing.T) {
	t.Parallel()
	db := connect(t)
	tries := 0
	err := db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		tries++
		_, err := tx.Exec(`DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$`)
		return err
	})
	if !fault.Is(err, fault.Unavailable) || tries < 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestInTxRollsBack(t *testing.T) {
	t.Parallel()
	db := connect(t, pg.WithConnections(2))
	db.MustExec(`CREATE TABLE note (n int)`)
	refusal := fault.NewConflict("conflict", "no")
	insert := func(tx *sqlx.Tx) { tx.MustExec(`INSERT INTO note VALUES (1)`) }
	err := db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		insert(tx)
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("InTx gave %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.InTx(t.Context(), func(tx *sqlx.Tx) error {
			insert(tx)
			panic("defect")
		})
	}()
	if n := count(t, db, `SELECT count(*) FROM note`); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
	if n := db.Stats().InUse; n != 0 {
		t.Errorf("%d connections were not given back", n)
	}
}

func TestInTxReportsTheEndOfTheContext(t *testing.T) {
	t.Parallel()
	db := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.InTx(ctx, func(tx *sqlx.Tx) error {
		cancel()
		_, err := tx.ExecContext(ctx, `SELECT pg_sleep(60)`)
		return err
	})
	if !errors.Is(err, context.Canceled) || fault.Is(err, fault.Unavailable) {
		t.Errorf("InTx gave %v", err)
	}
}

func TestKilledBackendIsUnavailableAndReplaced(t *testing.T) {
	t.Parallel()
	db := connect(t)
	err := db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		var pid int
		if err := tx.Get(&pid, `SELECT pg_backend_pid()`); err != nil {
			return err
		}
		if count(t, db, `SELECT count(*) FROM (SELECT pg_terminate_backend($1, 10000)) AS k (killed) WHERE killed`, pid) != 1 {
			t.Error("the backend was not killed")
		}
		_, err := tx.Exec(`SELECT 1`)
		return err
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("InTx gave %v", err)
	}
	if n := count(t, db, `SELECT 1`); n != 1 {
		t.Error("the pool did not recover")
	}
}

func TestStatementsArePreparedOnceAndOutliveMigrations(t *testing.T) {
	t.Parallel()
	db := connect(t, pg.WithConnections(1))
	db.MustExec(`CREATE TABLE note (n int); INSERT INTO note VALUES (1)`)
	prepared := func() int {
		return count(t, db, `SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM note%'`)
	}
	read := func() {
		t.Helper()
		rows, err := db.Queryx(`SELECT * FROM note WHERE n = $1`, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	read()
	read()
	if n := prepared(); n != 1 {
		t.Errorf("%d prepared statements, not 1", n)
	}
	db.MustExec(`ALTER TABLE note ADD COLUMN text text`)
	read()
	db.MustExec(`ALTER TABLE note ADD COLUMN author text`)
	err := db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		_, err := tx.Exec(`SELECT * FROM note WHERE n = $1`, 1)
		return err
	})
	if err != nil {
		t.Errorf("after a migration: %v", err)
	}
}
