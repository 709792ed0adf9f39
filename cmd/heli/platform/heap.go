package platform

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// heapFloor in bytes is how far the heap may grow in any case before it is
	// collected. A small heap that is collected whenever it doubles costs a tenth
	// of the processor under load; with it the whole process stays within 150 MB.
	heapFloor     = 84 << 20
	heapUsual     = 100 // percent of what is live, Go's default
	heapMost      = 200 // what is live may double before the next look
	heapInterval  = time.Second
	heapSettled   = 10 // intervals after which what only the start needed is given back
	heapLive      = "/gc/heap/live:bytes"
	heapTolerance = 10 // percent that are not worth a change
)

// keepHeap lets the collector rest while little is live, until ctx ends; then it
// returns nil. Where an operator has set GOGC it does nothing.
func keepHeap(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(heapInterval)
	defer ticker.Stop()
	defer debug.SetGCPercent(heapUsual)
	set := heapUsual
	for n := 0; ; n++ {
		if n == heapSettled {
			debug.FreeOSMemory()
		}
		if percent := heapPercent(live()); max(percent-set, set-percent) > heapTolerance {
			debug.SetGCPercent(percent)
			set = percent
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// live returns how many bytes the last collection left.
func live() uint64 {
	sample := []metrics.Sample{{Name: heapLive}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return heapFloor // a runtime that does not tell keeps its own way
	}
	return sample[0].Value.Uint64()
}

// heapPercent returns by how much a heap may grow before it is collected.
func heapPercent(live uint64) int {
	if live == 0 || live >= heapFloor {
		return heapUsual
	}
	return min(max(heapUsual, int(100*(heapFloor-live)/live)), heapMost) //nolint:gosec // all are far below the limit
}
