package demo

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/reference"
)

// Streams keep the random numbers of one part from moving with another's.
const (
	streamEntries uint64 = iota + 1
	streamOrganisations
	streamPeople
	streamRegistry
	streamSessions
)

// epoch is the time in the demo's ids, which must not depend on the clock.
var epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

const (
	shaanxi = "610000"
	xian    = "610100"
	// xianShare of the entries are in the capital.
	xianShare = 0.45
	// waiting is how long ago the oldest entry was made.
	waiting = 72 * time.Hour
	// jitterDegrees spreads places around the centre of their district: 2 km.
	jitterDegrees = 0.02
)

// ids are UUIDv7 (RFC 9562) that follow from a seed.
type ids struct {
	random *rand.Rand
	count  int64
}

func newIDs(seed, stream uint64) *ids { return &ids{random: rand.New(rand.NewPCG(seed, stream))} } //nolint:gosec // not a secret

func (i *ids) next() string {
	i.count++
	var id uuid.UUID
	milliseconds := epoch.UnixMilli() + i.count
	for b := range 6 {
		id[b] = byte(milliseconds >> (8 * (5 - b)))
	}
	for b := 6; b < 16; b++ {
		id[b] = byte(i.random.UintN(256))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// generator makes the entries of one scenario.
type generator struct {
	*ids
	ref      *reference.Snapshot
	seed     uint64
	now      time.Time
	capital  []string // districts and counties
	others   []string
	phones   []int
	codes    map[string]bool
	operator contract.Actor
}

func newGenerator(ref *reference.Snapshot, seed uint64, now time.Time) (*generator, error) {
	g := &generator{
		ids: newIDs(seed, streamEntries), ref: ref, seed: seed, now: now,
		codes: map[string]bool{}, operator: coordinator(seed),
	}
	for _, r := range ref.Regions() {
		switch {
		case r.Level != "county":
		case ref.Within(r.Code, xian):
			g.capital = append(g.capital, r.Code)
		case ref.Within(r.Code, shaanxi):
			g.others = append(g.others, r.Code)
		}
	}
	if len(g.capital) == 0 || len(g.others) == 0 {
		return nil, errors.New("generate demo: the reference data has no counties of Shaanxi")
	}
	g.phones = g.random.Perm(10_000)
	return g, nil
}

// entry is what a request and an offer share.
type entry struct {
	region   string
	point    contract.Point
	quantity *int64
	public   bool
	at       time.Time
	title    string
	text     string
}

func (g *generator) entry(k kind, p pattern) entry {
	e := entry{region: g.place(), public: g.random.Float64() < publicShare && !p.staff}
	e.at = g.now.Add(-time.Duration(g.random.Int64N(int64(waiting))))
	e.point = g.point(e.region)
	amount := "若干"
	if p.to > 0 {
		n := p.from + g.random.Int64N(p.to-p.from+1)
		if p.to >= 100 {
			n = n / 10 * 10 // people say round numbers
		}
		e.quantity, amount = &n, fmt.Sprint(n)
	}
	words := []string{"{region}", g.ref.Lineage(e.region)[0], "{community}", pick(g.random, communities), "{n}", amount}
	if region, ok := g.ref.Region(e.region); ok {
		words[1] = region.Names["zh-Hans"]
	}
	for name, choices := range sorted(k.words) {
		words = append(words, "{"+name+"}", pick(g.random, choices))
	}
	fill := strings.NewReplacer(words...)
	e.title, e.text = fill.Replace(p.title), fill.Replace(p.text)
	return e
}

// sorted goes through the words in a fixed order: that of a map would change
// what the random numbers are used for.
func sorted(words map[string][]string) func(func(string, []string) bool) {
	return func(yield func(string, []string) bool) {
		names := make([]string, 0, len(words))
		for name := range words {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, words[name]) {
				return
			}
		}
	}
}

func (g *generator) request(n int, k kind) Request {
	p := k.requests[n/len(kinds())%len(k.requests)]
	e := g.entry(k, p)
	d := contract.RequestDraft{
		Title: e.title, Description: e.text, Urgency: pick(g.random, p.urgencies), Mode: p.mode, RegionCode: e.region,
		NeedLines: []contract.NeedLine{{
			ID: contract.NeedLineID(g.next()), Category: p.category, Quantity: e.quantity, Unit: p.unit,
		}},
		Languages: languages(p), Skills: p.skills, Safeguards: p.safeguards, Vulnerability: p.vulnerable,
		Windows: p.windows, Campaign: "resource-sharing", TimeZone: "Asia/Shanghai", Contact: g.contact(),
		Consent: consent(), Source: scenarioSource, SourceID: sourceID("request", g.seed, n),
	}
	if p.mode == contract.ModeOnsite {
		d.Point = &e.point
	}
	r := Request{Actor: contract.Actor{Role: contract.RolePublic}}
	if !e.public {
		r.Actor, d.State, d.Sharing = g.operator, "open", contract.SharingNetwork
		d.AtOrganisation = nearest(g.ref.Lineage(e.region))
	}
	r.Submit = contract.SubmitRequest{ID: contract.RequestID(g.next()), Code: g.code(), Draft: d, SubmittedAt: e.at}
	return r
}

func (g *generator) offer(n int, k kind) Offer {
	return g.offerOf(n, k, k.offers[n/len(kinds())%len(k.offers)])
}

func (g *generator) offerOf(n int, k kind, p pattern) Offer {
	e := g.entry(k, p)
	d := contract.OfferDraft{
		Title: e.title, Description: e.text, Mode: p.mode, RegionCode: e.region,
		OfferLines: []contract.OfferLine{{
			ID: contract.OfferLineID(g.next()), Category: p.category,
			Capacity: contract.Capacity{Quantity: e.quantity, Unit: p.unit, Per: period(p)},
		}},
		Languages: languages(p), Skills: p.skills, Safeguards: p.safeguards, Windows: p.windows,
		TimeZone: "Asia/Shanghai", Sharing: contract.SharingNetwork, Contact: g.contact(), Consent: consent(),
		Source: scenarioSource, SourceID: sourceID("offer", g.seed, n),
	}
	if p.credential != "" {
		d.Credentials = []contract.Credential{{
			Kind: p.credential, Number: fmt.Sprintf("示例-%06d", g.random.IntN(1_000_000)), Issuer: "示例发证机构",
		}}
	}
	if p.radiusKM > 0 {
		metres := p.radiusKM * 1000
		d.Point, d.RadiusM = &e.point, &metres
	}
	o := Offer{Actor: contract.Actor{Role: contract.RolePublic}}
	if !e.public {
		o.Actor, d.State, d.Vouched = g.operator, "available", true
		d.Organisation = p.agency
		if d.Organisation == "" {
			d.Organisation = nearest(g.ref.Lineage(e.region))
		}
	}
	o.Submit = contract.SubmitOffer{ID: contract.OfferID(g.next()), Code: g.code(), Draft: d, SubmittedAt: e.at}
	return o
}

func period(p pattern) contract.Period {
	if p.per == "" {
		return contract.PerTotal
	}
	return p.per
}

func languages(p pattern) []string {
	if len(p.languages) == 0 {
		return []string{"zh"}
	}
	return p.languages
}

func consent() contract.Consent {
	return contract.Consent{Version: "demo", Purposes: []string{"matching", "contact"}}
}

func (g *generator) place() string {
	if g.random.Float64() < xianShare {
		return pick(g.random, g.capital)
	}
	return pick(g.random, g.others)
}

// point is somewhere around the centre of a region, to 4 decimals.
func (g *generator) point(region string) contract.Point {
	p, _ := g.ref.PointOf(region)
	near := func(degrees float64) float64 {
		return math.Round((degrees+(2*g.random.Float64()-1)*jitterDegrees)*1e4) / 1e4
	}
	return contract.Point{Lat: near(p.Lat), Lon: near(p.Lon)}
}

// contact is of somebody invented, with a number of its own from a range that
// rings nowhere.
func (g *generator) contact() contract.Contact {
	number := g.phones[0]
	g.phones = g.phones[1:]
	return contract.Contact{
		Name:  invented(g.random),
		Phone: fmt.Sprintf("%s%04d", check.DemoPhone, number),
	}
}

// code is a short code with its check letter, which it finds by trying.
func (g *generator) code() string {
	for {
		letters := make([]byte, 8)
		for i := range letters {
			letters[i] = codeLetters[g.random.IntN(len(codeLetters))]
		}
		for i := range len(codeLetters) {
			code, ok := contract.ParseCode(string(letters) + codeLetters[i:i+1])
			if ok && !g.codes[code] {
				g.codes[code] = true
				return code
			}
		}
	}
}

const codeLetters = "34679ACDEFGHJKMNPQRTWXY"

func pick[T any](random *rand.Rand, choices []T) T { return choices[random.IntN(len(choices))] }
