// Package reference owns look-ups in the slowly changing data that all
// services work with: regions, categories, items, units and who coordinates a
// region. It is pure; the directory service owns the data and pkg/app keeps a
// snapshot of it fresh.
package reference

import (
	"maps"
	"slices"
	"strings"

	"heli/pkg/contract"
)

// Snapshot answers questions about one version of the reference data. It is
// never changed and safe for concurrent use.
type Snapshot struct {
	version      int64
	root         contract.OrganisationRef
	regions      map[string]contract.Region
	categories   map[string]contract.Category
	items        map[string]contract.Item
	aliases      map[string]string // folded name → item code
	coordinators map[string]contract.OrganisationRef
	regionList   []contract.Region
	categoryList []contract.Category
}

// NewSnapshot indexes a reference document.
func NewSnapshot(doc contract.Reference) *Snapshot {
	s := &Snapshot{
		version: doc.Version, root: doc.Root,
		regions:      byCode(doc.Regions, func(r contract.Region) string { return r.Code }),
		categories:   byCode(doc.Categories, func(c contract.Category) string { return c.Code }),
		items:        byCode(doc.Items, func(i contract.Item) string { return i.Code }),
		aliases:      itemAliases(doc.Items),
		coordinators: maps.Clone(doc.Coordinators),
		regionList:   doc.Regions, categoryList: doc.Categories,
	}
	return s
}

func byCode[T any](list []T, code func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, v := range list {
		m[code(v)] = v
	}
	return m
}

func itemAliases(items []contract.Item) map[string]string {
	m := map[string]string{}
	for _, item := range items {
		for _, name := range item.Names {
			m[Fold(name)] = item.Code
		}
		for _, alias := range item.Aliases {
			m[Fold(alias)] = item.Code
		}
	}
	return m
}

// Fold returns a name without case, spaces and dashes, for look-ups.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '　' || r == '_' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// Version returns the version of the data.
func (s *Snapshot) Version() int64 { return s.version }

// Root returns the top organisation.
func (s *Snapshot) Root() contract.OrganisationRef { return s.root }

// Region returns a region by code.
func (s *Snapshot) Region(code string) (contract.Region, bool) {
	r, ok := s.regions[code]
	return r, ok
}

// Regions returns all regions ordered by code. The caller must not change them.
func (s *Snapshot) Regions() []contract.Region { return s.regionList }

// Within reports whether the region lies in the ancestor or is it.
func (s *Snapshot) Within(code, ancestor string) bool {
	return slices.Contains(s.Lineage(code), ancestor)
}

// Lineage returns the region and its ancestors, nearest first; empty for an
// unknown code.
func (s *Snapshot) Lineage(code string) []string {
	var lineage []string
	for len(lineage) < 8 { // deeper than any real tree: a loop in the data ends here
		r, ok := s.regions[code]
		if !ok {
			break
		}
		lineage = append(lineage, r.Code)
		code = r.Parent
	}
	return lineage
}

// Prefecture returns the city-level region that holds the region; the region
// itself when it is above that level.
func (s *Snapshot) Prefecture(code string) string {
	for _, c := range s.Lineage(code) {
		if s.regions[c].Level != "county" {
			return c
		}
	}
	return code
}

// PointOf returns the centre of a region, or of the nearest ancestor that has one.
func (s *Snapshot) PointOf(code string) (contract.Point, bool) {
	for _, c := range s.Lineage(code) {
		if p := s.regions[c].Point; p != nil {
			return *p, true
		}
	}
	return contract.Point{}, false
}

// Category returns a category by code.
func (s *Snapshot) Category(code string) (contract.Category, bool) {
	c, ok := s.categories[code]
	return c, ok
}

// Categories returns all categories in display order. The caller must not change them.
func (s *Snapshot) Categories() []contract.Category { return s.categoryList }

// Covers reports whether an offer in one category serves a need in another:
// the same, or the offer's is an ancestor.
func (s *Snapshot) Covers(offer, need string) bool {
	for range 8 {
		if need == offer {
			return need != ""
		}
		c, ok := s.categories[need]
		if !ok {
			return false
		}
		need = c.Parent
	}
	return false
}

// Item returns an item by code.
func (s *Snapshot) Item(code string) (contract.Item, bool) {
	i, ok := s.items[code]
	return i, ok
}

// ItemNamed returns the item that people call by a name, whatever its case and spaces.
func (s *Snapshot) ItemNamed(name string) (contract.Item, bool) {
	code, ok := s.aliases[Fold(name)]
	if !ok {
		return contract.Item{}, false
	}
	return s.items[code], true
}

// Convert returns how many of unit "to" one of unit "from" holds for an item,
// and false when the catalogue knows no conversion. Equal units convert by 1.
func (s *Snapshot) Convert(item string, from, to contract.Unit) (num, den int64, ok bool) {
	if from == to {
		return 1, 1, true
	}
	i, known := s.items[item]
	if !known {
		return 0, 0, false
	}
	a, okFrom := perBase(i, from)
	b, okTo := perBase(i, to)
	return a, b, okFrom && okTo
}

func perBase(i contract.Item, u contract.Unit) (int64, bool) {
	if u == i.Unit {
		return 1, true
	}
	n, ok := i.Per[u]
	return n, ok && n > 0
}

// Coordinated reports whether an organisation takes the submissions of a region
// itself, not one above it.
func (s *Snapshot) Coordinated(region string) bool {
	_, ok := s.coordinators[region]
	return ok
}

// Coordinator returns the organisation that takes public submissions of a
// region: the nearest upwards that coordinates, in the end the root.
func (s *Snapshot) Coordinator(region string) contract.OrganisationRef {
	for _, code := range s.Lineage(region) {
		if o, ok := s.coordinators[code]; ok {
			return o
		}
	}
	return s.root
}
