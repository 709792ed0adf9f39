package check

import (
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
)

// FigureScope is a checked question for figures: the paths, regions and categories
// that count; nil ones are all.
type FigureScope struct {
	Path       string
	Regions    []string
	Categories []string
	Region     string // the one asked for; empty for the country
}

// Figures checks a question for figures and returns what it is about. The path must
// be within the actor's sight: another is NotFound.
func Figures(ref *reference.Snapshot, a contract.Actor, q contract.AskFigures) (FigureScope, error) {
	s := FigureScope{Path: a.Sight(), Region: q.RegionCode}
	c := New(ref)
	if q.From.IsZero() || q.Until.Sub(q.From) <= 0 || q.Until.Sub(q.From) > contract.MaxFigureDays*24*time.Hour {
		c.Add("from", OutOfRange, "min", 1, "max", contract.MaxFigureDays)
	}
	if _, err := time.LoadLocation(q.TimeZone); err != nil || q.TimeZone == "" {
		c.Add("time_zone", Unknown)
	}
	if !(q.CellDegrees >= 0 && q.CellDegrees <= 20) {
		c.Add("cell_degrees", OutOfRange, "min", 0, "max", 20)
	}
	if q.RegionCode != "" {
		c.Region("region_code", q.RegionCode)
	}
	if q.Category != "" {
		c.Category("category", q.Category)
	}
	c.Token("campaign", q.Campaign)
	if err := c.Err(); err != nil {
		return s, err
	}
	if q.Path != "" {
		if !a.Sees(q.Path) {
			return s, fault.NewNotFound("organisation")
		}
		s.Path = q.Path
	}
	s.Regions, s.Categories = within(ref, q.RegionCode), under(ref, q.Category)
	return s, nil
}

// within returns a region and those in it, nil for none.
func within(ref *reference.Snapshot, region string) []string {
	if above, ok := ref.Region(region); !ok || above.Parent == "" {
		return nil // the country is every region
	}
	var codes []string
	for _, r := range ref.Regions() {
		if ref.Within(r.Code, region) {
			codes = append(codes, r.Code)
		}
	}
	return codes
}

func under(ref *reference.Snapshot, category string) []string {
	if category == "" {
		return nil
	}
	var codes []string
	for _, c := range ref.Categories() {
		if ref.Covers(category, c.Code) {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

// Below returns what gives the region directly below the one asked for in which a
// region lies; the one asked for, where that is unknown.
func (s FigureScope) Below(ref *reference.Snapshot) func(code string) string {
	top := s.Region
	if top == "" {
		for _, r := range ref.Regions() {
			if r.Parent == "" {
				top = r.Code
			}
		}
	}
	return func(code string) string {
		below := top
		for _, above := range ref.Lineage(code) {
			if above == top {
				break
			}
			below = above
		}
		return below
	}
}

// Gather sums counts by the regions directly below the one asked for, in the order
// of their codes. Regions that are unknown stand under the one asked for.
func (s FigureScope) Gather(ref *reference.Snapshot, counts []contract.RegionCount) []contract.RegionCount {
	below := s.Below(ref)
	sums := map[string]contract.RegionCount{}
	for _, one := range counts {
		code := below(one.RegionCode)
		sum := sums[code]
		sums[code] = contract.RegionCount{RegionCode: code, Count: sum.Count + one.Count, Unserved: sum.Unserved + one.Unserved}
	}
	gathered := []contract.RegionCount{}
	for _, r := range ref.Regions() {
		if sum, ok := sums[r.Code]; ok {
			gathered = append(gathered, sum)
		}
	}
	return gathered
}
