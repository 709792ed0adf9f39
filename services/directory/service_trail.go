package directory

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/pg"
)

// trailPlace is where a page of the audit trail begins: after this row.
type trailPlace struct {
	At           time.Time `json:"t"`
	Organisation string    `json:"o"`
	Seq          int64     `json:"s"`
}

// AuditTrail returns a page of the chains that the actor sees, the newest first.
func (s *Service) AuditTrail(ctx context.Context, q contract.ListAudit) (contract.Listing[contract.AuditRecord], error) {
	answer := contract.Listing[contract.AuditRecord]{Items: []contract.AuditRecord{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadAudit); err != nil {
		return answer, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return answer, err
	}
	f := trailFilter{path: actor.Sight(), actor: strings.TrimSpace(q.Actor), action: q.Action, subject: strings.TrimSpace(q.SubjectID),
		from: q.From, until: q.Until, limit: limit + 1}
	if f.begun, err = cursor.Decode(q.Cursor, &f.after); err != nil {
		return answer, err
	}
	rows, err := s.store.listTrail(ctx, f)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		answer.NextCursor = cursor.Encode(trailPlace{last.At, last.OrganisationID, last.Seq})
	}
	for _, row := range rows {
		answer.Items = append(answer.Items, row.message())
	}
	return answer, nil
}

// verifyTime bounds the walk of the chains that somebody sees.
const verifyTime = 25 * time.Second

// VerifySeen walks the chains that the actor sees and tells where they do not
// hold. Nothing is changed.
func (s *Service) VerifySeen(ctx context.Context, _ contract.Empty) (contract.AuditVerdict, error) {
	answer := contract.AuditVerdict{At: s.now(), Breaks: []contract.AuditBreak{}}
	if err := access.Require(contract.ActorFrom(ctx), access.ReadAudit); err != nil {
		return answer, err
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	walk, codes := chainWalk{}, map[string]string{}
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		answer.Chains, answer.Rows = 0, 0
		begin := func(heads []auditHead) {
			answer.Chains = len(heads)
			walk = chainWalk{heads: make(map[string]auditHead, len(heads)), signed: map[string][]signedHead{}}
			for _, head := range heads {
				walk.heads[head.OrganisationID] = head
			}
		}
		err = s.store.walkAudit(ctx, tx, begin, func(row auditRow) {
			answer.Rows++
			walk.see(row)
		})
		if err == nil {
			codes, err = s.store.selectCodes(ctx, tx)
		}
		return err
	})
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	for _, broken := range walk.end() {
		answer.Breaks = append(answer.Breaks, contract.AuditBreak{Organisation: codes[broken.Organisation], Seq: broken.Seq, Reason: broken.Reason})
	}
	return answer, nil
}
