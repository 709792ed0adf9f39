package api_test

import (
	"context"
	"net/http"
	"testing"

	"heli/pkg/contract"
)

// BenchmarkSubmit is what a submission costs in web, with the way over the bus
// to a service that stores nothing.
func BenchmarkSubmit(b *testing.B) {
	w := newWorld(b)
	stub(w, contract.RequestSubmit, func(_ context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
		return contract.SubmittedRequest{ID: q.ID, Code: q.Code, State: "submitted", NeedLines: q.Draft.NeedLines}, nil
	})
	send := ask{method: http.MethodPost, path: "/requests", key: publicKey, body: goodRequest}
	b.ReportAllocs()
	b.SetParallelism(8) // intake is many at once, who mostly wait for the bus
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r := w.do(send); r.status != http.StatusCreated {
				b.Errorf("status %d: %s", r.status, r.body)
			}
		}
	})
}

// BenchmarkRefuse is the same for a submission whose form is wrong, which is
// looked at in full and goes nowhere.
func BenchmarkRefuse(b *testing.B) {
	w := newWorld(b)
	send := ask{method: http.MethodPost, path: "/requests", key: publicKey, body: `{"colour": "red",` + goodRequest[1:]}
	b.ReportAllocs()
	for b.Loop() {
		if r := w.do(send); r.status != http.StatusUnprocessableEntity {
			b.Fatalf("status %d: %s", r.status, r.body)
		}
	}
}
