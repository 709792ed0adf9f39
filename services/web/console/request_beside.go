package console

import (
	"context"
	"slices"
	"strings"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

// present returns the names of those who have the page of a request open, besides
// the reader; none to those who do not see it as its owner does.
func (c console) present(ctx context.Context, request contract.Request) []string {
	a := contract.ActorFrom(ctx)
	if !a.Sees(request.Path) {
		return nil
	}
	var names []string
	for _, v := range c.Live.Presence.Others(string(request.ID), a.ID()) {
		names = append(names, v.Name)
	}
	return names
}

// timeline gathers all that happened, as far as the reader may know of it.
func (c console) timeline(ctx context.Context, d templates.Desk, request contract.Request, matches []templates.MatchView) []templates.Step {
	ids := make([]contract.MatchID, len(matches))
	for i, m := range matches {
		ids[i] = m.Match.ID
	}
	found := lookUp(ctx, ids, func(ctx context.Context, id contract.MatchID) (contract.Match, error) {
		return bus.Call(ctx, c.Bus, contract.MatcherGet, contract.GetByID{ID: string(id)})
	})
	var whole []contract.Match
	for _, id := range ids {
		if m := found[id]; m != nil {
			whole = append(whole, *m)
		}
	}
	return templates.TimelineOf(d, request, whole, c.readings(ctx, request))
}

// readings are who read the contact; none where the reader may not know, or the
// directory cannot be asked.
func (c console) readings(ctx context.Context, request contract.Request) []contract.Reading {
	a := contract.ActorFrom(ctx)
	if !a.Sees(request.Path) || !access.May(a.Role, access.ReadContact) && !access.May(a.Role, access.ReadAlerts) {
		return nil
	}
	listing, err := bus.Call(ctx, c.Bus, contract.DirectoryReadings, contract.AskReadings{SubjectID: string(request.ID)})
	if err != nil {
		return nil
	}
	return listing.Items
}

// colleagues are who can be mentioned in a note on a request.
func (c console) colleagues(ctx context.Context, request contract.Request) []contract.Colleague {
	listing, err := bus.Call(ctx, c.Bus, contract.DirectoryColleagues, contract.AskColleagues{Path: request.Path})
	if err != nil {
		return nil
	}
	self := contract.ActorFrom(ctx).PersonID
	return slices.DeleteFunc(listing.Items, func(colleague contract.Colleague) bool { return colleague.ID == self })
}

func namesOf(colleagues []contract.Colleague) []string {
	var names []string
	for _, colleague := range colleagues {
		if name := "@" + colleague.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// mentioned returns whom a text names after @: of two names of which one begins
// with the other, the longer one.
func mentioned(text string, colleagues []contract.Colleague) []contract.PersonID {
	longest := slices.Clone(colleagues)
	slices.SortStableFunc(longest, func(a, b contract.Colleague) int { return len(b.Name) - len(a.Name) })
	var people []contract.PersonID
	for _, rest := range strings.Split(text, "@")[1:] {
		name := ""
		for _, colleague := range longest {
			if name == "" && strings.HasPrefix(rest, colleague.Name) {
				name = colleague.Name
			}
			if name != "" && colleague.Name == name && !slices.Contains(people, colleague.ID) {
				people = append(people, colleague.ID)
			}
		}
	}
	return people
}
