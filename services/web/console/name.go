package console

import (
	"context"
	"sync"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// nameKept is how long a name of an organisation is shown before it is asked for
// again.
const nameKept = 5 * time.Minute

// nameCache remembers what organisations are called. A name is nobody's secret:
// everybody who signs in may read those of the organisations that own what they see.
type nameCache struct {
	mu    sync.Mutex
	names map[string]heldName // by code
}

type heldName struct {
	name  string
	until time.Time
}

func newNameCache() *nameCache { return &nameCache{names: map[string]heldName{}} }

func (n *nameCache) get(code string, now time.Time) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	held, ok := n.names[code]
	return held.name, ok && now.Before(held.until)
}

func (n *nameCache) put(code, name string, until time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[code] = heldName{name, until}
}

// nameOf returns what an organisation is called, its code while the directory
// cannot be asked.
func (c console) nameOf(ctx context.Context, code string) string {
	if name, ok := c.names.get(code, c.Clock()); ok || code == "" {
		return name
	}
	o, err := bus.Call(contract.WithActor(ctx, contract.System()), c.Bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: code})
	if err != nil {
		return code
	}
	c.names.put(code, o.Name, c.Clock().Add(nameKept))
	return o.Name
}
