package request

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"heli/pkg/check"
	"heli/pkg/contract"
)

// counted compares what the census says with what the statements of before count, in
// everybody's sight, under filters drawn by lot.
func (b *bench) counted(t *testing.T, r *rand.Rand, began time.Time) {
	t.Helper()
	for _, path := range []string{contract.RootPath, shaanxi, xian, hubei} {
		ctx := as(t, contract.RoleCoordinator, path)
		q := contract.AskFigures{
			From: began.Add(-time.Duration(r.IntN(50)) * time.Hour), Until: began.Add(time.Duration(1+r.IntN(400)) * time.Hour),
			TimeZone:   pick(r, "Asia/Shanghai", "UTC", "Asia/Kathmandu", "America/New_York"),
			RegionCode: pick(r, "", "", "610000", "610100", "000000"), Category: pick(r, "", "", "labour", "ppe"), Campaign: pick(r, "", "", "winter", "none"),
			CellDegrees: pick(r, 0, 0.5, 2),
		}
		got, err := b.Figures(ctx, q)
		must(t, err)
		if diff := gocmp.Diff(b.slowly(ctx, t, q), inOrder(got)); diff != "" {
			t.Fatalf("%s sees of %+v (-statements +census):\n%s", path, q, diff)
		}
	}
}

// slowly counts by statements.
func (b *bench) slowly(ctx context.Context, t *testing.T, q contract.AskFigures) contract.RequestFigures {
	t.Helper()
	ref, err := b.reference.Get()
	must(t, err)
	scope, err := check.Figures(ref, contract.ActorFrom(ctx), q)
	must(t, err)
	want, err := b.store.selectFigures(ctx, scope, q, b.now())
	must(t, err)
	want.Regions = scope.Gather(ref, want.Regions)
	return inOrder(want)
}

func inOrder(f contract.RequestFigures) contract.RequestFigures {
	slices.SortFunc(f.Open, func(a, b contract.AgeCount) int {
		return cmp.Or(cmp.Compare(a.Urgency, b.Urgency), cmp.Compare(a.Age, b.Age))
	})
	return f
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// changes are statements on one request, each with what it draws.
func changes(r *rand.Rand, now time.Time) (string, []any) {
	at := now.Add(-pick(r, append(contract.AgeBounds(), time.Duration(r.IntN(40*24*60))*time.Minute)...)) // often on a bound
	switch r.IntN(7) {
	case 0:
		return `UPDATE requests SET region_code = $2 WHERE id = $1`, []any{pick(r, "610000", "610100", "420000")}
	case 1:
		return `UPDATE requests SET org_path = $2 WHERE id = $1`, []any{pick(r, shaanxi, xian, hubei)}
	case 2:
		return `UPDATE requests SET stage = 'closed', state = 'closed', closed_reason = $2, updated_at = $3 WHERE id = $1`,
			[]any{pick(r, "expired", "rejected", "done_by_others"), at}
	case 3:
		return `UPDATE requests SET stage = 'service', state = $2, closed_reason = '' WHERE id = $1`, []any{pick(r, "open", "in_progress", "reopened")}
	case 4:
		return `UPDATE requests SET created_at = $2, urgency = $3, urgency_rank = $4 WHERE id = $1`, []any{at, "soon", r.IntN(5)}
	case 5:
		return `UPDATE requests SET campaign = $2, lat = $3, lon = $4 WHERE id = $1`, []any{pick(r, "", "winter"), r.Float64()*100 - 50, r.Float64()*300 - 150}
	default:
		return `DELETE FROM requests WHERE id = $1`, nil
	}
}

// TestTheCensusCountsWhatStatementsCount changes requests by any statement, in seeds
// that a failure names; after each few the census counts what the statements do.
func TestTheCensusCountsWhatStatementsCount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			b, r := setup(t), rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a failure is to be had again
			began := b.clock.Now()
			var ids []string
			for round := range 12 {
				for range 5 {
					ids = append(ids, string(b.opened(t, func(d *contract.RequestDraft) {
						d.Urgency, d.Campaign = pick(r, contract.Urgencies()...), pick(r, "", "winter")
						d.NeedLines = []contract.NeedLine{{Category: pick(r, "ppe", "labour", "labour.sorting"), Unit: "piece"}, {Category: "ppe", Unit: "piece"}}
						d.RegionCode = pick(r, "610000", "610100", "420000")
					}).ID))
				}
				for range 8 {
					statement, args := changes(r, b.clock.Now())
					_, err := b.admin.ExecContext(t.Context(), `SET search_path = request`)
					must(t, err)
					_, err = b.admin.ExecContext(t.Context(), statement, append([]any{pick(r, ids...)}, args...)...)
					must(t, err)
				}
				b.clock.Advance(time.Duration(r.IntN(2)*r.IntN(600)) * time.Minute)
				if round%4 == 3 {
					b.figures.until.At = b.figures.until.At.Add(-keepChanged) // as after a long silence
				}
				b.counted(t, r, began)
			}
		})
	}
}

// TestTheCensusMissesNoLateCommit holds a change back over a reading that begins and
// ends after it was made: the next reading has it.
func TestTheCensusMissesNoLateCommit(t *testing.T) {
	t.Parallel()
	b, r := setup(t), rand.New(rand.NewPCG(1, 1)) //nolint:gosec // a failure is to be had again
	began := b.clock.Now()
	id := b.opened(t).ID
	b.counted(t, r, began)
	late, err := b.db.BeginTxx(t.Context(), nil)
	must(t, err)
	_, err = late.ExecContext(t.Context(), `UPDATE requests SET region_code = '420000' WHERE id = $1`, id)
	must(t, err)
	for range 3 {
		b.opened(t) // commits before, with a later number
		b.counted(t, r, began)
	}
	must(t, late.Commit())
	b.counted(t, r, began)
	must(t, b.worker.forgetChanged(t.Context(), 0))
	b.counted(t, r, began)
}

// TestDaysAreThoseOfTheZone counts by days of 23, 24 and 25 hours.
func TestDaysAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/New_York", "Asia/Kathmandu", "Africa/Cairo", "America/Sao_Paulo"} {
		zone, err := time.LoadLocation(name)
		must(t, err)
		from := time.Date(2018, 1, 1, 5, 17, 0, 0, time.UTC)
		d := daysOf(from, from.AddDate(0, 0, 366), zone)
		for at := from; at.Before(from.AddDate(0, 0, 366)); at = at.Add(13 * time.Minute) {
			if got, want := d.name(d.of(at.UnixMicro())), at.In(zone).Format(time.DateOnly); got != want {
				t.Fatalf("%v in %s is on %s, want %s", at, name, got, want)
			}
		}
	}
}
