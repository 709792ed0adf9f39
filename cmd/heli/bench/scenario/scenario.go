// Package scenario owns the made-up worlds that the matcher is measured in:
// offers and needs drawn by written laws from a seed, at real places by their
// population. The same name, seed and number give the same row for ever, in
// any order. It never measures and never stores.
package scenario

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/rank"
)

// Names of the scenarios.
const (
	World     = "world"
	China     = "china"
	Dense     = "dense"     // Italy: many offers within reach
	Contended = "contended" // Haiti: more asked for than offered
)

// Options choose a scenario.
type Options struct {
	Name string // World, China, Dense or Contended
	Seed uint64
	// Text gives every row words, so that the text factor has what to weigh.
	Text bool
	// Rare makes every need ask for what about 1 in 10,000 offers has: a rare
	// language, or three common skills at once.
	Rare bool
}

// Scenario makes rows. It is never changed and safe for concurrent use.
type Scenario struct {
	options Options
	places  atlas
	zones   zoneTable
	kinds   zipf // of categories
	words   vocabulary
	moment  rank.Moment
}

// New returns a scenario; an unknown name is an error.
func New(o Options) (*Scenario, error) {
	country, known := map[string]string{World: "", China: "CN", Dense: "IT", Contended: "HT"}[o.Name]
	if !known {
		return nil, fmt.Errorf("scenario %q is not one of world, china, dense and contended", o.Name)
	}
	places, err := readPlaces(country)
	if err != nil {
		return nil, err
	}
	zones, err := loadZones()
	if err != nil {
		return nil, err
	}
	return &Scenario{
		options: o, places: places, zones: zones,
		kinds: newZipf(categories, categoryExponent), words: newVocabulary(), moment: newMoment(places),
	}, nil
}

// Size returns how many offers and needs the scenario has where nobody says.
func (s *Scenario) Size() (offers, needs int) {
	if s.options.Name == Contended {
		return 50_000, 100_000
	}
	return 1_000_000, 100_000
}

// Moment returns the time, the reference data and the policy: the default
// one, without the load of organisations, and without text where no row has
// words. Nobody was refused.
func (s *Scenario) Moment() rank.Moment {
	at := s.moment
	at.Policy.Weights.OrganisationLoad = 0
	if !s.options.Text {
		at.Policy.Weights.Text = 0
	}
	return at
}

// newMoment is a Wednesday that is not on the hour.
func newMoment(places atlas) rank.Moment {
	regions := make([]contract.Region, 0, len(places.countries))
	for _, c := range places.countries {
		regions = append(regions, contract.Region{Code: c, Level: "country"})
	}
	kinds := make([]contract.Category, categories)
	for i := range kinds {
		kinds[i] = contract.Category{Code: category(i), Units: []contract.Unit{unit}}
	}
	return rank.Moment{
		Now:       time.Date(2026, time.November, 25, 4, 17, 0, 0, time.UTC),
		Policy:    rank.Default(),
		Reference: reference.NewSnapshot(contract.Reference{Version: 1, Regions: regions, Categories: kinds}),
	}
}

// Offers yields the first n offers.
func (s *Scenario) Offers(n int) iter.Seq[rank.Offer] { return first(n, s.Offer) }

// Needs yields the first n needs.
func (s *Scenario) Needs(n int) iter.Seq[rank.Need] { return first(n, s.Need) }

func first[T any](n int, row func(int) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range n {
			if !yield(row(i)) {
				return
			}
		}
	}
}

// Kinds of rows have draws of their own.
const (
	offerDraws uint64 = iota
	needDraws
)

func (s *Scenario) draws(kind uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(s.options.Seed<<1|kind, uint64(i))) //nolint:gosec // reproducible on purpose
}

// id returns a well-formed UUID that tells what it is the id of.
func id(kind byte, i int) string { return fmt.Sprintf("0190%02x00-0000-7000-8000-%012x", kind, i) }

// OfferIDs are the ids of an offer line and its offer.
type OfferIDs struct {
	Line  contract.OfferLineID
	Offer contract.OfferID
}

