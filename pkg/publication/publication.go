// Package publication owns what a service shows to everybody of the things it
// owns: the table publications, which both requests and offers have. A row holds
// words that staff wrote or confirmed, a place that is moved, and no amount that
// would tell who asks.
//
// It decides nothing about who may publish, and never copies what somebody wrote
// about themselves.
package publication

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/seal"
	"heli/pkg/word"
)

// Limits of the published words, in characters.
const (
	MaxTitle   = 120
	MaxSummary = 1000
)

// Codes of words that are not for everybody, below "invalid." in the catalogues.
const (
	HoldsContact = "holds_contact"
	HoldsName    = "holds_name"
)

// reachable finds what somebody could be reached by: seven digits or more, however
// they are parted, a mail address, or the name of an account.
var reachable = regexp.MustCompile(`(\d[\s\-().]*){7,}|[\w.+-]+@[\w-]+\.|(微信|vx|wechat|weixin|qq)号?\s*[:：]?\s*[a-z0-9_-]{5,}`)

// date is no phone, though it has as many digits.
var date = regexp.MustCompile(`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}`)

// reaches reports whether a text tells how to reach somebody.
func reaches(text string) bool {
	return reachable.MatchString(date.ReplaceAllString(word.Fold(text), " "))
}

// Check returns an Invalid fault when the words are too long, empty, or tell how
// to reach the person or what they are called.
func Check(q contract.Publish, c contract.Contact) error {
	k := check.New(nil)
	k.Text("title", q.Title, 1, MaxTitle)
	k.Paragraph("summary", q.Summary, 0, MaxSummary)
	for location, text := range map[string]string{"title": q.Title, "summary": q.Summary} {
		switch name := strings.TrimSpace(c.Name); {
		case reaches(text):
			k.Add(location, HoldsContact)
		case utf8.RuneCountInString(name) > 1 && strings.Contains(text, name):
			k.Add(location, HoldsName)
		}
	}
	return k.Err()
}

// fewest is the least amount that is shown as it is: two beds, or the dose for
// three people, may tell a village whose they are.
const fewest = 5

// Line returns a line as everybody may read it.
func Line(category string, unit contract.Unit, quantity *int64) contract.PublishedLine {
	l := contract.PublishedLine{Category: category, Unit: unit, Quantity: quantity}
	if quantity != nil && *quantity < fewest {
		l.Quantity, l.Few = nil, true
	}
	return l
}

// How far a place is moved, in metres, and the metres of a degree of latitude.
const (
	nearestM = 300.0
	farthest = 1000.0
	degreeM  = 111_320.0
)

// pointDecimals keep a point to about 100 m.
const pointDecimals = 1e3

// Near returns a point 300 m to 1 km away, always the same for the same thing: who
// reads it many times learns no more. Without the installation's keys nobody can
// move it back. Nil stays nil.
func Near(keys *seal.Keys, id string, p *contract.Point) *contract.Point {
	if p == nil {
		return nil
	}
	part := func(of string) float64 {
		return float64(keys.WordHash("board "+of+" "+id)>>11) / (1 << 53)
	}
	angle := 2 * math.Pi * part("angle")
	// By the square root a place in the ring is as likely as any other.
	metres := math.Sqrt(nearestM*nearestM + (farthest*farthest-nearestM*nearestM)*part("distance"))
	lat := p.Lat + metres*math.Sin(angle)/degreeM
	lon := p.Lon + metres*math.Cos(angle)/(degreeM*max(0.01, math.Cos(p.Lat*math.Pi/180)))
	return &contract.Point{Lat: rounded(min(90, max(-90, lat))), Lon: rounded(math.Remainder(lon, 360))}
}

func rounded(degrees float64) float64 { return math.Round(degrees*pointDecimals) / pointDecimals }

// categories returns the category of each line, each once.
func categories(lines []contract.PublishedLine) []string {
	codes := []string{}
	for _, l := range lines {
		if !slices.Contains(codes, l.Category) {
			codes = append(codes, l.Category)
		}
	}
	return codes
}
