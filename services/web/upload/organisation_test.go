package upload

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/testkit"
)

// register is a directory as far as tables need one.
type register struct {
	mu    sync.Mutex
	known map[string]contract.Organisation
	away  bool // it cannot be reached from the next registration on
}

func (f *field) directory() *register {
	f.t.Helper()
	r := &register{known: map[string]contract.Organisation{"xian": {Code: "xian", ParentCode: "root", Version: 3}, "weiyang": {Code: "weiyang", ParentCode: "root", Version: 1}}}
	server, err := bus.NewServer(testkit.Bus(f.t, f.world.Server, "directory"), "directory")
	must(f.t, err)
	f.t.Cleanup(server.Stop)
	must(f.t, bus.Handle(server, contract.DirectoryRegister, r.register))
	must(f.t, bus.Handle(server, contract.DirectoryEnd, r.end))
	must(f.t, bus.Handle(server, contract.DirectoryOrganisation, r.one))
	must(f.t, bus.Handle(server, contract.DirectoryOrganisations, r.list))
	return r
}

func (r *register) register(_ context.Context, d contract.OrganisationDraft) (contract.RegisteredOrganisation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return contract.RegisteredOrganisation{}, fault.NewUnavailable(nil)
	}
	if _, known := r.known[d.ParentCode]; !known {
		return contract.RegisteredOrganisation{}, fault.NewNotFound("organisation")
	}
	old, known := r.known[d.Code]
	switch {
	case known && old.ParentCode != d.ParentCode:
		return contract.RegisteredOrganisation{}, fault.NewConflict("parent_fixed", "")
	case known && old.Name == d.Name:
		return contract.RegisteredOrganisation{Organisation: old, Outcome: "unchanged"}, nil
	case known:
		old.Name, old.Version = d.Name, old.Version+1
		r.known[d.Code] = old
		return contract.RegisteredOrganisation{Organisation: old, Outcome: "changed"}, nil
	}
	o := contract.Organisation{ID: d.ID, Code: d.Code, Name: d.Name, ParentCode: d.ParentCode, Version: 1}
	r.known[d.Code] = o
	return contract.RegisteredOrganisation{Organisation: o, Outcome: "created"}, nil
}

func (r *register) end(_ context.Context, q contract.EndOrganisation) (contract.Organisation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.known[q.Code]
	switch {
	case o.EndedAt != nil:
		return o, fault.NewConflict("organisation_ended", "")
	case o.Version != q.Version:
		return o, fault.NewConflict("stale_version", "")
	}
	for _, other := range r.known {
		if other.ParentCode == q.Code && other.EndedAt == nil {
			return o, fault.NewConflict("open_below", "")
		}
	}
	o.EndedAt, o.Version = new(time.Unix(0, 0)), o.Version+1
	r.known[q.Code] = o
	return o, nil
}

func (r *register) one(_ context.Context, q contract.OrganisationByCode) (contract.Organisation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o, known := r.known[q.Code]; known {
		return o, nil
	}
	return contract.Organisation{}, fault.NewNotFound("organisation")
}

func (r *register) list(context.Context, contract.ListOrganisations) (answer contract.Listing[contract.Organisation], err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.known {
		answer.Items = append(answer.Items, o)
	}
	return answer, nil
}

// organisations is a list whose children come before their parents.
const organisations = "机构代码,机构名称,性质,级别,省,市,上级代码\n" +
	"community,示例社区,社区,社区,陕西,西安,county\n" +
	"county,示例区,慈善组织,县级,陕西,西安,\n" +
	"lost,示例,慈善组织,县级,陕西,西安,nobody\n" +
	"weiyang,示例,慈善组织,县级,陕西,西安,county\n" +
	"planet,示例,慈善组织,星球,陕西,西安,\n"

func (f *field) beginOrganisations(ctx context.Context, u *Uploads, content string) string {
	f.t.Helper()
	id, err := u.Begin(ctx, importer.Organisations, "机构.csv", []byte(content))
	must(f.t, err)
	return id
}

