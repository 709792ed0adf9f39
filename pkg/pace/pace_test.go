package pace_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"heli/pkg/pace"
)

const least = 20 * time.Millisecond

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
		p := pace.New(least)
		for n := range 3 {
			began := time.Now()
			if batch := pace.Gather(p, n, make(chan int), 10); !slices.Equal(batch, []int{n}) {
				t.Errorf("gathered %v", batch)
			}
			if waited := time.Since(began); waited != 0 {
				t.Errorf("waited %v", waited)
			}
			<-time.After(least) // by the clock of the test's bubble
		}
	})
}

func TestGathersUntilTheNextMayBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, more := pace.New(least), make(chan int)
		pace.Gather(p, 0, more, 10)
		began := time.Now()
		go send(more, least/5, 2, 3, 4, 5)
		if batch := pace.Gather(p, 1, more, 10); !slices.Equal(batch, []int{1, 2, 3, 4, 5}) {
			t.Errorf("gathered %v", batch)
		}
		if waited := time.Since(began); waited != least {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestFullWaitsForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, more := pace.New(least), make(chan int, 4)
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
		p, more := pace.New(least), make(chan int)
		pace.Gather(p, 0, more, 10)
		close(more)
		began := time.Now()
		if batch := pace.Gather(p, 1, more, 10); !slices.Equal(batch, []int{1}) || time.Since(began) != 0 {
			t.Errorf("gathered %v after %v", batch, time.Since(began))
		}
	})
}
