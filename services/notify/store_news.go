package notify

import (
	"context"
	"fmt"
	"time"
)

// What the person knows is what the last message told that arrived; before the first,
// how it stood.
const selectNewsSQL = `
	WITH chain AS (
		SELECT revision, stood, stands, heard_by, state = 'pending' AND taken_until > $5 AS busy,
			state = 'delivered' OR state = 'digested' AND EXISTS (SELECT FROM messages s WHERE s.id = m.digest_id AND s.state = 'delivered') AS heard
		FROM messages m WHERE subject_id = $1 AND thing = $2 AND about = $3 AND revision IS NOT NULL),
	last AS (SELECT revision, stands FROM chain WHERE heard ORDER BY revision DESC LIMIT 1)
	SELECT EXISTS (SELECT FROM chain WHERE revision > $4) AS overtaken,
		EXISTS (SELECT FROM chain WHERE revision < $4 AND busy) AS busy,
		coalesce((SELECT stands FROM last), (SELECT stood FROM chain ORDER BY revision LIMIT 1), '') AS known,
		(SELECT min(heard_by) FROM chain WHERE heard_by > $5 AND revision > coalesce((SELECT revision FROM last), 0)) AS heard_by`

func (s *store) selectNews(ctx context.Context, t messageTask, now time.Time) (news, error) {
	var n news
	if err := s.db.GetContext(ctx, &n, selectNewsSQL, t.SubjectID, t.Thing, t.About, t.Revision, now); err != nil {
		return n, fmt.Errorf("select news: %w", err)
	}
	return n, nil
}
