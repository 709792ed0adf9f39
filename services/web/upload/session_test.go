package upload

import (
	"context"
	"sync"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/testkit"
)

// agency is a service of offers as far as tables of sessions need one.
type agency struct {
	mu    sync.Mutex
	known map[string]contract.ServiceSession // by source and source_id
	away  bool                               // it cannot be reached from the second session on
}

func (f *field) agency() *agency {
	f.t.Helper()
	a := &agency{known: map[string]contract.ServiceSession{}}
	server, err := bus.NewServer(testkit.Bus(f.t, f.world.Server, "offer"), "offer")
	must(f.t, err)
	f.t.Cleanup(server.Stop)
	must(f.t, bus.Handle(server, contract.OfferRecordSession, a.record))
	must(f.t, bus.Handle(server, contract.OfferVoidSession, a.void))
	return a
}

func (a *agency) record(_ context.Context, q contract.RecordSession) (contract.ServiceSession, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := q.Draft
	if d.People > 1000 && !d.Confirmed {
		return contract.ServiceSession{}, fault.NewInvalid(fault.Field{Location: "people", Code: "unusual"})
	}
	key := d.Source + "/" + d.SourceID
	if first, known := a.known[key]; known {
		first.Repeated = true
		return first, nil
	}
	if a.away && len(a.known) > 0 {
		return contract.ServiceSession{}, fault.NewUnavailable(nil)
	}
	made := contract.ServiceSession{ID: d.ID, Organisation: d.Organisation, HeldOn: d.HeldOn, People: d.People, Minutes: d.Minutes, Mode: d.Mode, Group: d.Group}
	if !q.Try {
		a.known[key] = made
	}
	return made, nil
}

func (a *agency) void(_ context.Context, q contract.VoidSession) (contract.ServiceSession, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, s := range a.known {
		switch {
		case s.ID != q.ID:
		case !q.TakeBack || s.Roster > 0:
			return s, fault.NewConflict("session_touched", "")
		default:
			delete(a.known, key)
			return s, nil
		}
	}
	return contract.ServiceSession{}, fault.NewNotFound("session")
}

// counted is how many sessions count, and how many people they served.
func (a *agency) counted() (sessions, people int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.known {
		sessions, people = sessions+1, people+s.People
	}
	return sessions, people
}

// sessions is a table of somebody's own: two rows alike are two sessions.
const sessions = "日期,服务类型,服务人次,时长,方式,团体\n" +
	"2026年11月2日,ppe,3,50,线上,否\n2026年11月2日,ppe,3,50,线上,否\n2026/11/3,ppe,30,90,上门,是\n" +
	"2026-11-04,ppe,10000,60,线下,是\n2026-11-05,ppe,many,60,线上,否\n2026-11-06,ppe,1,50,瞬移,否\n"

func (f *field) beginSessions(ctx context.Context, u *Uploads, name string) string {
	f.t.Helper()
	id, err := u.Begin(ctx, importer.Sessions, name, []byte(sessions))
	must(f.t, err)
	return id
}

func (f *field) takenIn(ctx context.Context, u *Uploads, id string) Upload {
	f.t.Helper()
	must(f.t, u.Start(ctx, id))
	u.workOnce(f.t.Context())
	done, err := u.Get(ctx, id)
	must(f.t, err)
	if done.State != Done {
		f.t.Fatalf("done = %+v", done)
	}
	return done
}

