package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"heli/pkg/contract"
)

// Templates of needs come from offers that are there, so that each has one
// that fits.
const (
	offerPages = 20
	pageSize   = 100
	maxNeeds   = 200
)

// need is a body that some offer is known to fit.
type need struct{ body []byte }

// fittingNeeds returns needs after available offers of the installation, tried
// one by one: each was submitted once, and suggestions held an offer.
func fittingNeeds(ctx context.Context, c *Client) ([]need, error) {
	offers, err := availableOffers(ctx, c)
	if err != nil {
		return nil, err
	}
	var fitting []need
	seen := map[string]bool{}
	for _, o := range offers {
		for _, line := range o.OfferLines {
			key := o.RegionCode + " " + line.Category + " " + line.Item
			if seen[key] || len(fitting) == maxNeeds {
				continue
			}
			seen[key] = true
			n, err := needAfter(o, line.OfferLine)
			if err != nil {
				return nil, err
			}
			fits, err := tryNeed(ctx, c, n)
			if err != nil {
				return nil, err
			}
			if fits {
				fitting = append(fitting, n)
			}
		}
	}
	if len(fitting) == 0 {
		return nil, errors.New("no offer fits any need: is the demo loaded?")
	}
	return fitting, nil
}

func availableOffers(ctx context.Context, c *Client) ([]contract.Offer, error) {
	var offers []contract.Offer
	query := url.Values{"state": {"available"}, "limit": {fmt.Sprint(pageSize)}}
	for range offerPages {
		var page struct {
			Items      []contract.Offer `json:"items"`
			NextCursor string           `json:"next_cursor"`
		}
		if err := c.get(ctx, "/offers?"+query.Encode(), &page); err != nil {
			return nil, fmt.Errorf("list offers: %w", err)
		}
		offers = append(offers, page.Items...)
		if page.NextCursor == "" {
			break
		}
		query.Set("cursor", page.NextCursor)
	}
	return offers, nil
}

// needAfter asks for one of what an offer line gives, where it is given.
func needAfter(o contract.Offer, line contract.OfferLine) (need, error) {
	one := int64(1)
	body, err := json.Marshal(map[string]any{
		"title": "示例·测量用的需求", "urgency": contract.Soon, "mode": contract.ModeAny,
		"region_code": o.RegionCode, "point": o.Point, "state": "open",
		"need_lines": []contract.NeedLine{{Category: line.Category, Item: line.Item, Quantity: &one, Unit: line.Capacity.Unit}},
	})
	if err != nil {
		return need{}, fmt.Errorf("encode need: %w", err)
	}
	return need{body}, nil
}

func tryNeed(ctx context.Context, c *Client, n need) (bool, error) {
	var submitted contract.SubmittedRequest
	if err := c.post(ctx, "/requests", n.body, http.StatusCreated, &submitted); err != nil {
		return false, err
	}
	return hasSuggestion(ctx, c, submitted.ID)
}

// hasSuggestion reports whether suggestions for the request hold an offer.
func hasSuggestion(ctx context.Context, c *Client, id contract.RequestID) (bool, error) {
	var answer struct {
		Items []json.RawMessage `json:"items"`
	}
	err := c.get(ctx, "/requests/"+string(id)+"/suggestions?limit=10", &answer)
	return len(answer.Items) > 0, err
}
