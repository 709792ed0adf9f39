package reference

import (
	"maps"
	"slices"

	"heli/pkg/contract"
)

// Items returns the things of the catalogue ordered by code, as a copy.
func (s *Snapshot) Items() []contract.Item {
	items := make([]contract.Item, 0, len(s.items))
	for _, code := range slices.Sorted(maps.Keys(s.items)) {
		items = append(items, s.items[code])
	}
	return items
}
