package notify

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// reasonReturned is that mail came back for another reason than that there is no such
// mailbox: it may be full, or its server refuse the message.
const reasonReturned = "returned"

const (
	kindBounce  = "bounce" // separates marks from other values under a blind index
	markLength  = 16
	tokenLength = 26 + 1 + markLength
	maxLocal    = 64 // of an address (RFC 5321, 4.5.3.1.1)
)

// lower is base32 that survives servers that change the case of an address.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// bounceToken names a message in the envelope's sender (VERP): its id, and a mark
// that nobody makes who has not the keys.
func bounceToken(keys *seal.Keys, id contract.MessageID) string {
	parsed, err := uuid.Parse(string(id))
	if err != nil {
		return "" // there are no others
	}
	return lower.EncodeToString(parsed[:]) + "-" + mark(keys.BlindIndex(kindBounce, string(id)))
}

func mark(index string) string {
	sum := sha256.Sum256([]byte(index))
	return lower.EncodeToString(sum[:])[:markLength]
}

// readBounceToken returns the message that a token names, if it is one of ours.
func readBounceToken(keys *seal.Keys, token string) (contract.MessageID, bool) {
	text, given, _ := strings.Cut(strings.ToLower(token), "-")
	raw, err := lower.DecodeString(text)
	if err != nil {
		return "", false
	}
	parsed, err := uuid.FromBytes(raw)
	if err != nil {
		return "", false
	}
	id := contract.MessageID(parsed.String())
	right := slices.ContainsFunc(keys.BlindIndexes(kindBounce, string(id)), func(index string) bool { return mark(index) == given })
	return id, right
}

// returned says what the status of a recipient means for a message (RFC 3463);
// nothing for one that is delivered, or only late. What is wrong with the mailbox is
// final, except that it is full.
func returned(q contract.MailBounce) string {
	switch {
	case !strings.EqualFold(q.Action, "failed"):
		return ""
	case strings.HasPrefix(q.Status, "5.1.") || strings.HasPrefix(q.Status, "5.2.") && q.Status != "5.2.2":
		return reasonBounced
	default:
		return reasonReturned
	}
}

// Bounce notes that a message came back after its server had taken it. Where there
// is no such mailbox, whoever keeps the address is told, and nothing more is sent
// there until it is another; staff hear of it. A message that is not known, or whose
// token is not ours, is NotFound. A repeat changes nothing.
func (s *Service) Bounce(ctx context.Context, q contract.MailBounce) (contract.Empty, error) {
	errUnknown := fault.NewNotFound("message")
	id, ours := readBounceToken(s.keys, q.Token)
	if contract.ActorFrom(ctx).Role != contract.RoleSystem || !ours {
		return contract.Empty{}, errUnknown
	}
	c := check.New(nil)
	check.OneOf(c, "action", strings.ToLower(q.Action), []string{"failed", "delayed", "delivered", "relayed", "expanded"})
	if err := c.Err(); err != nil {
		return contract.Empty{}, err
	}
	reason := returned(q)
	if reason == "" {
		return contract.Empty{}, nil
	}
	sent, err := s.worker.selectSent(ctx, s.worker.db, id)
	if errors.Is(err, sql.ErrNoRows) {
		return contract.Empty{}, errUnknown
	}
	if err != nil {
		return contract.Empty{}, pg.MapContext(ctx, err)
	}
	if reason == reasonBounced && sent.Person != "" {
		if err := s.tellBounced(ctx, sent.Thing, sent.SubjectID, sent.Person); err != nil {
			return contract.Empty{}, err
		}
	}
	return contract.Empty{}, pg.MapContext(ctx, s.bookReturn(ctx, id, reason, q.Status))
}

// bookReturn ends a message that came back, with what it told of, and tells staff of
// a mailbox that is not there.
func (s *Service) bookReturn(ctx context.Context, id contract.MessageID, reason, status string) error {
	return s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		sent, err := s.worker.selectSent(ctx, tx, id)
		if err != nil || sent.State == stateDead {
			return err
		}
		if err := s.worker.returnMessage(ctx, tx, id, reason, statusCode(status), s.now()); err != nil {
			return err
		}
		kind := map[contract.Thing]string{contract.ThingRequest: kindReturned, contract.ThingOffer: kindReturnedOffer}[sent.Thing]
		if reason != reasonBounced || kind == "" {
			return nil
		}
		return s.tellStaff(ctx, tx, kind, sent.SubjectID, sent.OrgPath, sent.Person)
	})
}

// statusCode returns an enhanced status such as 5.1.1 as the number 511; 0 for what
// is none.
func statusCode(status string) int {
	code, digits := 0, 0
	for _, r := range status {
		if r >= '0' && r <= '9' {
			code, digits = code*10+int(r-'0'), digits+1
		}
	}
	if digits != 3 {
		return 0
	}
	return code
}
