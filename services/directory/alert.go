package directory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// alertReadings is the kind of alert about an account that reads many contacts.
const alertReadings = "readings"

// readingActs are the acts that count.
var readingActs = []contract.Act{
	contract.ActReadRequestContact, contract.ActReadOfferContact, contract.ActReadRequestComplaint, contract.ActReadOfferComplaint,
}

// alarm says when an account reads unusually many contacts; the zero value never.
type alarm struct {
	perHour int64
	raised  prometheus.Counter
}

// watch sets the alarm; 0 readings an hour leave it off.
func (s *Service) watch(perHour int64, registry prometheus.Registerer) error {
	s.alarm = alarm{perHour: perHour, raised: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "heli_reading_alerts_total", Help: "Accounts and hours in which unusually many contacts were read.",
	})}
	if registry == nil {
		return nil
	}
	if err := registry.Register(s.alarm.raised); err != nil {
		return fmt.Errorf("register metric: %w", err)
	}
	return nil
}

// watchReadings raises one alert for an account and an hour, in the transaction of
// the reading that is one too many. The reading itself goes on: in the first hours
// of a disaster it may be right.
func (s *Service) watchReadings(ctx context.Context, tx *sqlx.Tx, act contract.Act) error {
	actor := contract.ActorFrom(ctx)
	if s.alarm.perHour <= 0 || !actor.Staff() || !slices.Contains(readingActs, act) {
		return nil
	}
	now := s.now()
	count, err := s.store.countReadings(ctx, tx, actor.ID(), now.Add(-time.Hour))
	if err != nil || count <= s.alarm.perHour {
		return err
	}
	fresh, err := s.store.upsertAlert(ctx, tx, alertRow{
		ID: contract.NewID[string](), Kind: alertReadings, ActorID: actor.ID(), ActorName: actor.Name, Path: actor.Path,
		Since: now.Truncate(time.Hour), At: now, Count: count,
	})
	if fresh {
		s.alarm.raised.Inc()
	}
	return err
}

// Alerts returns the newest alerts about accounts at or below the actor's
// organisation.
func (s *Service) Alerts(ctx context.Context, _ contract.Empty) (contract.Listing[contract.Alert], error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadAlerts); err != nil {
		return contract.Listing[contract.Alert]{}, err
	}
	rows, err := s.store.listAlerts(ctx, actor.Sight(), contract.MaxAlerts)
	if err != nil {
		return contract.Listing[contract.Alert]{}, pg.MapContext(ctx, err)
	}
	listing := contract.Listing[contract.Alert]{Items: make([]contract.Alert, len(rows))}
	for i, row := range rows {
		listing.Items[i] = contract.Alert(row)
	}
	return listing, nil
}
