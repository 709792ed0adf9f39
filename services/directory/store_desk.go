package directory

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/contract"
)

func deskStatements() []string { return []string{listColleaguesSQL, listReadingsSQL} }

type colleagueRow struct {
	ID   contract.PersonID `db:"id"`
	Name string            `db:"name"`
}

// An organisation between two others begins with the path of the one and is the
// beginning of the other's.
const listColleaguesSQL = `
	SELECT DISTINCT p.id, p.name
	FROM organisation o JOIN person_role r ON r.organisation_id = o.id JOIN person p ON p.id = r.person_id
	WHERE starts_with(o.path, $1) AND starts_with($2, o.path) AND r.withdrawn_at IS NULL AND p.revoked_at IS NULL
		AND r.role IN ('administrator', 'coordinator')
	ORDER BY p.name, p.id LIMIT 500`

func (s store) listColleagues(ctx context.Context, from, to string) ([]colleagueRow, error) {
	var rows []colleagueRow
	if err := s.db.SelectContext(ctx, &rows, listColleaguesSQL, from, to); err != nil {
		return nil, fmt.Errorf("list colleagues: %w", err)
	}
	return rows, nil
}

type readingRow struct {
	At        time.Time     `db:"at"`
	Role      contract.Role `db:"role"`
	ActorName string        `db:"actor_name"`
	Reason    string        `db:"reason"`
}

const listReadingsSQL = `
	SELECT at, role, actor_name, reason FROM audit
	WHERE subject_id = $1 AND action IN ('request.contact.read', 'offer.contact.read') ORDER BY at DESC, seq DESC LIMIT 100`

func (s store) listReadings(ctx context.Context, subject string) ([]readingRow, error) {
	var rows []readingRow
	if err := s.db.SelectContext(ctx, &rows, listReadingsSQL, subject); err != nil {
		return nil, fmt.Errorf("list readings: %w", err)
	}
	return rows, nil
}
