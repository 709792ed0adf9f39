package upload

import (
	"context"
	"slices"
	"strings"
	"sync"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// registry tells beforehand what the directory would say to organisations: it knows
// those that the actor sees, and those of the table that would be there by then.
type registry struct {
	bus *bus.Bus

	mu    sync.Mutex
	known map[string]contract.Organisation // by code, folded
}

// readRegistry reads the organisations that who acts sees.
func readRegistry(ctx context.Context, b *bus.Bus) (*registry, error) {
	r := &registry{bus: b, known: map[string]contract.Organisation{}}
	const most = 100 // of one page
	q := contract.ListOrganisations{Page: contract.Page{Limit: most}}
	for {
		page, err := bus.Call(ctx, b, contract.DirectoryOrganisations, q)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Items {
			r.known[strings.ToLower(o.Code)] = o
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return r, nil
		}
	}
}

func (r *registry) look(code string) (contract.Organisation, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, known := r.known[strings.ToLower(code)]
	return o, known
}

// try returns why the directory would refuse a draft, and stores nothing.
func (r *registry) try(ctx context.Context, d contract.OrganisationDraft) error {
	parent, known := r.look(d.ParentCode)
	switch {
	case !known:
		return wrongOrganisation("parent_code", check.Unknown)
	case parent.EndedAt != nil:
		return wrongOrganisation("parent_code", "organisation_ended")
	}
	old, known := r.look(d.Code)
	switch {
	case !known:
		if err := r.tryNew(ctx, d.Code); err != nil {
			return err
		}
	case old.ParentCode == "":
		return wrongOrganisation("code", "root_fixed")
	case old.EndedAt != nil:
		return wrongOrganisation("code", "organisation_ended")
	case !strings.EqualFold(old.ParentCode, d.ParentCode):
		return wrongOrganisation("parent_code", "parent_fixed")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[strings.ToLower(d.Code)] = contract.Organisation{Code: d.Code, ParentCode: d.ParentCode}
	return nil
}

// tryNew refuses a code that somebody has whom the actor does not see.
func (r *registry) tryNew(ctx context.Context, code string) error {
	_, err := bus.Call(ctx, r.bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: code})
	switch {
	case err == nil:
		return wrongOrganisation("code", "code_taken")
	case fault.Is(err, fault.NotFound):
		return nil
	default:
		return err
	}
}

func wrongOrganisation(field, code string) error {
	return fault.NewInvalid(fault.Field{Location: field, Code: code})
}

// refusedField returns a refusal of the directory as one of a field, which a row
// tells in the reader's language.
func refusedField(err error) error {
	at := map[string]string{
		"code_taken": "code", "root_fixed": "code", "organisation_ended": "code", "cycle": "parent_code", "parent_fixed": "parent_code",
		"coordinator_taken": "coordinates",
	}
	if err == nil {
		return nil
	}
	switch code := fault.As(err).Code; {
	case fault.Is(err, fault.NotFound):
		return wrongOrganisation("parent_code", check.Unknown)
	case fault.Is(err, fault.Conflict) && at[code] != "":
		return wrongOrganisation(at[code], code)
	default:
		return err
	}
}

// later is what becomes for now of an organisation below which others live.
const later = "later"

// endOne ends an organisation as it was created. One that an earlier try has ended
// counts as ended.
func (u *Uploads) endOne(ctx context.Context, r row, thing thingRow) (string, error) {
	_, err := bus.Call(ctx, u.bus, contract.DirectoryEnd, contract.EndOrganisation{
		Code: thing.Code, Version: thing.Version, Reason: ReasonOf(r.ID),
	})
	if err == nil {
		return undoneWithdrawn, nil
	}
	switch fault.As(err).Code {
	case "open_below":
		return later, nil
	case "organisation_ended":
		o, err := bus.Call(ctx, u.bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: thing.Code, Seen: true})
		if err == nil && o.Version == thing.Version+1 {
			return undoneWithdrawn, nil
		}
		return undoneOf(err)
	default:
		return undoneOf(err)
	}
}

// takeBackAll takes back what was created, the last first, and what others stand
// below again after those, until nothing changes any more.
func (u *Uploads) takeBackAll(ctx context.Context, r row, h head, created []thingRow) error {
	acting := contract.WithActor(ctx, h.Actor)
	left := slices.Clone(created)
	slices.Reverse(left)
	for len(left) > 0 {
		var waiting []thingRow
		for _, thing := range left {
			undone, err := u.withdraw(acting, r, thing)
			if err != nil {
				return err
			}
			if undone == later {
				waiting = append(waiting, thing)
				continue
			}
			if err := u.noteUndone(ctx, r, thing, undone); err != nil {
				return err
			}
		}
		if len(waiting) == len(left) {
			return u.leaveAlone(ctx, r, waiting)
		}
		left = waiting
	}
	return nil
}

// leaveAlone notes organisations below which somebody else's live.
func (u *Uploads) leaveAlone(ctx context.Context, r row, things []thingRow) error {
	for _, thing := range things {
		if err := u.noteUndone(ctx, r, thing, undoneTouched); err != nil {
			return err
		}
	}
	return nil
}

func (u *Uploads) noteUndone(ctx context.Context, r row, thing thingRow, undone string) error {
	return u.worker.setUndone(ctx, r.ID, thing.N, undone, u.now().Add(inHand))
}
