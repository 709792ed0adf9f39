package offer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// listFilter is what a list asks for; a nil or empty field matches all.
type listFilter struct {
	path         string
	states       []string
	categories   []string
	regions      []string
	organisation string
	source       string
	code         string
	text         string
	includeEnded bool
	endingBefore *time.Time // those with a credential that ends before
	after        *place
	limit        int
}

// place is where a page of the list ended.
type place struct {
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

// endingSQL is when the first credential of an offer on offer ends; null for others.
const endingSQL = `CASE WHEN o.credentials <> '[]' AND o.stage IN ('available', 'paused') AND o.erased_at IS NULL THEN (
	SELECT min((c ->> 'valid_until')::timestamptz) FROM jsonb_array_elements(o.credentials) c) END`

// listOffersSQL finds the page before it joins contacts, whose policy is asked
// for each. Behind policies the planner may not look how many titles fit: with
// CASE it takes half of them, and walks the list; the rare ones come with $14.
const listOffersSQL = `SELECT ` + fullColumns + `
	FROM (SELECT o.* FROM offers o
	WHERE o.org_path >= $1 AND o.org_path < $2
		AND ($3::boolean OR o.stage NOT IN ('expired', 'withdrawn', 'blocked'))
		AND ($4::text[] IS NULL OR o.state = ANY ($4))
		AND ($5::text[] IS NULL OR EXISTS (
			SELECT FROM offer_lines l WHERE l.offer_id = o.id AND l.category = ANY ($5)))
		AND ($6::text[] IS NULL OR o.region_code = ANY ($6))
		AND ($7 = '' OR o.org_code = $7)
		AND ($8 = '' OR o.source = $8)
		AND (($9 = '' AND $10 = '') OR CASE WHEN $10 <> '' AND o.title ILIKE $10 THEN true ELSE o.code = $9 END)
		AND ($14::uuid[] IS NULL OR o.code = $9 OR o.id = ANY ($14))
		AND ($15::timestamptz IS NULL OR (` + endingSQL + `) <= $15)
		AND ($11::timestamptz IS NULL OR (o.created_at, o.id) < ($11, $12::uuid))
	ORDER BY o.created_at DESC, o.id DESC
	LIMIT $13) o LEFT JOIN contacts c ON c.offer_id = o.id
	ORDER BY o.created_at DESC, o.id DESC`

// planWithValuesSQL has the list planned for its values: one plan for all
// would sort the whole country to show one town, or walk it.
const planWithValuesSQL = `SET LOCAL plan_cache_mode = force_custom_plan`

// listOffers returns at most limit+1 rows, newest first: the one too many tells
// that there is a next page.
func (s *store) listOffers(ctx context.Context, f listFilter) (rows []fullRow, err error) {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin reading: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }() // nothing to keep
	if _, err := tx.ExecContext(ctx, planWithValuesSQL); err != nil {
		return nil, fmt.Errorf("set plan mode: %w", err)
	}
	return s.selectList(ctx, tx, f)
}

func (s *store) selectList(ctx context.Context, tx *sqlx.Tx, f listFilter) ([]fullRow, error) {
	var createdAt *time.Time
	var id *string
	if f.after != nil {
		createdAt, id = &f.after.CreatedAt, &f.after.ID
	}
	titled, err := s.selectTitled(ctx, tx, pattern(f.text))
	if err != nil {
		return nil, err
	}
	rows := []fullRow{}
	err = tx.SelectContext(ctx, &rows, listOffersSQL, f.path, contract.PathEnd(f.path), f.includeEnded,
		array(f.states), array(f.categories), array(f.regions), f.organisation, f.source, f.code, pattern(f.text),
		createdAt, id, f.limit+1, titled, f.endingBefore)
	if err != nil {
		return nil, fmt.Errorf("list offers: %w", err)
	}
	return rows, nil
}

// rareTitles is how many rows a title may fit to be looked up by it.
const rareTitles = 2000

const selectTitledSQL = `SELECT titled($1, $2)`