func TestOrganisationsAreTriedTakenInAndTakenBack(t *testing.T) {
	t.Parallel()
	f := newField(t)
	r, u, ctx := f.directory(), f.process(), as(t, contract.RoleAdministrator)
	id := f.beginOrganisations(ctx, u, organisations)
	preview, err := u.Try(ctx, id)
	must(t, err)
	if preview.Counts.Things[importer.Valid] != 2 || preview.Counts.RefusedRows != 3 {
		t.Fatalf("preview = %+v", preview)
	}
	for i, want := range []string{"parent_code unknown", "parent_code parent_fixed", "level unknown"} {
		if faults := preview.Rows[i].Faults; len(faults) != 1 || faults[0].Location+" "+faults[0].Code != want {
			t.Errorf("row %d is refused for %+v, want %s", preview.Rows[i].Line, faults, want)
		}
	}
	must(t, u.Start(ctx, id))
	u.workOnce(t.Context())
	done, err := u.Get(ctx, id)
	must(t, err)
	if done.State != Done || done.Counts[importer.Created] != 2 || done.Counts[importer.Refused] != 3 || done.Refused != 3 {
		t.Fatalf("done = %+v", done)
	}
	if o := r.known["county"]; o.ParentCode != "xian" || o.Name != "示例区" {
		t.Errorf("county = %+v", o)
	}
	refused, err := u.Refused(ctx, id)
	must(t, err)
	if len(refused.Rows) != 3 || refused.Rows[1].Faults[0].Code != "parent_fixed" {
		t.Errorf("refused = %+v", refused)
	}
	must(t, u.Undo(ctx, id))
	u.workOnce(t.Context())
	undone, err := u.Get(ctx, id)
	must(t, err)
	if undone.Withdrawn != 2 || undone.Touched != 0 || r.known["county"].EndedAt == nil || r.known["community"].EndedAt == nil {
		t.Errorf("undone = %+v", undone)
	}
}

func TestOrganisationsThatSomebodyHasWorkedOnStay(t *testing.T) {
	t.Parallel()
	f := newField(t)
	r, u, ctx := f.directory(), f.process(), as(t, contract.RoleAdministrator)
	id := f.beginOrganisations(ctx, u, organisations)
	must(t, u.Start(ctx, id))
	u.workOnce(t.Context())
	child := r.known["community"]
	child.Version++ // somebody has changed it, so what stands above it stays too
	r.known["community"] = child
	must(t, u.Undo(ctx, id))
	u.workOnce(t.Context())
	if got, err := u.Get(ctx, id); err != nil || got.Withdrawn != 0 || got.Touched != 2 {
		t.Errorf("undone = %+v, %v", got, err)
	}
}

// TestOrganisationsOutliveACrash takes an organisation back that an earlier
// try has ended, and goes on with a table that was cut short.
func TestOrganisationsOutliveACrash(t *testing.T) {
	t.Parallel()
	f := newField(t)
	r, u, ctx := f.directory(), f.process(), as(t, contract.RoleAdministrator)
	id := f.beginOrganisations(ctx, u, organisations)
	must(t, u.Start(ctx, id))
	r.away = true
	u.workOnce(t.Context())
	r.away = false
	// An earlier try has stored it and died before it could note that.
	r.known["county"] = contract.Organisation{
		ID: contract.OrganisationID(thingID(uuid.MustParse(id), "county")), Code: "county", Name: "示例区", ParentCode: "xian", Version: 1,
	}
	f.world.Clock.Advance(inHand)
	u.workOnce(t.Context())
	done, err := u.Get(ctx, id)
	must(t, err)
	if done.State != Done || done.Counts[importer.Created] != 2 || done.Counts[importer.Unchanged] != 0 {
		t.Fatalf("done = %+v", done)
	}
	must(t, u.Undo(ctx, id))
	if _, err := r.end(ctx, contract.EndOrganisation{Code: "community", Version: 1}); err != nil {
		t.Fatal(err)
	}
	u.workOnce(t.Context())
	if got, err := u.Get(ctx, id); err != nil || got.Withdrawn != 2 {
		t.Errorf("undone = %+v, %v", got, err)
	}
}

func TestOnlyWhoRegistersBringsOrganisationsIn(t *testing.T) {
	t.Parallel()
	f := newField(t)
	f.directory()
	u := f.process()
	if _, err := u.Begin(as(t, contract.RoleCoordinator), importer.Organisations, "x.csv", []byte(organisations)); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a coordinator: %v", err)
	}
	ctx := as(t, contract.RoleAdministrator)
	id := f.beginOrganisations(ctx, u, strings.ReplaceAll(organisations, "机构代码", "甲"))
	if err := u.Start(ctx, id); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Code != "code_needed" {
		t.Errorf("started without a code: %v", err)
	}
}
