package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/reference"
)

const tagReference = "reference"

func (a *api) addReference() {
	read := func(path, summary string, who audience) operation {
		return operation{method: http.MethodGet, path: path, id: "list_" + path[1:], tag: tagReference, summary: summary, audience: who}
	}
	open := anybody | holders
	add(a, read("/categories", "List the kinds of help", open), a.listCategories)
	add(a, read("/regions", "List regions", open), a.listRegions)
	add(a, read("/items", "List the things of the catalogue", open), a.listItems)
	add(a, read("/organisations", "List your organisation and those below it", keys), a.listOrganisations)
	add(a, operation{
		method: http.MethodGet, path: "/organisations/roll_up", id: "roll_up_organisations", tag: tagReference,
		summary:     "Count your organisation and those below it by place and level",
		description: "By the regions directly below the one asked for; its own stand under its code.",
	}, a.rollUpOrganisations)
	add(a, read("/campaigns", "List joint actions", keys), a.listCampaigns)
	add(a, operation{
		method: http.MethodPost, path: "/campaigns", id: "put_campaign", tag: tagReference,
		summary: "Start a joint action, or add organisations to one", description: "Repeating it changes nothing.",
	}, a.putCampaign)
}

// publicCache lets anybody keep the reference data for five minutes.
const publicCache = "public, max-age=300"

// publicList is a list that is the same for everybody.
type publicList[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         List[T]
}

// cut returns the page of a list that lies in memory, ordered by code.
func cut[T any](all []T, code func(T) string, in PageInput) (*publicList[T], error) {
	var after string
	if _, err := cursor.Decode(in.Cursor, &after); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(x, y T) int { return cmp.Compare(code(x), code(y)) })
	from, _ := slices.BinarySearchFunc(all, after, func(x T, after string) int { return cmp.Compare(code(x), after) })
	if from < len(all) && in.Cursor != "" && code(all[from]) == after {
		from++
	}
	page := List[T]{Items: all[from:min(from+in.Limit, len(all))]}
	if from+in.Limit < len(all) {
		page.NextCursor = cursor.Encode(code(page.Items[len(page.Items)-1]))
	}
	return &publicList[T]{publicCache, page}, nil
}

// kept returns a copy of the elements that pass.
func kept[T any](all []T, pass func(T) bool) []T {
	list := []T{}
	for _, element := range all {
		if pass(element) {
			list = append(list, element)
		}
	}
	return list
}

type categoryFilter struct {
	PageInput
	Parent string `query:"parent" maxLength:"100" doc:"Only those directly below this one"`
}

func (a *api) listCategories(_ context.Context, in *categoryFilter) (*publicList[contract.Category], error) {
	ref, err := a.Reference.Get()
	if err != nil {
		return nil, err
	}
	pass := func(c contract.Category) bool { return in.Parent == "" || c.Parent == in.Parent }
	return cut(kept(ref.Categories(), pass), func(c contract.Category) string { return c.Code }, in.PageInput)
}

type regionFilter struct {
	PageInput
	Parent string `query:"parent" maxLength:"20" doc:"Those directly below this one; left out, all"`
}

func (a *api) listRegions(_ context.Context, in *regionFilter) (*publicList[contract.Region], error) {
	ref, err := a.Reference.Get()
	if err != nil {
		return nil, err
	}
	pass := func(r contract.Region) bool { return in.Parent == "" || r.Parent == in.Parent }
	return cut(kept(ref.Regions(), pass), func(r contract.Region) string { return r.Code }, in.PageInput)
}

type itemFilter struct {
	PageInput
	Category string `query:"category" maxLength:"100" doc:"Only those of this category"`
}

func (a *api) listItems(_ context.Context, in *itemFilter) (*publicList[contract.Item], error) {
	ref, err := a.Reference.Get()
	if err != nil {
		return nil, err
	}
	return cut(itemsOf(ref, in.Category), func(i contract.Item) string { return i.Code }, in.PageInput)
}

func itemsOf(ref *reference.Snapshot, category string) []contract.Item {
	return kept(ref.Items(), func(i contract.Item) bool { return category == "" || i.Category == category })
}

type organisationFilter struct {
	PageInput
	Text      string `query:"q" doc:"A code, or part of a name"`
	Region    string `query:"region" doc:"A region code, with what lies in it"`
	Level     string `query:"level" enum:"province,city,county,community"`
	Specialty string `query:"specialty" doc:"A category, with those below it"`
	Campaign  string `query:"campaign" doc:"Only those that take part"`
	Verified  string `query:"verified" enum:"true,false"`
}

func (a *api) listOrganisations(ctx context.Context, in *organisationFilter) (*answer[List[contract.Organisation]], error) {
	q := contract.ListOrganisations{
		Page: in.page(), Text: in.Text, RegionCode: in.Region, Level: in.Level, Specialty: in.Specialty, Campaign: in.Campaign,
	}
	if in.Verified != "" {
		verified := in.Verified == "true"
		q.Verified = &verified
	}
	listing, err := bus.Call(ctx, a.Bus, contract.DirectoryOrganisations, q)
	return listOf(listing), err
}

type rollUpInput struct {
	Region string `query:"region" doc:"A region code; left out, the country"`
}

func (a *api) rollUpOrganisations(ctx context.Context, in *rollUpInput) (*answer[contract.RollUp], error) {
	counts, err := bus.Call(ctx, a.Bus, contract.DirectoryRollUp, contract.AskRollUp{RegionCode: in.Region})
	return &answer[contract.RollUp]{counts}, err
}

func (a *api) listCampaigns(ctx context.Context, _ *struct{}) (*answer[List[contract.Campaign]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.DirectoryCampaigns, contract.Empty{})
	return listOf(listing), err
}

type campaignInput struct {
	Body contract.CampaignDraft
}

func (a *api) putCampaign(ctx context.Context, in *campaignInput) (*answer[contract.Campaign], error) {
	campaign, err := bus.Call(ctx, a.Bus, contract.DirectoryCampaign, in.Body)
	return &answer[contract.Campaign]{campaign}, err
}