// selectTitled returns the rows, whoever sees them, whose title is like the
// pattern; null when they are many or no pattern is given.
func (s *store) selectTitled(ctx context.Context, tx *sqlx.Tx, like string) (ids pq.StringArray, err error) {
	if like == "" {
		return nil, nil
	}
	if err := tx.GetContext(ctx, &ids, selectTitledSQL, like, rareTitles); err != nil {
		return nil, fmt.Errorf("look for titles: %w", err)
	}
	return ids, nil
}

// array is null for no values.
func array(values []string) any {
	if len(values) == 0 {
		return nil
	}
	return pq.StringArray(values)
}

// pattern returns the ILIKE pattern of texts that hold the text.
func pattern(text string) string {
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

const countOffersSQL = `
	SELECT state, count(*) AS count FROM offers WHERE org_path >= $1 AND org_path < $2 GROUP BY state`

func (s *store) countOffers(ctx context.Context, path string) (map[string]int64, error) {
	var rows []struct {
		State string `db:"state"`
		Count int64  `db:"count"`
	}
	if err := s.db.SelectContext(ctx, &rows, countOffersSQL, path, contract.PathEnd(path)); err != nil {
		return nil, fmt.Errorf("count offers: %w", err)
	}
	counts := make(map[string]int64, len(rows))
	for _, row := range rows {
		counts[row.State] = row.Count
	}
	return counts, nil
}

const countEndingSQL = `
	SELECT count(*) FROM offers o
	WHERE o.org_path >= $1 AND o.org_path < $2 AND o.credentials <> '[]' AND o.stage IN ('available', 'paused') AND (` + endingSQL + `) <= $3`

// countEnding returns how many offers on offer have a credential that ends before a
// time.
func (s *store) countEnding(ctx context.Context, path string, before time.Time) (n int64, err error) {
	if err := s.db.GetContext(ctx, &n, countEndingSQL, path, contract.PathEnd(path), before); err != nil {
		return 0, fmt.Errorf("count ending credentials: %w", err)
	}
	return n, nil
}

const lockDueSQL = `
	SELECT id FROM offers
	WHERE valid_until <= $1 AND stage IN ('submitted', 'vetting', 'available', 'paused')
	ORDER BY valid_until, id
	LIMIT $2
	FOR UPDATE SKIP LOCKED`

// lockDue locks offers whose time is over, leaving out those that another
// transaction works on.
func (s *store) lockDue(ctx context.Context, tx *sqlx.Tx, now time.Time, limit int) ([]contract.OfferID, error) {
	var ids []contract.OfferID
	if err := tx.SelectContext(ctx, &ids, lockDueSQL, now, limit); err != nil {
		return nil, fmt.Errorf("lock due offers: %w", err)
	}
	return ids, nil
}

// statements lists every statement of the schema, so that a test can prepare all.
func statements() []string {
	return append(append(sessionStatements[:len(sessionStatements):len(sessionStatements)], append(append(staleStatements, rosterStatements...), ownStatements()...)...),
		selectOfferSQL, selectOffersSQL, lockOfferSQL, selectCodeSQL, updateOfferSQL, updateLineSQL, updateContactSQL, insertHistorySQL,
		selectHistorySQL, insertNoteSQL, selectNotesSQL, insertOfferSQL, selectSubmittedSQL, upsertHelperSQL,
		selectHelperSQL, selectTitledSQL, listOffersSQL, planWithValuesSQL, countOffersSQL, countEndingSQL, lockDueSQL, upsertMatchSQL, selectTotalsSQL,
		selectReservedSQL, selectReleasesSQL, eraseOfferSQL, eraseHelperSQL, eraseLinesSQL, eraseContactSQL,
		eraseNotesSQL, eraseHistorySQL, eraseAnswersSQL, updateConsentSQL, updateBouncedSQL, updateDigestSQL,
		listEndedSQL, dropKeysSQL, dropContactsSQL, insertComplaintSQL, selectComplaintSQL, eraseComplaintsSQL, answeredOfferSQL,
		lockPhoneSQL, lockPhoneSharedSQL, upsertSuspensionSQL, selectSuspensionsSQL, selectSuspendedSQL,
		updateLimitsSQL, lockHelpedSQL, countCapacitySQL, countRegionsSQL, countCellsSQL,
	)
}
