package request

import (
	"math"
	"slices"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/pkg/word"
)

// Signs that two requests ask for the same, and what each counts. The same phone
// says most; no single other one is enough.
const (
	signPhone    = "phone"
	signText     = "text"
	signPlace    = "place"
	signCategory = "category"
	signTime     = "time"

	weighPhone    = 4.0
	weighText     = 3.0
	weighPlace    = 2.0
	weighCategory = 1.0
	weighTime     = 1.0
)

const (
	// alikeLeast is the score from which a request is shown as a candidate.
	alikeLeast = 0.45
	// phoneLeast is the least score of the same phone: a caller who asks for
	// something else is still the same caller.
	phoneLeast = 0.6

	sameSpan  = 14 * 24 * time.Hour // beyond it the time says nothing
	sameKm    = 20.0                // beyond it the place says nothing
	earthKm   = 6371.0
	nearKm    = 0.3  // is the same place
	sameTown  = 0.7  // of the place, where one has no point
	pairRunes = 2    // of a text compared by pairs of characters
	textRunes = 2000 // of a text are compared
)

// likeness compares two requests. It is the same from both sides.
func likeness(a, b fullRow) contract.Alike {
	signs := []contract.Likeness{
		{Sign: signPhone, Value: truth(samePhone(a, b)), Weight: weighPhone},
		{Sign: signText, Value: sameText(a.requestRow, b.requestRow), Weight: weighText},
		{Sign: signPlace, Value: samePlace(a.requestRow, b.requestRow), Weight: weighPlace},
		{Sign: signCategory, Value: sameCategories(a.Lines.value, b.Lines.value), Weight: weighCategory},
		{Sign: signTime, Value: sameMoment(a.CreatedAt, b.CreatedAt), Weight: weighTime},
	}
	// Without a phone on either side its absence says nothing.
	if a.Contact.PhoneIndex == nil || b.Contact.PhoneIndex == nil {
		signs = signs[1:]
	}
	sum, weight := 0.0, 0.0
	for _, s := range signs {
		sum, weight = sum+s.Value*s.Weight, weight+s.Weight
	}
	score := sum / weight
	if samePhone(a, b) {
		score = max(score, phoneLeast)
	}
	return contract.Alike{Score: score, Signs: signs}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func samePhone(a, b fullRow) bool {
	return a.Contact.PhoneIndex != nil && b.Contact.PhoneIndex != nil && *a.Contact.PhoneIndex == *b.Contact.PhoneIndex
}

func sameMoment(a, b time.Time) float64 {
	apart := a.Sub(b).Abs()
	return max(0, 1-float64(apart)/float64(sameSpan))
}

// samePlace compares points where both have one, else regions.
func samePlace(a, b requestRow) float64 {
	p, q := a.point(), b.point()
	if p == nil || q == nil {
		return sameTown * truth(a.RegionCode == b.RegionCode)
	}
	km := distanceKm(*p, *q)
	if km <= nearKm {
		return 1
	}
	return max(0, 1-km/sameKm)
}

// distanceKm is the great-circle distance (haversine).
func distanceKm(p, q contract.Point) float64 {
	const degree = math.Pi / 180
	dLat, dLon := (q.Lat-p.Lat)*degree/2, (q.Lon-p.Lon)*degree/2
	h := math.Sin(dLat)*math.Sin(dLat) + math.Cos(p.Lat*degree)*math.Cos(q.Lat*degree)*math.Sin(dLon)*math.Sin(dLon)
	return 2 * earthKm * math.Asin(math.Min(1, math.Sqrt(h)))
}

// sameCategories is the share of categories that both ask for.
func sameCategories(a, b []lineRow) float64 {
	of := func(lines []lineRow) map[string]bool {
		set := map[string]bool{}
		for _, l := range lines {
			set[l.Category] = true
		}
		return set
	}
	return dice(of(a), of(b))
}

// sameText compares title and description by their pairs of characters, which need
// no words: Chinese and English alike, and traditional characters as simplified.
func sameText(a, b requestRow) float64 {
	return dice(pairs(a.Title+"\n"+a.Description), pairs(b.Title+"\n"+b.Description))
}

func pairs(text string) map[string]bool {
	set := map[string]bool{}
	for _, part := range strings.Fields(word.Fold(text)) {
		runes := []rune(part)
		for i := 0; i+pairRunes <= len(runes) && len(set) < textRunes; i++ {
			set[string(runes[i:i+pairRunes])] = true
		}
	}
	return set
}

// dice is the Sørensen–Dice coefficient of two sets; 0 where either is empty.
func dice(a, b map[string]bool) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	both := 0
	for key := range a {
		if b[key] {
			both++
		}
	}
	return 2 * float64(both) / float64(len(a)+len(b))
}

// ranked orders candidates, those linked first, then the most alike.
func ranked(all []contract.Alike) []contract.Alike {
	slices.SortStableFunc(all, func(a, b contract.Alike) int {
		switch {
		case a.Linked != b.Linked:
			return int(truth(b.Linked) - truth(a.Linked))
		case a.Score != b.Score:
			return int(math.Copysign(1, b.Score-a.Score))
		default:
			return strings.Compare(string(a.Request.ID), string(b.Request.ID))
		}
	})
	return all
}
