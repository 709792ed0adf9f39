package index

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"heli/services/matcher/rank"
)

// drawTraits makes rows with few of the many bits, or with all of a word.
func drawTraits(t *rapid.T, label string, most int) []traits {
	word := rapid.OneOf(rapid.Uint64(), rapid.Just(uint64(0)), rapid.Just(^uint64(0)), rapid.Map(rapid.IntRange(0, 63), func(i int) uint64 { return 1 << i }))
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) traits {
		return traits{
			marks{word.Draw(t, "skills"), word.Draw(t, "tags")},
			rank.Hours{word.Draw(t, "hours"), word.Draw(t, "hours"), word.Draw(t, "hours") & rank.AllHours()[2]},
		}
	}), 1, most).Draw(t, label)
}

// sliced returns a block that has nothing but the traits of one tree.
func sliced(all []traits) *block {
	b := &block{}
	b.trees[shelfNear].count = len(all)
	b.setBits(all)
	return b
}

func TestBitmapsGiveTheTraitsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := drawTraits(t, "rows", (fanOut+2)*leafRows)
		if d := gocmp.Diff(all, sliced(all).allTraits(), gocmp.AllowUnexported(traits{}, marks{})); d != "" {
			t.Fatal(d)
		}
	})
}

// TestALeafAnswersAsItsRowsDo in both directions: the marks are admitted, and the
// hours counted, for all rows of a leaf at once as for each alone.
func TestALeafAnswersAsItsRowsDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := drawTraits(t, "rows", (fanOut+2)*leafRows)
		asks := drawTraits(t, "question", 1)[0]
		p := &probe{
			reverse: rapid.Bool().Draw(t, "reverse"), marks: asks.marks, hours: asks.hours,
			ageless: rapid.Bool().Draw(t, "ageless"),
		}
		if !p.reverse {
			p.marks.tags &^= tongueMask
		}
		p.tongue = rapid.SampledFrom([]uint64{0, 1, 6, asks.tags & tongueMask}).Draw(t, "tongue")
		b := sliced(all)
		l := &predicate{}
		l.prepareFor(p, b)
		tree := &b.trees[shelfNear]
		for leaf := range leaves(len(all)) {
			begin, n := tree.rows(leaf)
			found := tree.full(leaf / fanOut)
			l.admit(b.group(tree, leaf), &found)
			admitted := found[leaf%fanOut]
			meeting, tally := l.common(b.group(tree, leaf), leaf%fanOut, admitted)
			for row := range leafRows {
				wanted := row < n && p.admits(&all[begin+row].marks)
				hours := 0
				if wanted {
					hours = p.common(&all[begin+row].hours)
				}
				if hours > 7 {
					hours = manyHours
				}
				if got := admitted>>row&1 == 1; got != wanted {
					t.Fatalf("row %d admitted %v, want %v", begin+row, got, wanted)
				}
				if got := meeting>>row&1 == 1; got != (hours > 0) || got && tally.of(row) != hours {
					t.Fatalf("row %d meets %v for %d hours, want %d", begin+row, got, tally.of(row), hours)
				}
			}
		}
	})
}

func TestDeathsAreNoted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 200).Draw(t, "rows")
		d, died := newDeaths(rows), map[int]uint64{}
		for row, version := range rapid.MapOf(rapid.IntRange(0, rows-1), rapid.Uint64Range(1, 9)).Draw(t, "died") {
			d.note(row, version)
			died[row] = version
		}
		if int(d.count.Load()) != len(died) {
			t.Fatalf("%d died, want %d", d.count.Load(), len(died))
		}
		for row := range rows {
			if d.version(row) != died[row] || d.alive(row, 5) != (died[row] == 0 || died[row] > 5) {
				t.Fatalf("row %d died in %d, want %d", row, d.version(row), died[row])
			}
			for next := range min(deathRows, rows-row) {
				if got := d.from(row)>>next&1 == 1; got != (died[row+next] != 0) {
					t.Fatalf("row %d from %d died %v", row+next, row, got)
				}
			}
		}
	})
}
