package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/reference"
)

// Organisations lists the organisations at or below the actor's own, by path.
func (s *Service) Organisations(ctx context.Context, q contract.ListOrganisations) (contract.Listing[contract.Organisation], error) {
	answer := contract.Listing[contract.Organisation]{Items: []contract.Organisation{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadOrganisations); err != nil {
		return answer, err
	}
	e, err := s.edition(ctx)
	if err != nil {
		return answer, err
	}
	f, err := newOrganisationFilter(e.snapshot, actor, q)
	if err != nil {
		return answer, err
	}
	rows, err := s.store.listOrganisations(ctx, f)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	if limit := f.limit - 1; len(rows) > limit {
		rows = rows[:limit]
		answer.NextCursor = cursor.Encode(rows[limit-1].Path)
	}
	for _, row := range rows {
		answer.Items = append(answer.Items, row.message())
	}
	return answer, nil
}

// newOrganisationFilter asks for one more than the page holds, to see whether
// there is a next one.
func newOrganisationFilter(ref *reference.Snapshot, a contract.Actor, q contract.ListOrganisations) (organisationFilter, error) {
	f := organisationFilter{
		path: a.Sight(), text: strings.TrimSpace(q.Text), region: q.RegionCode, level: q.Level,
		campaign: q.Campaign, verified: q.Verified,
	}
	v := check.New(ref)
	if q.Level != "" {
		check.OneOf(v, "level", q.Level, levels())
	}
	if q.Specialty != "" {
		v.Category("specialty", q.Specialty)
		f.specialties = covered(ref, q.Specialty)
	}
	if err := v.Err(); err != nil {
		return f, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return f, err
	}
	f.limit = limit + 1
	_, err = cursor.Decode(q.Cursor, &f.after)
	return f, err
}

// covered returns a category and those below it.
func covered(ref *reference.Snapshot, category string) []string {
	var codes []string
	for _, c := range ref.Categories() {
		if ref.Covers(category, c.Code) {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

// sorted returns the codes once each, in order; never nil.
func sorted(codes []string) []string {
	list := slices.Clone(codes)
	slices.Sort(list)
	return append([]string{}, slices.Compact(list)...)
}

// RollUp counts the organisations at or below the actor's own by level and by
// the regions directly below the one asked for.
func (s *Service) RollUp(ctx context.Context, q contract.AskRollUp) (contract.RollUp, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadOrganisations); err != nil {
		return contract.RollUp{}, err
	}
	e, err := s.edition(ctx)
	if err != nil {
		return contract.RollUp{}, err
	}
	answer := contract.RollUp{RegionCode: q.RegionCode}
	if answer.RegionCode == "" {
		answer.RegionCode = rootRegion
	}
	v := check.New(e.snapshot)
	v.Region("region_code", answer.RegionCode)
	if err := v.Err(); err != nil {
		return contract.RollUp{}, err
	}
	answer.Items, err = s.store.rollUp(ctx, actor.Sight(), answer.RegionCode)
	return answer, pg.MapContext(ctx, err)
}

// honourPlace is where a page of the honour roll begins.
type honourPlace struct {
	Rank int    `json:"r"`
	Name string `json:"n"`
	Code string `json:"c"`
}

// Honours returns a page of the honour roll: the organisations of the codes,
// without anybody's name. The top organisation, which runs the platform, is not
// among them.
func (s *Service) Honours(ctx context.Context, q contract.AskHonours) (contract.Listing[contract.Honour], error) {
	answer := contract.Listing[contract.Honour]{Items: []contract.Honour{}}
	if err := access.Require(contract.ActorFrom(ctx), access.ReadHonours); err != nil {
		return answer, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return answer, err
	}
	after := honourPlace{Rank: -1}
	if _, err := cursor.Decode(q.Cursor, &after); err != nil {
		return answer, err
	}
	rows, err := s.worker.listHonours(ctx, q.Codes, after, limit+1)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		answer.NextCursor = cursor.Encode(honourPlace{Rank: last.Rank, Name: last.Name, Code: last.Code})
	}
	for _, row := range rows {
		answer.Items = append(answer.Items, contract.Honour{
			Name: row.Name, Level: row.Level, RegionCode: row.RegionCode, Specialties: row.Specialties,
		})
	}
	return answer, nil
}

// Campaigns returns all campaigns, by code.
func (s *Service) Campaigns(ctx context.Context, _ contract.Empty) (contract.Listing[contract.Campaign], error) {
	campaigns, err := s.store.listCampaigns(ctx)
	return contract.Listing[contract.Campaign]{Items: campaigns}, pg.MapContext(ctx, err)
}

// Campaign starts a campaign, or renames it, and adds organisations at or below
// the actor's own to it; who takes part already stays. A repeat changes nothing.
func (s *Service) Campaign(ctx context.Context, d contract.CampaignDraft) (contract.Campaign, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManageCampaigns); err != nil {
		return contract.Campaign{}, err
	}
	if err := checkCampaign(d); err != nil {
		return contract.Campaign{}, err
	}
	var campaign contract.Campaign
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		participants, err := s.participants(ctx, tx, actor, d.Organisations)
		if err != nil {
			return err
		}
		if err := s.store.upsertCampaign(ctx, tx, d.Code, d.Name); err != nil {
			return err
		}
		if err := s.store.insertParticipants(ctx, tx, d.Code, participants, s.now()); err != nil {
			return err
		}
		campaign, err = s.store.selectCampaign(ctx, tx, d.Code)
		return err
	})
	return campaign, err
}

// participants returns the ids of organisations; Invalid names each code that
// the actor does not see.
func (s *Service) participants(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, codes []string) ([]string, error) {
	ids := make([]string, 0, len(codes))
	v := check.New(nil)
	for n, code := range codes {
		row, err := s.visible(ctx, tx, actor, code)
		switch {
		case fault.Is(err, fault.NotFound):
			v.Add(check.At("organisations", n, ""), check.Unknown)
		case err != nil:
			return nil, fmt.Errorf("find participant: %w", err)
		default:
			ids = append(ids, row.ID)
		}
	}
	return ids, v.Err()
}
