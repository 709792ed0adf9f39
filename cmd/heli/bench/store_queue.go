package bench

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// What a filled queue holds. Shares are of all its requests.
const (
	queueOrganisations = 1_567
	queueBatch         = 50_000
	// claimedBy is the person who has claimed a few of them.
	claimedBy = "01900000-0000-7000-8000-00000000beef"
)

// fillRequestsSQL makes requests $1 to $2 with their lines and matches, all from their
// numbers: most in few regions and categories, some of each kind very rare. One open
// one in eight awaits an answer, and one matched one in five is late.
const fillRequestsSQL = `
	WITH numbered AS (
		SELECT i, (hashint8(i) & 2147483647) / 2147483648.0 AS a, (hashint8(i + 1000000007) & 2147483647) / 2147483648.0 AS b,
			(hashint8(i + 2000000011) & 2147483647) / 2147483648.0 AS c, (hashint8(i + 3000000019) & 2147483647) / 2147483648.0 AS d
		FROM generate_series($1::bigint, $2::bigint) i
	), drawn AS (
		SELECT i, a, b, c, d,
			($3::text[])[1 + floor(cardinality($3::text[]) * a ^ 3)::int] AS region,
			($4::text[])[1 + floor(cardinality($4::text[]) * b ^ 3)::int] AS category,
			floor($5 * c ^ 2)::int AS org,
			CASE WHEN i % 50021 = 0 THEN 'disputed' WHEN d < 0.05 THEN 'submitted' WHEN d < 0.1 THEN 'triaged' WHEN d < 0.5 THEN 'open'
				WHEN d < 0.6 THEN 'matched' WHEN d < 0.65 THEN 'needs_info' WHEN d < 0.7 THEN 'on_hold' ELSE 'closed' END AS state
		FROM numbered
	), rows AS (
		SELECT *, ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid AS id,
			CASE WHEN state IN ('disputed', 'matched') THEN 'open' ELSE state END AS stage,
			CASE WHEN state = 'open' AND i % 8 = 1 THEN now() - b * interval '1 day' END AS awaiting_since,
			CASE WHEN state = 'matched' THEN now() + (b - 0.2) * interval '1 day' * CASE WHEN b < 0.2 THEN 1 ELSE 400 END END AS start_by,
			CASE WHEN i % 1009 = 0 THEN '{yue}' WHEN i % 100003 = 0 THEN '{bo}' ELSE '{zh}' END::text[] AS languages
		FROM drawn
	), stored AS (
		INSERT INTO request.requests (id, code, org_code, org_path, stage, state, closed_reason, version, created_at, updated_at, title, description,
			urgency, urgency_rank, mode, region_code, languages, skills, safeguards, windows, vulnerability, at_organisation, campaign, incident,
			time_zone, on_behalf_of, sharing, consent_version, consent_purposes, source, source_id, source_path, submitted_by, claimed_by, claimed_name, claimed_until, facets,
			awaiting_since, start_by, waits)
		SELECT id, 'BENCH-' || i, 'bench' || org, CASE WHEN org = 0 THEN 'root/' ELSE 'root/bench' || org % 31 || '/bench' || org || '/' END, stage, state,
			CASE WHEN state = 'closed' THEN 'expired' ELSE '' END, 1, now() - 90 * a * interval '1 day', now(),
			(ARRAY['社区', '医院', '学校', '养老院', '隔离点', '救助站', '街道办', '小区居民'])[1 + floor(8 * a)::int] || '急需' ||
				CASE WHEN i % 50021 = 7 THEN '制氧機' WHEN i % 50021 = 8 THEN '制氧机' WHEN i % 2003 = 9 THEN '轮椅两台' ELSE
				(ARRAY['口罩', '防护服', '护目镜', '消毒液', '方便面', '饮用水', '棉被', '药品'])[1 + floor(8 * b)::int] END || '，请尽快联系 ' || i, '',
			(ARRAY['critical', 'urgent', 'soon', 'routine', 'planned'])[1 + floor(5 * c)::int], floor(5 * c)::int, 'delivery', region, languages, '{}', '{}', '[]', '{}', '',
			CASE WHEN i % 7 = 0 THEN 'spring' WHEN i % 50021 = 3 THEN 'winter' ELSE '' END, '', 'Asia/Shanghai', '', CASE WHEN i % 10 = 0 THEN 'network' ELSE 'own' END,
			'1', '{}', CASE WHEN i % 3 = 0 THEN 'hotline' WHEN i % 50021 = 5 THEN 'letter' ELSE '' END, '', '', 'public',
			CASE WHEN i % 50021 = 6 THEN $6::uuid END, CASE WHEN i % 50021 = 6 THEN '演示' ELSE '' END, CASE WHEN i % 50021 = 6 THEN now() + interval '1 day' END,
			ARRAY['category:' || category] || ARRAY(SELECT 'language:' || l FROM unnest(languages) l), awaiting_since, start_by,
			CASE WHEN awaiting_since IS NULL AND start_by IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_object('match_id', id, 'organisation', 'bench7',
				'queue', CASE WHEN start_by IS NULL THEN 'awaiting' ELSE 'stuck' END, 'since', coalesce(start_by, awaiting_since))) END
		FROM rows ON CONFLICT DO NOTHING RETURNING id
	), matches AS (
		INSERT INTO request.line_matches (match_id, need_line_id, state, version, quantity, released, state_at, offer_org, start_by)
		SELECT id, id, CASE WHEN start_by IS NULL THEN 'proposed' ELSE 'accepted' END, 1, 10, false, coalesce(awaiting_since, now()), 'bench7', start_by
		FROM rows WHERE (awaiting_since IS NOT NULL OR start_by IS NOT NULL) AND id IN (SELECT id FROM stored)
	)
	INSERT INTO request.need_lines (id, request_id, position, category, item, specification, source_text, quantity, unit)
	SELECT id, id, 0, category, '', '', '', 10, 'piece' FROM rows WHERE id IN (SELECT id FROM stored)`

