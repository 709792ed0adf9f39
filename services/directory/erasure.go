package directory

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
)

var erasable = []contract.Thing{contract.ThingRequest, contract.ThingOffer}

// erases says how the audit chain calls the erasure of each.
var erases = map[contract.Thing]contract.Act{contract.ThingRequest: contract.ActEraseRequest, contract.ThingOffer: contract.ActEraseOffer}

func checkErasure(q contract.RecordErasure) error {
	c := check.New(nil)
	check.OneOf(c, "thing", q.Thing, erasable)
	check.ID(c, "subject_id", q.SubjectID)
	c.Text("path", q.Path, 1, maxReason)
	c.Paragraph("reason", q.Reason, 0, maxReason)
	return c.Err()
}

// erasureHash covers the entry before and every field of this one, each with its
// length.
func erasureHash(previous []byte, e contract.Erasure) []byte {
	text := binary.AppendUvarint(nil, uint64(e.Seq))
	for _, field := range []string{
		string(previous), string(e.Thing), e.SubjectID, e.At.UTC().Format(time.RFC3339Nano),
	} {
		text = binary.AppendUvarint(text, uint64(len(field)))
		text = append(text, field...)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// JournalBreak returns the number of the first entry of a whole journal that was
// changed, moved, or does not follow the one before; 0 when none is.
func JournalBreak(entries []contract.Erasure) int64 {
	var previous []byte
	for i, e := range entries {
		if e.Seq != int64(i+1) || !slices.Equal(e.Hash, erasureHash(previous, e)) {
			return int64(i + 1)
		}
		previous = e.Hash
	}
	return 0
}
