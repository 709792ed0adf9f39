package matcher

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"path"
	"strings"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

const maxCalendarName = 100

// digestOf is what is stored of a calendar's secret.
func digestOf(secret string) []byte {
	digest := sha256.Sum256([]byte(secret))
	return digest[:]
}

// MakeCalendar makes an address for the calendar of the actor's organisation and
// those below it. The secret is in this answer alone; a repeat of the id is a
// Conflict, since the secret is not known any more.
func (s *Service) MakeCalendar(ctx context.Context, q contract.MakeCalendar) (contract.Calendar, error) {
	actor := contract.ActorFrom(ctx)
	c := check.New(nil)
	check.ID(c, "id", q.ID)
	q.Name = strings.TrimSpace(q.Name)
	c.Text("name", q.Name, 1, maxCalendarName)
	if err := c.Err(); err != nil {
		return contract.Calendar{}, err
	}
	secret := rand.Text() // 128 bits or more
	row := calendarRow{
		ID: q.ID, OrgCode: path.Base(actor.Path), OrgPath: actor.Path, Name: q.Name, Digest: digestOf(secret), MadeBy: actor.Name, MadeAt: s.clock(),
	}
	fresh, err := s.store.insertCalendar(ctx, row)
	if err != nil {
		return contract.Calendar{}, err
	}
	if !fresh {
		return contract.Calendar{}, fault.NewConflict("id_taken", "this id belongs to another calendar")
	}
	v := row.view()
	v.Secret = secret
	return v, nil
}

// Calendars lists the addresses of the actor's organisation and those below it,
// without their secrets, the newest first.
func (s *Service) Calendars(ctx context.Context, _ contract.Empty) (contract.Listing[contract.Calendar], error) {
	answer := contract.Listing[contract.Calendar]{Items: []contract.Calendar{}}
	rows, err := s.store.listCalendars(ctx)
	for _, row := range rows {
		answer.Items = append(answer.Items, row.view())
	}
	return answer, err
}

// RevokeCalendar makes an address worthless at once. Repeating it changes nothing.
func (s *Service) RevokeCalendar(ctx context.Context, q contract.CalendarByID) (contract.Calendar, error) {
	if !contract.ValidID(q.ID) {
		return contract.Calendar{}, fault.NewNotFound("calendar")
	}
	row, err := s.store.revokeCalendar(ctx, q.ID, s.clock())
	return row.view(), err
}

// calendarRow is a row of calendars.
type calendarRow struct {
	ID        contract.CalendarID `db:"id"`
	OrgCode   string              `db:"org_code"`
	OrgPath   string              `db:"org_path"`
	Name      string              `db:"name"`
	Digest    []byte              `db:"digest"`
	MadeBy    string              `db:"made_by"`
	MadeAt    time.Time           `db:"made_at"`
	RevokedAt *time.Time          `db:"revoked_at"`
}

func (r calendarRow) view() contract.Calendar {
	return contract.Calendar{
		ID: r.ID, Organisation: r.OrgCode, Name: r.Name, MadeBy: r.MadeBy, MadeAt: r.MadeAt.UTC(), RevokedAt: r.RevokedAt,
	}
}
