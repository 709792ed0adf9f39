package replay

import (
	"cmp"
	"container/heap"
	"context"
	"time"

	"heli/services/matcher/rank"
)

// kind is what happens, in the order in which it does at the same moment: what
// ends makes no way for what arrives then, and a plan sees all of it.
type kind int

const (
	offerEnds kind = iota
	needEnds
	weekBegins
	periodBegins
	offerBegins
	needArrives
	answersCome
	planDue
)

// event is something that happens to a need line or an offer line.
type event struct {
	at   time.Time
	kind kind
	id   string
}

func (e event) compare(f event) int {
	return cmp.Or(e.at.Compare(f.at), cmp.Compare(e.kind, f.kind), cmp.Compare(e.id, f.id))
}

// queue holds what is to happen. The zero queue is empty.
type queue struct{ events eventHeap }

func (q *queue) add(e event) { heap.Push(&q.events, e) }

// next removes the first event; false when there is none.
func (q *queue) next() (event, bool) {
	if len(q.events) == 0 {
		return event{}, false
	}
	return heap.Pop(&q.events).(event), true //nolint:errcheck // the heap holds nothing else
}

// eventHeap implements heap.Interface.
type eventHeap []event

func (h eventHeap) Len() int           { return len(h) }
func (h eventHeap) Less(i, j int) bool { return h[i].compare(h[j]) < 0 }
func (h eventHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) } //nolint:errcheck // only add calls it

// Pop implements heap.Interface.
func (h *eventHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// take lets an event happen.
func (r *run) take(ctx context.Context, e event) error {
	switch e.kind {
	case needArrives:
		r.arrive(r.needOf[needID(e.id)])
	case answersCome:
		r.answered(r.needOf[needID(e.id)])
	case needEnds:
		r.leave(r.needOf[needID(e.id)])
	case offerBegins:
		r.begin(r.lineOf[lineID(e.id)])
	case offerEnds:
		r.end(r.lineOf[lineID(e.id)])
	case periodBegins:
		r.renew(r.lineOf[lineID(e.id)])
	case weekBegins:
		r.forgetLoad()
	case planDue:
		return r.plan(ctx, r.desks[rank.Mode(e.id)])
	}
	return nil
}
