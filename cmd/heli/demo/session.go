package demo

import (
	"time"

	"heli/pkg/contract"
)

// What was really done, as the article counted it: person-times of the
// psychological-aid group's experts (S2) and of the joint campaign (S3).
const (
	groupPersonTimes    = 2369
	campaignPersonTimes = 14000
	sessionSource       = "demo-sessions"
	// sessionDays is over how long they were held, until the day before now.
	sessionDays = 60
	// largestRoom is how many people one lecture of the campaign has at most.
	largestRoom = 80
)

// sessions makes those of the group's agencies, one conversation after another,
// and those of the campaign's organisations, of which most are lectures. Each
// part adds up to exactly what was counted.
func sessions(c contract.CampaignDraft, drafts []contract.OrganisationDraft, seed uint64, now time.Time) []contract.SessionDraft {
	m := &meetings{ids: newIDs(seed, streamSessions), seed: seed, now: now}
	agencies := make([]contract.OrganisationDraft, 0, agencyCount)
	joining := make([]contract.OrganisationDraft, 0, joinedCount)
	taking := map[string]bool{}
	for _, code := range c.Organisations {
		taking[code] = true
	}
	for _, d := range drafts {
		if d.ParentCode == psychGroup {
			agencies = append(agencies, d)
		}
		if taking[d.Code] {
			joining = append(joining, d)
		}
	}
	m.hold(groupPersonTimes, agencies, "", func() int { return 1 + m.random.IntN(4) })
	m.hold(campaignPersonTimes, joining, c.Code, func() int { return 1 + m.random.IntN(largestRoom) })
	return m.held
}

// meetings are the sessions made so far.
type meetings struct {
	*ids
	seed uint64
	now  time.Time
	held []contract.SessionDraft
}

// hold makes sessions of organisations in turn until as many people were served.
func (m *meetings) hold(personTimes int, by []contract.OrganisationDraft, campaign string, size func() int) {
	for n := 0; personTimes > 0; n++ {
		served := min(size(), personTimes)
		personTimes -= served
		o := by[n%len(by)]
		d := contract.SessionDraft{
			ID: contract.SessionID(m.next()), Organisation: o.Code, HeldOn: m.day(), Minutes: int64(30 + 10*m.random.IntN(7)),
			People: int64(served), Helpers: 1, Mode: contract.ModeRemote, Group: served > 1, Category: o.Specialties[0],
			RegionCode: o.RegionCode, Campaign: campaign, Source: sessionSource,
		}
		if served > 20 {
			d.Helpers = 2
		}
		d.SourceID = sourceID("session", m.seed, len(m.held))
		m.held = append(m.held, d)
	}
}

func (m *meetings) day() string {
	return m.now.AddDate(0, 0, -1-m.random.IntN(sessionDays)).Format(time.DateOnly)
}
