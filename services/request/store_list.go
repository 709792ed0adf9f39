package request

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
	path          string
	states        []string
	urgencies     []string
	categories    []string
	regions       []string
	campaign      string
	source        string
	organisation  string
	code          string
	text          string
	updatedAfter  *time.Time
	includeClosed bool
	after         *place
	limit         int
}

// place is where a page of the queue ended.
type place struct {
	Rank      int       `json:"r"`
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

// listRequestsSQL finds the page before it joins contacts, whose policy is asked
// for each. Behind policies the planner may not look how many titles fit: with
// CASE it takes half of them, and walks the queue; the rare ones come with $18.
const listRequestsSQL = `SELECT ` + fullColumns + `
	FROM (SELECT r.* FROM requests r
	WHERE r.org_path >= $1 AND r.org_path < $2
		AND ($3::boolean OR r.stage <> 'closed')
		AND ($4::text[] IS NULL OR r.state = ANY ($4))
		AND ($5::text[] IS NULL OR r.urgency = ANY ($5))
		AND ($6::text[] IS NULL OR EXISTS (
			SELECT FROM need_lines l WHERE l.request_id = r.id AND l.category = ANY ($6)))
		AND ($7::text[] IS NULL OR r.region_code = ANY ($7))
		AND ($8 = '' OR r.campaign = $8)
		AND ($9 = '' OR r.source = $9)
		AND (($10 = '' AND $11 = '') OR CASE WHEN $11 <> '' AND r.title ILIKE $11 THEN true ELSE r.code = $10 END)
		AND ($18::uuid[] IS NULL OR r.code = $10 OR r.id = ANY ($18))
		AND ($12::timestamptz IS NULL OR r.updated_at > $12)
		AND ($13::smallint IS NULL OR (r.urgency_rank, r.created_at, r.id) > ($13, $14::timestamptz, $15::uuid))
		AND ($16 = '' OR r.org_code = $16)
	ORDER BY r.urgency_rank, r.created_at, r.id
	LIMIT $17) r LEFT JOIN contacts c ON c.request_id = r.id
	ORDER BY r.urgency_rank, r.created_at, r.id`

// planWithValuesSQL has the list planned for its values: one plan for all
// would sort the whole country to show one town, or walk it.
const planWithValuesSQL = `SET LOCAL plan_cache_mode = force_custom_plan`

// listRequests returns at most limit+1 rows in the order of the queue: the one
// too many tells that there is a next page.
func (s *store) listRequests(ctx context.Context, f listFilter) (rows []fullRow, err error) {
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
	var rank *int
	var createdAt *time.Time
	var id *string
	if f.after != nil {
		rank, createdAt, id = &f.after.Rank, &f.after.CreatedAt, &f.after.ID
	}
	titled, err := s.selectTitled(ctx, tx, pattern(f.text))
	if err != nil {
		return nil, err
	}
	rows := []fullRow{}
	err = tx.SelectContext(ctx, &rows, listRequestsSQL, f.path, contract.PathEnd(f.path), f.includeClosed,
		array(f.states), array(f.urgencies), array(f.categories), array(f.regions), f.campaign, f.source,
		f.code, pattern(f.text), f.updatedAfter, rank, createdAt, id, f.organisation, f.limit+1, titled)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
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

const countRequestsSQL = `
	SELECT state, count(*) AS count FROM requests WHERE org_path >= $1 AND org_path < $2 GROUP BY state`

func (s *store) countRequests(ctx context.Context, path string) (map[string]int64, error) {
	var rows []struct {
		State string `db:"state"`
		Count int64  `db:"count"`
	}
	if err := s.db.SelectContext(ctx, &rows, countRequestsSQL, path, contract.PathEnd(path)); err != nil {
		return nil, fmt.Errorf("count requests: %w", err)
	}
	counts := make(map[string]int64, len(rows))
	for _, row := range rows {
		counts[row.State] = row.Count
	}
	return counts, nil
}

// statements lists every statement of the schema, so that a test can prepare all.
func statements() []string {
	return []string{
		selectRequestSQL, selectRequestsSQL, lockRequestSQL, selectCodeSQL, updateRequestSQL, handOverSQL, updateContactSQL, insertHistorySQL,
		selectHistorySQL, insertNoteSQL, selectNotesSQL, upsertMatchSQL, selectMatchesSQL, updateTotalsSQL,
		selectReleaseSQL, selectTitledSQL, listRequestsSQL, countRequestsSQL, insertBatchSQL, selectAnswerSQL, deleteKeySQL,
		updateAnswerSQL, selectSubmittedSQL, eraseRequestSQL, eraseLinesSQL, eraseContactSQL, eraseNotesSQL,
		eraseHistorySQL, eraseAnswersSQL, updateConsentSQL,
		listEndedSQL, dropKeysSQL, dropContactsSQL,
		countDaysSQL, countOpenSQL, countClosedSQL, countRegionsSQL, countCellsSQL,
	}
}
