package directory

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestManyReadingsAlertOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registry := prometheus.NewRegistry()
	if err := b.watch(3, registry); err != nil {
		t.Fatal(err)
	}
	xian := b.organisation(t, "xian", "", "610100")
	read := func(role contract.Role, key string) {
		t.Helper()
		e := contract.AuditEntry{Key: key, Action: contract.ActReadRequestContact, SubjectID: "s-" + key, Path: xian.Path, Reason: "回访"}
		if _, err := b.Audit(as(t, role, xian), e); err != nil {
			t.Fatalf("audit: %v", err)
		}
	}
	alerts := func() []contract.Alert {
		t.Helper()
		listing, err := b.Alerts(as(t, contract.RoleAuditor, xian), contract.Empty{})
		if err != nil {
			t.Fatal(err)
		}
		return listing.Items
	}
	for i := range 3 {
		read(contract.RoleCoordinator, fmt.Sprint(i))
		read(contract.RoleRequester, fmt.Sprint("own", i))
	}
	if got := alerts(); len(got) > 0 {
		t.Fatalf("alerted too early: %v", got)
	}
	read(contract.RoleCoordinator, "3")
	read(contract.RoleCoordinator, "3") // a repeat is no reading
	read(contract.RoleCoordinator, "4")
	if got := alerts(); len(got) != 1 || got[0].Count != 5 || got[0].Path != xian.Path {
		t.Errorf("alerts %v", got)
	}
	if families, err := registry.Gather(); err != nil || families[0].GetMetric()[0].GetCounter().GetValue() != 1 {
		t.Errorf("counted %v, %v", families, err)
	}
	b.clock.Advance(2 * time.Hour)
	read(contract.RoleCoordinator, "later")
	if got := alerts(); len(got) != 1 {
		t.Errorf("a reading after the pause alerts: %v", got)
	}
	hubei := b.organisation(t, "hubei", "", "420000")
	if listing, err := b.Alerts(as(t, contract.RoleAdministrator, hubei), contract.Empty{}); err != nil || len(listing.Items) > 0 {
		t.Errorf("another organisation sees %v, %v", listing.Items, err)
	}
	if _, err := b.Alerts(as(t, contract.RoleCoordinator, xian), contract.Empty{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a coordinator sees alerts: %v", err)
	}
}