func TestSessionsAreTriedTakenInAndTakenBack(t *testing.T) {
	t.Parallel()
	f := newField(t)
	a, u, ctx := f.agency(), f.process(), as(t, contract.RoleAgencyLead)
	id := f.beginSessions(ctx, u, "十一月.csv")
	preview, err := u.Try(ctx, id)
	must(t, err)
	if n, _ := a.counted(); n != 0 || !preview.Settled || preview.Counts.Things[importer.Valid] != 3 || preview.Counts.RefusedRows != 3 {
		t.Fatalf("%d stored by the preview %+v", n, preview)
	}
	for i, want := range []string{"people unusual", "people malformed", "mode unknown"} {
		if faults := preview.Rows[i].Faults; len(faults) != 1 || faults[0].Location+" "+faults[0].Code != want {
			t.Errorf("row %d is refused for %+v, want %s", preview.Rows[i].Line, faults, want)
		}
	}
	if done := f.takenIn(ctx, u, id); done.Counts[importer.Created] != 3 || done.Refused != 3 {
		t.Errorf("done = %+v", done)
	}
	if n, people := a.counted(); n != 3 || people != 36 {
		t.Errorf("%d sessions with %d people", n, people)
	}
	// The same table under another name counts once, with what is unusual now.
	again := f.beginSessions(ctx, u, "十一月 (1).csv")
	draft, err := u.Get(ctx, again)
	must(t, err)
	draft.Settings.Confirmed = true
	must(t, u.Set(ctx, again, draft.Settings))
	if done := f.takenIn(ctx, u, again); done.Counts[importer.Created] != 1 || done.Counts[importer.Unchanged] != 3 {
		t.Errorf("again = %+v", done)
	}
	must(t, u.Undo(ctx, id))
	u.workOnce(t.Context())
	if undone, err := u.Get(ctx, id); err != nil || undone.Withdrawn != 3 || undone.Touched != 0 {
		t.Errorf("undone = %+v, %v", undone, err)
	}
	if n, people := a.counted(); n != 1 || people != 10_000 {
		t.Errorf("%d sessions with %d people are left", n, people)
	}
	if done := f.takenIn(ctx, u, f.beginSessions(ctx, u, "十一月.csv")); done.Counts[importer.Created] != 3 {
		t.Errorf("what was taken back is not taken in again: %+v", done)
	}
}

// TestSessionsOutliveACrash counts as its own what an earlier try has stored, and
// leaves alone what somebody has worked on.
func TestSessionsOutliveACrash(t *testing.T) {
	t.Parallel()
	f := newField(t)
	a, u, ctx := f.agency(), f.process(), as(t, contract.RoleAgencyLead)
	id := f.beginSessions(ctx, u, "x.csv")
	must(t, u.Start(ctx, id))
	a.away = true
	u.workOnce(t.Context())
	a.away = false
	f.world.Clock.Advance(inHand)
	u.workOnce(t.Context())
	done, err := u.Get(ctx, id)
	must(t, err)
	if done.State != Done || done.Counts[importer.Created] != 3 || done.Counts[importer.Unchanged] != 0 {
		t.Fatalf("done = %+v", done)
	}
	for key, s := range a.known {
		if s.Group {
			s.Roster = 4
			a.known[key] = s
		}
	}
	must(t, u.Undo(ctx, id))
	u.workOnce(t.Context())
	if got, err := u.Get(ctx, id); err != nil || got.Withdrawn != 2 || got.Touched != 1 {
		t.Errorf("undone = %+v, %v", got, err)
	}
}

func TestOnlyWhoRecordsSessionsBringsThemIn(t *testing.T) {
	t.Parallel()
	f := newField(t)
	f.agency()
	u := f.process()
	if _, err := u.Begin(as(t, contract.RoleHelper), importer.Sessions, "x.csv", []byte(sessions)); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a helper: %v", err)
	}
	ctx := as(t, contract.RoleAgencyLead)
	id := f.beginSessions(ctx, u, "x.csv")
	draft, err := u.Get(ctx, id)
	must(t, err)
	for _, field := range []string{"held_on", "people", "minutes", "category"} {
		s := draft.Settings
		s.Mapping = importer.Guess(importer.Sessions, draft.Columns)
		delete(s.Mapping.Columns, field)
		must(t, u.Set(ctx, id, s))
		if err := u.Start(ctx, id); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Code != field+"_needed" {
			t.Errorf("started without %s: %v", field, err)
		}
	}
}
