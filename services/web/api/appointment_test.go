package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heli/pkg/contract"
)

// answering has a call answered with nothing, and tells what was asked.
func answering[Q, A any](w *world, asked chan<- any, e contract.Endpoint[Q, A]) {
	stub(w, e, func(_ context.Context, q Q) (A, error) {
		asked <- q
		var nothing A
		return nothing, nil
	})
}

func TestAppointmentsAndRostersReachTheirServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := make(chan any, 1)
	answering(w, asked, contract.MatcherSetAppointment)
	answering(w, asked, contract.MatcherAppointment)
	answering(w, asked, contract.MatcherAppointments)
	answering(w, asked, contract.MatcherMove)
	answering(w, asked, contract.OfferSession)
	answering(w, asked, contract.OfferKeepRoster)
	answering(w, asked, contract.OfferRoster)
	since := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		method, path, body string
		want               any
	}{
		{
			http.MethodPut, "/matches/m/appointment",
			`{"start":"2026-03-05T09:00","end":"2026-03-05T10:00","zone":"Asia/Shanghai","place":"Demo street","version":3,"on_behalf_of":"helper"}`,
			contract.SetAppointment{
				MatchID: "m", Start: "2026-03-05T09:00", End: "2026-03-05T10:00", Zone: "Asia/Shanghai", Place: "Demo street", Version: new(int64(3)), OnBehalfOf: "helper",
			},
		},
		{http.MethodGet, "/matches/m/appointment", "", contract.GetByID{ID: "m"}},
		{http.MethodPost, "/matches/m/unschedule", `{"version":3}`, contract.Move{ID: "m", Move: "unschedule", Version: new(int64(3))}},
		{http.MethodGet, "/appointments?since=2026-03-02T01:00:00Z&limit=2", "", contract.ListAppointments{Page: contract.Page{Limit: 2}, Since: &since}},
		{http.MethodGet, "/sessions/s", "", contract.GetByID{ID: "s"}},
		{http.MethodPut, "/sessions/s/roster", `{"names":["张三","李四"]}`, contract.KeepRoster{ID: "s", Names: []string{"张三", "李四"}}},
		{http.MethodPost, "/sessions/s/roster/read", `{"reason":"insurance"}`, contract.ReadRoster{ID: "s", Reason: "insurance"}},
	} {
		got := w.do(ask{method: test.method, path: test.path, credential: coordinatorKey, body: test.body})
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", test.path, got.status, got.body)
		}
		if diff := cmp.Diff(test.want, <-asked, cmpopts.IgnoreFields(contract.Move{}, "Key")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
	for path, body := range map[string]string{
		"/matches/m/appointment": `{"start":"2026-03-05T09:00","end":"2026-03-05T10:00","zone":"Asia/Shanghai","when":"soon"}`,
		"/sessions/s/roster":     `{"people":["x"]}`,
	} {
		if got := w.do(ask{method: http.MethodPut, path: path, credential: coordinatorKey, body: body}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s takes a key that it does not know: %d", path, got.status)
		}
	}
	if got := w.do(ask{method: http.MethodPost, path: "/sessions/s/roster/read", credential: integratorKey, body: `{"reason":"curious"}`}); got.status != http.StatusForbidden || strings.Contains(string(got.body), "张") {
		t.Errorf("an integrator reads names: %d", got.status)
	}
}
