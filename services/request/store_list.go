package request

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// listFilter is what a list asks for; a nil or empty field matches all.
type listFilter struct {
	path          string // sight, or what lies below an organisation in it
	states        []string
	urgencies     []int64 // as ranks
	categories    []string
	language      string
	regions       []string
	campaign      string
	source        string
	claimedBy     *string // an id; empty: nobody
	code          string
	text          string
	updatedAfter  *time.Time
	createdAfter  *time.Time
	createdBefore *time.Time
	includeClosed bool
	due           *time.Time // to follow up by then
	awaiting      bool       // a helper's answer
	late          *time.Time // accepted help should have begun by then
	after         *place
	limit         int
}

// place is where a page of the queue ended.
type place struct {
	Rank      int       `json:"r"`
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

// listRequestsSQL finds the page by the index of the queue alone, before it looks
// at the rows and joins contacts, whose policy is asked for each. Behind policies
// the planner may not look how many titles fit: with CASE it takes half of them,
// and walks the queue; what is rare comes with $18.
const listRequestsSQL = `SELECT ` + fullColumns + `
	FROM (SELECT r.id FROM requests r
		WHERE r.org_path >= $1 AND r.org_path < $2
			AND ($3::boolean OR r.stage <> 'closed')
			AND ($4::text[] IS NULL OR r.state = ANY ($4)) AND ($24 = '' OR r.state = $24)
			AND ($5::smallint IS NULL OR r.urgency_rank >= $5) AND ($6::smallint IS NULL OR r.urgency_rank <= $6)
			AND ($7::smallint[] IS NULL OR r.urgency_rank = ANY ($7))
			AND ($8::text[] IS NULL OR r.region_code = ANY ($8))
			AND ($9 = '' OR r.campaign = $9)
			AND ($10 = '' OR r.source = $10)
			AND ($11::uuid IS NULL OR r.claimed_by = $11) AND (NOT $25::boolean OR r.claimed_by IS NULL)
			AND ($12::text[] IS NULL OR r.facets && $12)
			AND ($13::text[] IS NULL OR r.facets && $13)
			AND (($14 = '' AND $15::text IS NULL) OR CASE WHEN $15 IS NOT NULL AND r.title ~* $15 THEN true ELSE r.code = $14 END)
			AND ($16::timestamptz IS NULL OR r.created_at > $16) AND ($17::timestamptz IS NULL OR r.created_at <= $17)
			AND ($18::uuid[] IS NULL OR r.code = $14 OR r.id = ANY ($18))
			AND ($19::timestamptz IS NULL OR r.updated_at > $19)
			AND (NOT $27::boolean OR r.awaiting_since IS NOT NULL) AND ($28::timestamptz IS NULL OR r.start_by < $28)
			AND ($26::timestamptz IS NULL OR r.follow_up_at <= $26)
			AND ($20::smallint IS NULL OR (r.urgency_rank, r.created_at, r.id) > ($20, $21::timestamptz, $22::uuid))
		ORDER BY r.urgency_rank, r.created_at, r.id
		LIMIT $23) AS found
	JOIN requests r ON r.id = found.id LEFT JOIN contacts c ON c.request_id = r.id
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
	p := patternOf(f.text)
	few, err := s.selectFew(ctx, tx, p, f)
	if err != nil {
		return nil, err
	}
	first, last, ranks := ranksOf(f.urgencies)
	states, state := f.states, ""
	if len(states) == 1 { // an index has them in the order of the queue
		states, state = nil, states[0]
	}
	claimedBy, nobody := f.claimedBy, false
	if claimedBy != nil && *claimedBy == "" {
		claimedBy, nobody = nil, true
	}
	rows := []fullRow{}
	err = tx.SelectContext(ctx, &rows, listRequestsSQL, f.path, contract.PathEnd(f.path), f.includeClosed,
		array(states), first, last, ranks, array(f.regions), f.campaign, f.source, claimedBy,
		array(facets(facetCategory, f.categories...)), array(facets(facetLanguage, one(f.language)...)),
		f.code, p.regexp, f.createdAfter, f.createdBefore, few, f.updatedAfter, rank, createdAt, id, f.limit+1, state, nobody, f.due, f.awaiting, f.late)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	return rows, nil
}

// ranksOf returns the least and the greatest rank, by which the queue's index is
// entered and left, and the ranks where some between are left out.
func ranksOf(ranks []int64) (first, last *int64, some any) {
	if len(ranks) == 0 {
		return nil, nil, nil
	}
	least, most := slices.Min(ranks), slices.Max(ranks)
	if int64(len(ranks)) <= most-least {
		some = pq.Int64Array(ranks)
	}
	return &least, &most, some
}

// rare is how many rows may fit something to be looked up by it.
const rare = 2000

const selectFewSQL = `SELECT few($1, $2, $3, $4, $5, $6, $7)`

// selectFew returns the rows, whoever sees them, that the text fits or, where
// there is none, the categories and the language; null when they are many or
// nothing of it is asked for.
func (s *store) selectFew(ctx context.Context, tx *sqlx.Tx, p pattern, f listFilter) (ids pq.StringArray, err error) {
	byFacet := (len(f.categories) > 0 || f.language != "") && !f.includeClosed
	if p.regexp == nil && !byFacet {
		return nil, nil
	}
	err = tx.GetContext(ctx, &ids, selectFewSQL, p.regexp, array(p.pairs[0]), array(p.pairs[1]), array(p.pairs[2]),
		array(facets(facetCategory, f.categories...)), array(facets(facetLanguage, one(f.language)...)), rare)
	if err != nil {
		return nil, fmt.Errorf("look for the few that fit: %w", err)
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

// one is the list of a text, empty for none.
func one(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

const countRequestsSQL = `
	SELECT state, sum(n)::bigint AS count FROM tally WHERE org_path >= $1 AND org_path < $2
	GROUP BY state HAVING sum(n) > 0`

// tallyAwaiting stands in the tally beside the states: how many await an answer.
const tallyAwaiting = "awaiting"

// countRequests returns how many are in each state, and how many await an answer.
func (s *store) countRequests(ctx context.Context, path string) (counts map[string]int64, awaiting int64, err error) {
	var rows []struct {
		State string `db:"state"`
		Count int64  `db:"count"`
	}
	if err := s.db.SelectContext(ctx, &rows, countRequestsSQL, path, contract.PathEnd(path)); err != nil {
		return nil, 0, fmt.Errorf("count requests: %w", err)
	}
	counts = make(map[string]int64, len(rows))
	for _, row := range rows {
		counts[row.State] = row.Count
	}
	awaiting = counts[tallyAwaiting]
	delete(counts, tallyAwaiting)
	return counts, awaiting, nil
}

// joinTallySQL makes one row of the many that an organisation's count is the sum
// of. Whoever reads meanwhile sees all of the old ones or the new one; another
// that joins them at the same time finds nothing left to take.
const joinTallySQL = `
	WITH many AS (
		SELECT org_path, state FROM tally GROUP BY org_path, state HAVING count(*) > 1
	), taken AS (
		DELETE FROM tally t USING many m WHERE t.org_path = m.org_path AND t.state = m.state RETURNING t.*
	)
	INSERT INTO tally SELECT org_path, state, sum(n) FROM taken GROUP BY org_path, state HAVING sum(n) <> 0`

// joinTally keeps counting fast; it changes no count.
func (s *store) joinTally(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, joinTallySQL); err != nil {
		return fmt.Errorf("join counts: %w", err)
	}
	return nil
}

// statements lists every statement of the schema, so that a test can prepare all.
func statements() []string {
	return append(append(append(deskStatements(), silenceStatements()...), ownStatements()...), []string{
		selectRequestSQL, selectRequestsSQL, lockRequestSQL, selectCodeSQL, updateRequestSQL, handOverSQL, updateContactSQL, insertHistorySQL,
		selectHistorySQL, insertNoteSQL, selectNotesSQL, upsertMatchSQL, selectMatchesSQL, updateTotalsSQL,
		selectReleaseSQL, selectFewSQL, listRequestsSQL, countRequestsSQL, countStuckSQL, listStuckSinceSQL, listUntoldSQL, completeMatchSQL, joinTallySQL, insertBatchSQL, selectAnswerSQL, deleteKeySQL,
		updateAnswerSQL, selectSubmittedSQL, eraseRequestSQL, eraseLinesSQL, eraseContactSQL, eraseNotesSQL,
		eraseHistorySQL, eraseAnswersSQL, updateConsentSQL, updateBouncedSQL, updateDigestSQL,
		lockClaimsSQL, countClaimsSQL, listOverdueSQL,
		listEndedSQL, dropKeysSQL, dropContactsSQL, insertComplaintSQL, selectComplaintSQL, eraseComplaintsSQL,
		selectAllCountedSQL, selectCountedSQL, selectMomentSQL, selectChangedSQL, forgetChangedSQL, selectSightSQL,
	}...)
}
