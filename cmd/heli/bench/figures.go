package bench

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// CountFigure is what counting for the dashboard took under a filter.
type CountFigure struct {
	Filter string  `json:"filter"`
	Open   int64   `json:"open"` // requests that it counted
	P50MS  float64 `json:"p50_ms"`
	MaxMS  float64 `json:"max_ms"`
}

// Settle waits until the service has read its requests, which takes a processor of
// those that are measured.
func Settle(ctx context.Context, b *bus.Bus) error {
	ctx = contract.WithActor(ctx, contract.Actor{Role: contract.RoleCoordinator, Name: "heli bench", Path: contract.RootPath})
	return awaitCounts(ctx, b, contract.AskFigures{From: time.Now().AddDate(0, 0, -1), Until: time.Now(), TimeZone: "Asia/Shanghai"})
}

func awaitCounts(ctx context.Context, b *bus.Bus, ask contract.AskFigures) error {
	for {
		_, err := countOnce(ctx, b, ask)
		if err == nil {
			return nil
		}
		if !fault.Is(err, fault.Unavailable) || !waitUntil(ctx, time.Now().Add(lookInterval)) {
			return err
		}
	}
}

// Counts asks for the figures of requests, with the map's cells, of the last 30 and 90
// days: rounds times under each filter, once the service has read its requests.
func Counts(ctx context.Context, b *bus.Bus, rounds int) ([]CountFigure, error) {
	ctx = contract.WithActor(ctx, contract.Actor{Role: contract.RoleCoordinator, Name: "heli bench", Path: contract.RootPath})
	now := time.Now()
	ask := contract.AskFigures{From: now.AddDate(0, 0, -30), Until: now, TimeZone: "Asia/Shanghai", CellDegrees: 1}
	if err := awaitCounts(ctx, b, ask); err != nil {
		return nil, err
	}
	var all []CountFigure
	for _, one := range []struct {
		filter string
		narrow func(*contract.AskFigures)
	}{
		{"days=30", func(*contract.AskFigures) {}},
		{"days=90", func(q *contract.AskFigures) { q.From = now.AddDate(0, 0, -90) }},
		{"region=420000", func(q *contract.AskFigures) { q.RegionCode = "420000" }},
		{"category=psych", func(q *contract.AskFigures) { q.Category = "psych" }},
		{"campaign=spring", func(q *contract.AskFigures) { q.Campaign = "spring" }},
		{"path=root/bench7/", func(q *contract.AskFigures) { q.Path = "root/bench7/" }},
	} {
		q, f := ask, CountFigure{Filter: one.filter}
		one.narrow(&q)
		var took []time.Duration
		for range rounds {
			began := time.Now()
			open, err := countOnce(ctx, b, q)
			if err != nil {
				return all, err
			}
			f.Open, took = open, append(took, time.Since(began))
		}
		f.P50MS, f.MaxMS = quantile(took, 0.5), quantile(took, 1)
		all = append(all, f)
	}
	return all, nil
}

// countOnce returns how many requests are open.
func countOnce(ctx context.Context, b *bus.Bus, q contract.AskFigures) (open int64, err error) {
	counted, err := bus.Call(ctx, b, contract.RequestFigure, q)
	if err != nil {
		return 0, fmt.Errorf("count requests: %w", err)
	}
	for _, one := range counted.Open {
		open += one.Count
	}
	return open, nil
}
