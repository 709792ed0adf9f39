package plan

import (
	"context"
	"fmt"
	"slices"
)

// Caller is a need that an offer fits, and what a unit of the pair costs.
type Caller struct {
	Need NeedKey
	Cost int64
}

// AddNeed takes a need in and asks the source for its offers. Errors: ErrTaken,
// ErrInvalid, ErrOverflow, ErrSource, ErrCoarse.
func (p *Plan) AddNeed(n Need) error {
	if p.state != exact {
		return ErrCoarse
	}
	if err := p.addNeed(n); err != nil {
		return err
	}
	if err := p.fetch([]NeedKey{n.Key}); err != nil {
		p.forget(int32(n.Key))
		return err
	}
	p.seat(int32(n.Key))
	return p.mend()
}

// RemoveNeed takes a need out; its units serve others. Errors: ErrUnknown, ErrCoarse.
func (p *Plan) RemoveNeed(k NeedKey) error {
	if _, err := p.need(k); err != nil {
		return fmt.Errorf("remove need: %w", err)
	}
	p.unseat(int32(k))
	p.forget(int32(k))
	return p.mend()
}

// SetNeed changes how much a need asks for and what leaving it costs. Errors:
// ErrUnknown, ErrInvalid, ErrOverflow, ErrCoarse.
func (p *Plan) SetNeed(k NeedKey, quantity, price int64) error {
	x, err := p.need(k)
	if err != nil {
		return fmt.Errorf("set need: %w", err)
	}
	if err := p.pay(x.quantity, x.price, quantity, price); err != nil {
		return fmt.Errorf("set need %d: %w", k, err)
	}
	p.unseat(int32(k))
	x.quantity, x.price = quantity, price
	p.seat(int32(k))
	return p.mend()
}

// AddOffer takes an offer in that fits the needs named. Errors: ErrTaken,
// ErrUnknown, ErrInvalid, ErrCoarse.
func (p *Plan) AddOffer(o Offer, callers []Caller) error {
	if p.state != exact {
		return ErrCoarse
	}
	for _, c := range callers {
		if _, err := p.need(c.Need); err != nil {
			return fmt.Errorf("add offer %d: %w", o.Key, err)
		}
		if c.Cost < 0 || c.Cost > MaxCost {
			return fmt.Errorf("add offer %d for need %d: %w: a cost of %d", o.Key, c.Need, ErrInvalid, c.Cost)
		}
	}
	if err := p.addOffer(o); err != nil {
		return err
	}
	b := p.binOf(o.Key)
	p.reach()
	for _, c := range callers {
		p.insert(int32(c.Need), b, int32(c.Cost))
	}
	p.open(b)
	return p.mend()
}

// insert makes a bin a candidate of a need, unless it belongs to those that
// were not looked at. It raises the bin's price so that the need's worth stands.
func (p *Plan) insert(n, b, cost int32) {
	x := &p.needs[n]
	at := len(x.list)
	for at > 0 && p.after(x.list[at-1], b, cost) {
		at--
	}
	if at == len(x.list) && int64(cost) >= x.floor {
		return
	}
	x.list = append(x.list, arc{})
	copy(x.list[at+1:], x.list[at:])
	x.list[at] = arc{b, cost}
	x.scatter()
	p.bins[b].incoming = append(p.bins[b].incoming, arc{n, cost})
	if x.quantity > 0 {
		p.prices[b] = max(p.prices[b], x.worth-int64(cost))
	}
}

func (p *Plan) after(a arc, b, cost int32) bool {
	return a.cost > cost || a.cost == cost && p.bins[a.node].offer > p.bins[b].offer
}

// open fills what a bin has free below its price, all of it, and leaves the bin
// missing the units: where nobody wants them, they come back.
func (p *Plan) open(at int32) {
	b := &p.bins[at]
	for {
		cost, room := b.next()
		if room <= 0 || p.prices[at] <= cost+p.priceOf(b.parent) {
			return
		}
		b.flow += room
		p.unbalance(binNode(at), -room)
		if b.parent != outside {
			p.unbalance(binNode(b.parent), room)
		}
	}
}

// RemoveOffer takes an offer out; its units go elsewhere. Errors: ErrUnknown,
// ErrSource, ErrCoarse.
func (p *Plan) RemoveOffer(k OfferKey) error {
	o, err := p.offer(k)
	if err != nil {
		return fmt.Errorf("remove offer: %w", err)
	}
	at := o.bin
	*o = offer{bin: outside, group: outside}
	if at == outside {
		return nil
	}
	p.evict(at)
	p.reach()
	b := &p.bins[at]
	for _, a := range b.incoming {
		x := &p.needs[a.node]
		x.list = slices.DeleteFunc(x.list, func(c arc) bool { return c.node == at })
		x.scatter()
	}
	b.capacity, b.incoming, b.offer, p.prices[at] = 0, nil, outside, 0
	return p.mend()
}

// evict takes all units of an offer's bin back.
func (p *Plan) evict(at int32) {
	b := &p.bins[at]
	for len(b.users) > 0 {
		n := b.users[len(b.users)-1]
		u := *p.needs[n].used(at)
		p.pair(n, at, u.cost, -u.units)
		p.unbalance(n, u.units)
	}
	if b.parent != outside {
		p.unbalance(binNode(b.parent), -b.flow)
	}
	b.flow = 0
}

// SetCapacity changes how much an offer gives. Errors: ErrUnknown, ErrInvalid, ErrCoarse.
func (p *Plan) SetCapacity(k OfferKey, capacity int64) error {
	o, err := p.offer(k)
	if err != nil {
		return fmt.Errorf("set capacity: %w", err)
	}
	if capacity < 0 {
		return fmt.Errorf("set capacity of offer %d: %w: %d", k, ErrInvalid, capacity)
	}
	o.capacity = min(capacity, Unlimited)
	if o.bin == outside {
		return nil
	}
	b := &p.bins[o.bin]
	b.capacity = o.capacity
	if over := b.flow - b.capacity; over > 0 {
		b.flow -= over
		p.unbalance(binNode(o.bin), over)
		if b.parent != outside {
			p.unbalance(binNode(b.parent), -over)
		}
	}
	p.open(o.bin)
	return p.mend()
}

// mend makes the plan optimal again.
func (p *Plan) mend() error {
	p.settle(context.Background(), Unlimited)
	return p.certify()
}

// need returns a need that the plan holds.
func (p *Plan) need(k NeedKey) (*need, error) {
	if p.state != exact {
		return nil, ErrCoarse
	}
	if k < 0 || int(k) >= len(p.needs) || !p.needs[k].live {
		return nil, fmt.Errorf("need %d: %w", k, ErrUnknown)
	}
	return &p.needs[k], nil
}

// offer returns an offer that the plan holds.
func (p *Plan) offer(k OfferKey) (*offer, error) {
	if p.state != exact {
		return nil, ErrCoarse
	}
	if k < 0 || int(k) >= len(p.offers) || !p.offers[k].live {
		return nil, fmt.Errorf("offer %d: %w", k, ErrUnknown)
	}
	return &p.offers[k], nil
}

// forget empties a need's place. Its units must have been taken back.
func (p *Plan) forget(n int32) {
	x := &p.needs[n]
	p.total -= x.quantity * x.price
	if p.reached {
		for _, a := range x.list {
			in := &p.bins[a.node].incoming
			for i := range *in {
				if (*in)[i].node == n {
					(*in)[i] = (*in)[len(*in)-1]
					*in = (*in)[:len(*in)-1]
					break
				}
			}
		}
	}
	*x = need{}
}
