package platform

import "testing"

func TestHeapPercent(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{
		0: 100, heapFloor / 10: 200, heapFloor / 4: 200, heapFloor * 2 / 5: 150, heapFloor / 2: 100, heapFloor: 100, 10 * heapFloor: 100,
	} {
		if got := heapPercent(live); got != want {
			t.Errorf("with %d live bytes %d percent, want %d", live, got, want)
		}
	}
	if live() == 0 {
		t.Error("the runtime does not tell what is live")
	}
}
