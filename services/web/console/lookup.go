package console

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// lookUpAtOnce is how many things are asked for at the same time.
const lookUpAtOnce = 16

// lookUp gets things by id, each once. Those that the reader may not see, or
// that cannot be had now, are left out: what names them says so.
func lookUp[ID comparable, T any](ctx context.Context, ids []ID, get func(context.Context, ID) (T, error)) map[ID]*T {
	var group errgroup.Group
	group.SetLimit(lookUpAtOnce)
	var mu sync.Mutex
	found, asked := map[ID]*T{}, map[ID]bool{}
	for _, id := range ids {
		if asked[id] {
			continue
		}
		asked[id] = true
		group.Go(func() error {
			thing, err := get(ctx, id)
			if err != nil {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			found[id] = &thing
			return nil
		})
	}
	_ = group.Wait() // no task returns an error
	return found
}