// fillFollowUpsSQL has staff look at one open request in thirty-five again by now, and at
// as many later.
const fillFollowUpsSQL = `
	INSERT INTO request.follow_ups (request_id, due_at, raised)
	SELECT id, CASE WHEN n % 35 = 2 THEN now() - n % 1009 * interval '1 minute' ELSE now() + (1 + n % 400) * interval '1 day' END, n % 70 = 2
	FROM (SELECT id, substr(code, 7)::bigint AS n FROM request.requests WHERE code LIKE 'BENCH-%' AND stage <> 'closed') AS numbered
	WHERE n % 35 IN (2, 3)
	ON CONFLICT DO NOTHING`

// fillQueue goes on where an earlier fill stopped.
func fillQueue(ctx context.Context, db *pg.DB, all int, ref contract.Reference, progress func(rows int)) error {
	var regions, categories []string
	for _, r := range ref.Regions {
		regions = append(regions, r.Code)
	}
	for _, c := range ref.Categories {
		categories = append(categories, c.Code)
	}
	var there int
	if err := db.GetContext(ctx, &there, `SELECT count(*) FROM request.requests WHERE code LIKE 'BENCH-%'`); err != nil {
		return fmt.Errorf("count requests: %w", err)
	}
	for from := there + 1; from <= all; from += queueBatch {
		to := min(from+queueBatch-1, all)
		_, err := db.ExecContext(ctx, fillRequestsSQL, from, to, pq.Array(regions), pq.Array(categories), queueOrganisations, claimedBy)
		if err != nil {
			return fmt.Errorf("fill in requests: %w", err)
		}
		progress(to)
	}
	if _, err := db.ExecContext(ctx, fillFollowUpsSQL); err != nil {
		return fmt.Errorf("fill in follow-ups: %w", err)
	}
	const settle = `VACUUM ANALYZE request.requests, request.follow_ups, request.need_lines, request.line_matches, request.tally`
	if _, err := db.ExecContext(ctx, settle); err != nil {
		return fmt.Errorf("settle tables: %w", err)
	}
	return nil
}

// extremes returns the values of a column that the most and the fewest requests
// have, of those that any has.
func extremes(ctx context.Context, db *pg.DB, column string) (most, fewest string, err error) {
	q := `SELECT ` + column + ` FROM request.requests r JOIN request.need_lines n ON n.request_id = r.id
		WHERE r.stage <> 'closed' GROUP BY 1 ORDER BY count(*) DESC, 1`
	var values []string
	if err := db.SelectContext(ctx, &values, q); err != nil || len(values) == 0 {
		return "", "", fmt.Errorf("look for the rarest %s: %w", column, err)
	}
	return values[0], values[len(values)-1], nil
}
