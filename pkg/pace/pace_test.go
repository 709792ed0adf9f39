package pace_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"heli/pkg/pace"
)

const (
	each    = 10 * time.Millisecond
	longest = 40 * time.Millisecond
)

// send hands over numbers, each a while after the one before.
func send(more chan<- int, gap time.Duration, numbers ...int) {
	for _, n := range numbers {
		<-time.After(gap) // by the clock of the test's bubble
		more <- n
	}
}

func TestLoneGoesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(each, longest)
		for n := range 3 {
			began := time.Now()
			if batch := pace.Gather(p, n, make(chan int), 10); !slices.Equal(batch, []int{n}) {
				t.Errorf("gathered %v", batch)
			}
			if waited := time.Since(began); waited != 0 {
				t.Errorf("waited %v", waited)
			}
			<-time.After(each) // by the clock of the test's bubble
		}
	})
}

func TestGathersUntilTheNextMayBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, more := pace.New(each, longest), make(chan int)
		pace.Gather(p, 0, more, 10)
		for _, step := range []struct {
			gap, wait time.Duration
			comes     []int
		}{
			{each / 5, each, []int{2, 3, 4, 5}},        // after one alone
			{longest / 3, longest, []int{2, 3}},        // after five
			{longest, 3 * each, nil},                   // after three
			{longest, each, nil},                       // after one
			{each / 20, each, []int{2, 3, 4, 5, 6, 7}}, // after one
		} {
			began := time.Now()
			go send(more, step.gap, step.comes...)
			if batch, want := pace.Gather(p, 1, more, 10), append([]int{1}, step.comes...); !slices.Equal(batch, want) {
				t.Errorf("gathered %v, want %v", batch, want)
			}
			if waited := time.Since(began); waited != step.wait {
				t.Errorf("waited %v, want %v", waited, step.wait)
			}
		}
	})
}

func TestFullWaitsForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, more := pace.New(each, longest), make(chan int, 4)
		for _, n := range []int{1, 2, 4, 5} {
			more <- n
		}
		began := time.Now()
		for _, want := range [][]int{{0, 1, 2}, {3, 4, 5}} {
			if batch := pace.Gather(p, want[0], more, 3); !slices.Equal(batch, want) {
				t.Errorf("gathered %v, want %v", batch, want)
			}
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestClosedEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, more := pace.New(each, longest), make(chan int)
		pace.Gather(p, 0, more, 10)
		close(more)
		began := time.Now()
		if batch := pace.Gather(p, 1, more, 10); !slices.Equal(batch, []int{1}) || time.Since(began) != 0 {
			t.Errorf("gathered %v after %v", batch, time.Since(began))
		}
	})
}
