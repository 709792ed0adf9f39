package matcher

import (
	"context"
	"fmt"

	"heli/pkg/pg"
)

var honourStatements = []string{organisationsThatHelpedSQL}

const organisationsThatHelpedSQL = `
	SELECT offer_org AS code FROM matches WHERE state = 'confirmed'
	UNION SELECT request_org FROM matches WHERE state = 'confirmed'
	ORDER BY code`

func (s store) organisationsThatHelped(ctx context.Context) ([]string, error) {
	codes := []string{}
	if err := s.db.SelectContext(ctx, &codes, organisationsThatHelpedSQL); err != nil {
		return nil, fmt.Errorf("list organisations that helped: %w", pg.MapContext(ctx, err))
	}
	return codes, nil
}
