package bench

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/contract"
)

// listRows is how long the measured list is.
const listRows = 50

// ListFigure is what a list of requests took its reader over the API.
type ListFigure struct {
	Answers int     `json:"answers"`
	Rows    int     `json:"rows"` // of each
	P50MS   float64 `json:"p50_ms"`
	P99MS   float64 `json:"p99_ms"`
}

// Lists asks for the first requests that a coordinator sees, those of all
// organisations, one after the other.
func Lists(ctx context.Context, c *Client, answers int) (ListFigure, error) {
	f, took := ListFigure{Answers: answers}, make([]time.Duration, 0, answers)
	path := fmt.Sprintf("/requests?limit=%d", listRows)
	for i := range warmUpPages + answers {
		var listing contract.Listing[contract.Request]
		began := time.Now()
		if err := c.get(ctx, path, &listing); err != nil {
			return f, err
		}
		if i >= warmUpPages {
			took = append(took, time.Since(began))
		}
		f.Rows = len(listing.Items)
	}
	f.P50MS, f.P99MS = quantile(took, 0.5), quantile(took, 0.99)
	return f, nil
}
