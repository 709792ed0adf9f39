package offer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/vault"
)

const (
	mostNames = 1000
	maxName   = 100
)

var errNoGroup = fault.NewConflict("no_group", "only a session of a group has a roster")

// KeepRoster stores who came to a session of a group, in the place of what was
// there; no names end it. The names are sealed, and in no fact, list or total: how
// many they are is all that the session shows. A repeat changes nothing.
func (s *Service) KeepRoster(ctx context.Context, q contract.KeepRoster) (contract.ServiceSession, error) {
	a := contract.ActorFrom(ctx)
	names, err := normalNames(q.Names)
	if err != nil {
		return contract.ServiceSession{}, err
	}
	if !contract.ValidID(q.ID) {
		return contract.ServiceSession{}, errNoSession
	}
	var row sessionRow
	err = s.store.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if row, err = s.store.lockSession(ctx, tx, q.ID); err != nil {
			return err
		}
		if err := checkRoster(row, len(names)); err != nil {
			return err
		}
		return s.keepRoster(ctx, tx, row.ID, names, a)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return contract.ServiceSession{}, errNoSession
	}
	row.Roster = len(names)
	return row.view(), pg.MapContext(ctx, err)
}

// normalNames leaves out empty lines and spaces around a name.
func normalNames(typed []string) ([]string, error) {
	c := check.New(nil)
	names := []string{}
	for _, name := range typed {
		if name = strings.TrimSpace(name); name != "" {
			c.Text("names", name, 1, maxName)
			names = append(names, name)
		}
	}
	c.Size("names", len(names), 0, mostNames)
	return names, c.Err()
}

func checkRoster(row sessionRow, names int) error {
	switch {
	case !row.Group:
		return errNoGroup
	case row.VoidReason != nil && names > 0:
		return fault.NewConflict("session_void", "the session was taken back")
	case int64(names) > row.People:
		return fault.NewInvalid(fault.Field{Location: "names", Code: "more_names", Args: map[string]any{"people": row.People}})
	default:
		return nil
	}
}

func (s *Service) keepRoster(ctx context.Context, tx *sqlx.Tx, id contract.SessionID, names []string, a contract.Actor) error {
	if len(names) == 0 {
		return s.store.dropRoster(ctx, tx, id)
	}
	sealed, wrapped, err := s.sealNames(id, names)
	if err != nil {
		return err
	}
	row := rosterRow{SessionID: id, Names: sealed, Count: len(names), KeptBy: a.ID(), KeptAt: s.now()}
	if err := s.store.putRoster(ctx, tx, row); err != nil {
		return err
	}
	return vault.Keep(ctx, tx, string(id), wrapped)
}

func (s *Service) sealNames(id contract.SessionID, names []string) ([]byte, seal.WrappedKey, error) {
	plain, err := json.Marshal(names)
	if err != nil {
		return nil, seal.WrappedKey{}, fmt.Errorf("encode names: %w", err)
	}
	key, wrapped := s.keys.NewPersonKey(string(id))
	return key.Seal(plain, rosterPart(id)), wrapped, nil
}

// rosterPart ties sealed names to their session.
func rosterPart(id contract.SessionID) []byte { return []byte("roster " + string(id)) }

// Roster returns the names, once the directory has kept who read them and why:
// without its acknowledgement there is no reading. A session without a roster has
// none, and nothing is read.
func (s *Service) Roster(ctx context.Context, q contract.ReadRoster) (contract.Roster, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.ReadContact); err != nil {
		return contract.Roster{}, err
	}
	c := check.New(nil)
	c.Text("reason", strings.TrimSpace(q.Reason), 1, maxReason)
	if err := c.Err(); err != nil {
		return contract.Roster{}, err
	}
	if !contract.ValidID(q.ID) {
		return contract.Roster{}, errNoSession
	}
	row, err := s.store.selectRoster(ctx, q.ID)
	if errors.Is(err, sql.ErrNoRows) {
		_, err := s.Session(ctx, contract.GetByID{ID: string(q.ID)})
		return contract.Roster{ID: q.ID, Names: []string{}}, err
	}
	if err != nil {
		return contract.Roster{}, pg.MapContext(ctx, err)
	}
	entry := contract.AuditEntry{
		Key: contract.NewID[string](), Action: contract.ActReadRoster, SubjectID: string(q.ID), Path: row.OrgPath, Reason: q.Reason,
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return contract.Roster{}, fmt.Errorf("record reading of a roster: %w", err)
	}
	return s.openRoster(row)
}

func (s *Service) openRoster(row rosterRow) (contract.Roster, error) {
	key, err := s.keys.OpenPersonKey(string(row.SessionID), row.Wrapped)
	if err != nil {
		return contract.Roster{}, fmt.Errorf("open key of roster %s: %w", row.SessionID, err)
	}
	plain, err := key.Open(row.Names, rosterPart(row.SessionID))
	if err != nil {
		return contract.Roster{}, fmt.Errorf("open roster %s: %w", row.SessionID, err)
	}
	roster := contract.Roster{ID: row.SessionID, KeptAt: row.KeptAt.UTC()}
	return roster, json.Unmarshal(plain, &roster.Names)
}

// Session returns one session.
func (s *Service) Session(ctx context.Context, q contract.GetByID) (contract.ServiceSession, error) {
	if !contract.ValidID(q.ID) {
		return contract.ServiceSession{}, errNoSession
	}
	row, err := s.store.selectSession(ctx, contract.SessionID(q.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return contract.ServiceSession{}, errNoSession
	}
	return row.view(), pg.MapContext(ctx, err)
}

// rosterRow is a row of rosters, with its key as it is stored apart.
type rosterRow struct {
	SessionID contract.SessionID `db:"session_id"`
	OrgPath   string             `db:"org_path"`
	Names     []byte             `db:"names"`
	Count     int                `db:"count"`
	KeptBy    string             `db:"kept_by"`
	KeptAt    time.Time          `db:"kept_at"`
	Wrapped   []byte             `db:"wrapped"`
}
