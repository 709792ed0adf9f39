package session

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// keptFor is how long an identity is believed without asking again. A change
// that the directory announces ends it at once.
const keptFor = 5 * time.Second

// rememberedFor is how long an identity may still submit while the directory
// cannot be reached: no key is revoked meanwhile, since that goes over the same
// bus, and nobody who enters needs is turned away by an outage.
const rememberedFor = time.Hour

// maxKept bounds the memory of identities.
const maxKept = 10_000

// Identities answers who acts, from the directory, remembered for a few
// seconds. It is safe for concurrent use.
type Identities struct {
	bus   *bus.Bus
	now   func() time.Time
	mu    sync.Mutex
	known map[[sha256.Size]byte]identity
	epoch int // grows with every change, so that an older answer is not kept
}

type identity struct {
	actor contract.Actor
	asked time.Time // when the directory answered
}

// NewIdentities returns identities that ask over the bus. Run keeps them fresh.
func NewIdentities(b *bus.Bus, now func() time.Time) *Identities {
	return &Identities{bus: b, now: now, known: map[[sha256.Size]byte]identity{}}
}

// Run forgets everybody whenever the directory says that a role or key has
// changed, until ctx ends.
func (i *Identities) Run(ctx context.Context) error {
	return i.bus.Listen(ctx, contract.IdentityChanged, func(string, []byte) { i.forget() })
}

// Actor returns who a key or a session's person is. An identity that is
// unknown, ended or revoked is NotFound.
func (i *Identities) Actor(ctx context.Context, q contract.Authenticate) (contract.Actor, error) {
	key := digest(q)
	actor, epoch, ok := i.recall(key)
	if ok {
		return actor, nil
	}
	actor, err := bus.Call(ctx, i.bus, contract.DirectoryAuthenticate, q)
	if fault.Is(err, fault.NotFound) {
		i.drop(key)
	}
	if err != nil {
		return contract.Actor{}, err
	}
	i.keep(key, actor, epoch)
	return actor, nil
}

// Remembered returns who a key or a session's person was when the directory was
// last asked, up to an hour ago. It is for submissions while Actor is
// Unavailable, and for nothing else.
func (i *Identities) Remembered(q contract.Authenticate) (contract.Actor, bool) {
	key := digest(q)
	i.mu.Lock()
	defer i.mu.Unlock()
	found, ok := i.known[key]
	return found.actor, ok && i.now().Before(found.asked.Add(rememberedFor))
}

// digest is what an identity is kept under: a dump of the memory shows no key.
func digest(q contract.Authenticate) [sha256.Size]byte {
	return sha256.Sum256([]byte(q.Key + "\n" + string(q.PersonID) + "\n" + string(q.RoleID)))
}

func (i *Identities) recall(key [sha256.Size]byte) (contract.Actor, int, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	found, ok := i.known[key]
	return found.actor, i.epoch, ok && i.now().Before(found.asked.Add(keptFor))
}

func (i *Identities) keep(key [sha256.Size]byte, actor contract.Actor, epoch int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if epoch != i.epoch {
		return
	}
	if len(i.known) >= maxKept {
		clear(i.known)
	}
	i.known[key] = identity{actor, i.now()}
}

// drop forgets an identity that the directory does not know any more.
func (i *Identities) drop(key [sha256.Size]byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.known, key)
}

func (i *Identities) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.epoch++
	clear(i.known)
}