// OfferIDs returns the ids of offer number i.
func (s *Scenario) OfferIDs(i int) OfferIDs {
	return OfferIDs{contract.OfferLineID(id(1, i)), contract.OfferID(id(2, i))}
}

// OfferNumber returns the number of the offer with an id.
func (s *Scenario) OfferNumber(id contract.OfferID) (int, error) {
	var i int
	if _, err := fmt.Sscanf(string(id), "01900200-0000-7000-8000-%12x", &i); err != nil || s.OfferIDs(i).Offer != id {
		return 0, fmt.Errorf("%q is the id of no offer of a scenario", id)
	}
	return i, nil
}

// NeedIDs are the ids of a need line and its request.
type NeedIDs struct {
	Line    contract.NeedLineID
	Request contract.RequestID
}

// NeedIDs returns the ids of need number i.
func (s *Scenario) NeedIDs(i int) NeedIDs {
	return NeedIDs{contract.NeedLineID(id(3, i)), contract.RequestID(id(4, i))}
}

// Offer returns offer number i.
func (s *Scenario) Offer(i int) rank.Offer {
	r := s.draws(offerDraws, i)
	p := s.places.draw(r)
	kind := s.kinds.draw(r)
	quality := r.Float64()
	asks := int64(qualityAsks)
	yes := int64(quality*qualityAsks + 0.5)
	o := rank.Offer{
		ID: s.OfferIDs(i).Line, OfferID: s.OfferIDs(i).Offer,
		Path: "root/", Sharing: contract.SharingNetwork, Available: true,
		Category: category(kind), Free: new(1 + r.Int64N(5)), Unit: unit, Per: contract.PerTotal,
		Mode: contract.ModeOnsite, Region: p.country, Point: &contract.Point{Lat: p.lat, Lon: p.lon},
		Languages: s.languages(r, p.country), Skills: skills(r, 1+r.IntN(3)),
		Schedule: s.schedule(r, p, 5+r.IntN(36), 8), Response: rank.Response{Asked: asks, Accepted: yes, Done: yes},
	}
	if r.IntN(10) == 0 {
		o.Mode = contract.ModeRemote
	} else {
		o.RadiusM = new(radiusM(r))
	}
	if s.options.Rare && r.IntN(10_000) == 0 {
		o.Languages = append(slices.Clone(o.Languages), rareLanguage)
	}
	if s.options.Text {
		o.Words = s.words.draw(r, kind)
	}
	return o
}

// Need returns need number i.
func (s *Scenario) Need(i int) rank.Need {
	r := s.draws(needDraws, i)
	p := s.places.draw(r)
	kind := s.kinds.draw(r)
	spoken := s.languages(r, p.country)
	n := rank.Need{
		ID: s.NeedIDs(i).Line, RequestID: s.NeedIDs(i).Request,
		Path: "root/", Sharing: contract.SharingOwn,
		Category: category(kind), Remaining: new(s.quantity(r)), Unit: unit,
		Urgency: contract.Urgencies()[r.IntN(len(contract.Urgencies()))],
		Since:   s.moment.Now.Add(-time.Duration(r.Int64N(int64(72 * time.Hour)))),
		Mode:    needMode(r), Region: p.country, Point: &contract.Point{Lat: p.lat, Lon: p.lon},
		Languages: []string{spoken[r.IntN(len(spoken))]}, Skills: skills(r, r.IntN(3)),
		Schedule: s.schedule(r, p, 1+r.IntN(20), 4),
	}
	if s.options.Rare {
		makeRare(&n, r)
	}
	if s.options.Text {
		n.Words = s.words.draw(r, kind)
	}
	return n
}

func (s *Scenario) quantity(r *rand.Rand) int64 {
	if s.options.Name == Contended {
		return 1 + r.Int64N(2)
	}
	return 1
}

func makeRare(n *rank.Need, r *rand.Rand) {
	if r.IntN(2) == 0 {
		n.Languages = []string{rareLanguage}
		n.Skills = nil
		return
	}
	n.Skills = skills(r, 3)
}
