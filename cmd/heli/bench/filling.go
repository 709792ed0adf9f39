package bench

import (
	"context"
	"fmt"
	"path"
	"time"

	"heli/cmd/heli/bench/scenario"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/services/matcher/rank"
)

// Organisations of a filled world. Every tenth offer is out of the asker's
// sight, every other tenth is the asker's own, the rest is shared by the root.
const (
	askerPath  = contract.RootPath + "asker/"
	hiddenPath = contract.RootPath + "hidden/"
	ownEvery   = 10
	ownAt      = 8
	hiddenAt   = 9
	usedEvery  = 20 // every so many offers have a past match
	usedAt     = 3
	batchRows  = 20_000
)

// Filling says what a database is filled with.
type Filling struct {
	Scenario scenario.Options
	Offers   int
	Needs    int
}

// Fill makes the matcher know a scenario's offers and open needs, as if their
// facts had been heard an hour ago: it writes the projections, past matches of
// some offers, and the categories and regions of the scenario. It goes on where
// an earlier fill of the same scenario stopped, and refuses another scenario.
// progress is told of the rows that a table has.
func Fill(ctx context.Context, db *pg.DB, f Filling, progress func(table string, rows int)) error {
	world, err := scenario.New(f.Scenario)
	if err != nil {
		return err
	}
	if err := beginFilling(ctx, db, fmt.Sprintf("%+v", f), world.Moment()); err != nil {
		return err
	}
	then := time.Now().Add(-time.Hour).UTC()
	tables := []filledTable{
		{"matcher.offers", f.Offers, func(from, to int) (batch, error) { return offerBatch(world, from, to, then) }},
		{"matcher.requests", f.Needs, func(from, to int) (batch, error) { return needBatch(world, from, to, then) }},
	}
	for _, t := range tables {
		if err := t.fill(ctx, db, progress); err != nil {
			return err
		}
	}
	return settleTables(ctx, db)
}

// filledTable is a table that is filled batch by batch.
type filledTable struct {
	name string
	all  int
	rows func(from, to int) (batch, error)
}

// fill adds the batches that are not there yet.
func (t filledTable) fill(ctx context.Context, db *pg.DB, progress func(table string, rows int)) error {
	done, err := countRows(ctx, db, t.name)
	for err == nil && done < t.all {
		next := min(done+batchRows, t.all)
		var rows batch
		if rows, err = t.rows(done, next); err != nil {
			break
		}
		if err = copyBatch(ctx, db, rows); err == nil {
			progress(t.name, next)
		}
		done = next
	}
	return err
}

// Size completes a filling with the scenario's own number of offers.
func (f Filling) Size() (Filling, error) {
	world, err := scenario.New(f.Scenario)
	if err == nil && f.Offers == 0 {
		f.Offers, _ = world.Size()
	}
	return f, err
}

// placed gives an offer to the organisation that its number says.
func placed(o rank.Offer, i int) rank.Offer {
	switch i % ownEvery {
	case ownAt:
		o.Path, o.Sharing = askerPath, contract.SharingOwn
	case hiddenAt:
		o.Path, o.Sharing = hiddenPath, contract.SharingOwn
	}
	return o
}

// projectedOffer is what the offer service would tell of an offer.
func projectedOffer(o rank.Offer) contract.ProjectedOffer {
	capacity := contract.LineWords{ID: string(o.ID), Category: o.Category, Quantity: o.Free, Unit: o.Unit, Per: o.Per}
	return contract.ProjectedOffer{
		OfferID: o.OfferID, Version: 1, Available: true, Organisation: codeOf(o.Path), Path: o.Path, Sharing: o.Sharing,
		Mode: o.Mode, RegionCode: o.Region, Point: o.Point, RadiusM: o.RadiusM, ServiceRegions: []string{},
		Languages: o.Languages, Skills: o.Skills, Safeguards: []string{}, Credentials: []contract.Credential{},
		Windows: windowsOf(o.Schedule), TimeZone: o.Schedule.Zone().String(), PhoneVerified: true,
		Words: o.Words, Lines: []contract.LineWords{capacity},
	}
}

// projectedRequest is what the request service would tell of a request with one
// need line.
func projectedRequest(n rank.Need) contract.ProjectedRequest {
	line := contract.LineWords{ID: string(n.ID), Category: n.Category, Quantity: n.Remaining, Unit: n.Unit}
	return contract.ProjectedRequest{
		RequestID: n.RequestID, Version: 1, Open: true, Suggestable: true, Organisation: codeOf(askerPath), Path: askerPath,
		Sharing: contract.SharingOwn, Urgency: n.Urgency, WaitingSince: n.Since, Mode: n.Mode, RegionCode: n.Region, Point: n.Point,
		Languages: n.Languages, Skills: n.Skills, Safeguards: []string{}, Windows: windowsOf(n.Schedule), TimeZone: n.Schedule.Zone().String(),
		Vulnerability: []string{}, PhoneVerified: true, Words: n.Words, Lines: []contract.LineWords{line},
	}
}

// codeOf returns the code of the organisation with a path.
func codeOf(organisation string) string { return path.Base(organisation) }

// windowsOf writes a schedule as people state it: a window for each day.
func windowsOf(s rank.Schedule) []contract.Window {
	const day = 24 * 60
	windows := []contract.Window{}
	for _, span := range s.Spans() {
		for from, left := span.From(), span.Length(); left > 0; {
			length := min(left, day-from%day)
			windows = append(windows, contract.Window{
				Weekday: from/day%7 + 1, From: clock(from % day), To: clock(from%day + length),
			})
			from, left = from+length, left-length
		}
	}
	return windows
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
