package replay

import (
	"maps"
	"slices"
	"time"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

type (
	needID = contract.NeedLineID
	lineID = contract.OfferLineID
)

// line is an offer line while it is played.
type line struct {
	Offer
	shown    rank.Offer // as the index has it
	period   time.Time
	reserved int64 // in the period, by what is played
	on       bool
	ended    bool
	renewing bool      // the next period is queued
	taken    time.Time // the last period that others hold of it
}

func newLine(o Offer) *line {
	l := &line{Offer: o, shown: o.Offer}
	if l.Zone == nil {
		l.Zone = time.UTC
	}
	l.shown.Available = true
	for _, period := range slices.Collect(maps.Keys(o.Taken)) {
		if period.After(l.taken) {
			l.taken = period
		}
	}
	return l
}

// settle sets what is free of the line in the period that a moment falls in.
func (l *line) settle(now time.Time) {
	if period := rank.PeriodStart(l.Per, now, l.Zone); !period.Equal(l.period) {
		l.period, l.reserved = period, 0
	}
	if l.Free != nil {
		l.shown.Free = new(max(*l.Free-l.Taken[l.period]-l.reserved, 0))
	}
}

// free reports whether the line has anything to give.
func (l *line) free() bool { return l.on && (l.shown.Free == nil || *l.shown.Free > 0) }

// show gives the line to the index as it stands, and queues its next period
// where that will free something.
func (r *run) show(l *line) {
	if !l.on {
		return
	}
	l.settle(r.now)
	r.tools.Index.Put(l.shown)
	next, renews := rank.PeriodEnd(l.Per, l.period, l.Zone)
	if !renews || l.renewing || l.Free == nil || l.reserved == 0 && l.period.After(l.taken) {
		return
	}
	l.renewing = true
	r.queue.add(event{at: next, kind: periodBegins, id: string(l.ID)})
}

func (r *run) begin(l *line) {
	if l.ended {
		return
	}
	l.on = true
	r.showLoad(l)
	if l.shown.Load.Used > 0 || l.shown.OrganisationLoad > 0 {
		r.loaded = append(r.loaded, l)
	}
	r.show(l)
	r.offered(l)
}

func (r *run) end(l *line) {
	l.on, l.ended = false, true
	r.tools.Index.Remove(l.ID)
}

func (r *run) renew(l *line) {
	l.renewing = false
	if l.on {
		r.show(l)
		r.offered(l)
	}
}

// showLoad has a line say what its helper and organisation are loaded with.
func (r *run) showLoad(l *line) {
	l.shown.Load.Used, l.shown.Load.Minutes, l.shown.OrganisationLoad = r.asked[l.Helper], r.minutes[l.Helper], r.live[l.Path]
}

// load counts a match of so many minutes for the line's helper and organisation. Every line of the
// helper shows it; the organisation's other lines show it when they next change,
// as in the running matcher.
func (r *run) load(l *line, minutes int64) {
	if len(r.asked)+len(r.live) == 0 {
		week := rank.PeriodStart(contract.PerWeek, r.now, time.UTC)
		r.queue.add(event{at: week.AddDate(0, 0, 7), kind: weekBegins})
	}
	r.live[l.Path]++
	same := []*line{l}
	if l.Helper != "" {
		r.asked[l.Helper]++
		r.minutes[l.Helper] += minutes
		same = r.ofHelper[l.Helper]
	}
	for _, one := range same {
		if !one.on {
			continue
		}
		r.showLoad(one)
		r.loaded = append(r.loaded, one)
		r.show(one)
	}
}

// forgetLoad begins a week: whoever had been asked enough may be asked again.
func (r *run) forgetLoad() {
	clear(r.asked)
	clear(r.minutes)
	clear(r.live)
	rested := r.loaded
	r.loaded = nil
	for _, l := range rested {
		l.shown.Load.Used, l.shown.Load.Minutes, l.shown.OrganisationLoad = 0, 0, 0
		r.show(l)
	}
	for _, l := range rested {
		r.offered(l)
	}
}
