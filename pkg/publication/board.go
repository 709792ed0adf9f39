package publication

import (
	"context"
	"slices"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/reference"
)

// maxCategories bounds a filter.
const maxCategories = 64

// filter is what a list asks for; a nil or empty field matches all.
type filter struct {
	code                           string
	categories, regions, urgencies []string
	before                         *contract.BoardPlace
	limit                          int
}

// List returns what of a thing is on the board, the newest first, at most the
// limit. It reads nothing but what is public.
func List(ctx context.Context, db *pg.DB, ref *reference.Snapshot, thing contract.Thing, q contract.AskBoard) (contract.Listing[contract.Published], error) {
	listing := contract.Listing[contract.Published]{Items: []contract.Published{}}
	f, err := newFilter(ref, q)
	if err != nil {
		return listing, err
	}
	if listing.Items, err = list(ctx, db, thing, f); err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	return listing, nil
}

func newFilter(ref *reference.Snapshot, q contract.AskBoard) (filter, error) {
	f := filter{before: q.Before}
	if err := checkFilter(ref, q); err != nil {
		return f, err
	}
	var err error
	if f.limit, err = cursor.Limit(q.Limit); err != nil {
		return f, err
	}
	if q.Code != "" {
		f.code, _ = contract.ParseCode(q.Code)
	}
	for _, u := range q.Urgencies {
		f.urgencies = append(f.urgencies, string(u))
	}
	if len(q.Categories) > 0 {
		for _, c := range ref.Categories() {
			if slices.ContainsFunc(q.Categories, func(asked string) bool { return ref.Covers(asked, c.Code) }) {
				f.categories = append(f.categories, c.Code)
			}
		}
	}
	if q.RegionCode != "" {
		for _, r := range ref.Regions() {
			if ref.Within(r.Code, q.RegionCode) {
				f.regions = append(f.regions, r.Code)
			}
		}
	}
	return f, nil
}

func checkFilter(ref *reference.Snapshot, q contract.AskBoard) error {
	c := check.New(ref)
	if _, ok := contract.ParseCode(q.Code); q.Code != "" && !ok {
		return fault.NewNotFound("publication")
	}
	check.EachOf(c, "urgencies", q.Urgencies, contract.Urgencies())
	c.Size("categories", len(q.Categories), 0, maxCategories)
	for i, code := range q.Categories {
		c.Category(check.At("categories", i, ""), code)
	}
	if q.RegionCode != "" {
		c.Region("region_code", q.RegionCode)
	}
	if q.Before != nil && !contract.ValidID(q.Before.ID) {
		c.Add("cursor", check.Malformed)
	}
	return c.Err()
}
