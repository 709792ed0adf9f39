//go:build crash

package crash

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// hits counts how often the armed place was reached. It is the state of a
// process that exists in order to die, and is in no program that is delivered.
var hits atomic.Int64

// Point kills the process, without any deferred function or signal handler,
// when HELI_CRASH names this place and this is the hit it asks for.
func Point(name string) {
	place, nth, err := parse(os.Getenv("HELI_CRASH"))
	if err != nil {
		panic(err)
	}
	if name != place || hits.Add(1) != nth {
		return
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(fmt.Errorf("kill own process: %w", err))
	}
	select {} // nothing after this place may run while the signal arrives
}

// parse splits "place:nth"; nth is 1 when left out.
func parse(setting string) (place string, nth int64, err error) {
	place, count, counted := strings.Cut(setting, ":")
	if !counted {
		return place, 1, nil
	}
	nth, err = strconv.ParseInt(count, 10, 64)
	if err != nil || nth < 1 {
		return "", 0, fmt.Errorf("read HELI_CRASH %q: want place or place:nth", setting)
	}
	return place, nth, nil
}
