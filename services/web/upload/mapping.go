package upload

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/importer"
)

// Named are settings that an organisation has given a name.
type Named struct {
	Name     string
	Settings Settings
}

// Named returns what the organisation of who acts has kept for a kind, by name.
func (u *Uploads) Named(ctx context.Context, kind importer.Kind) ([]Named, error) {
	rows, err := u.store.listMappings(ctx, contract.ActorFrom(ctx).Path, kind)
	if err != nil {
		return nil, err
	}
	all := make([]Named, len(rows))
	for i, r := range rows {
		all[i].Name = r.Name
		if err := json.Unmarshal(r.Mapping, &all[i].Settings); err != nil {
			return nil, fmt.Errorf("decode mapping: %w", err)
		}
	}
	return all, nil
}

// Keep gives the settings of an upload a name within the organisation of who acts,
// in place of what had that name.
func (u *Uploads) Keep(ctx context.Context, id, name string) error {
	shown, err := u.Get(ctx, id)
	if err != nil {
		return err
	}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, ActionOf(shown.Kind)); err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	c := check.New(nil)
	c.Text("mapping_name", name, 1, maxMappingName)
	if err := c.Err(); err != nil {
		return err
	}
	document, err := json.Marshal(shown.Settings)
	if err != nil {
		return fmt.Errorf("encode mapping: %w", err)
	}
	return u.store.keepMapping(ctx, a.Path, shown.Kind, mappingRow{name, document}, u.now())
}

// Use gives a draft the settings of a name; those of an unknown name change nothing.
func (u *Uploads) Use(ctx context.Context, id, name string) error {
	shown, err := u.Get(ctx, id)
	if err != nil {
		return err
	}
	all, err := u.Named(ctx, shown.Kind)
	if err != nil {
		return err
	}
	for _, named := range all {
		if named.Name == name {
			return u.Set(ctx, id, named.Settings)
		}
	}
	return nil
}

// Forget takes a name away. A repeat changes nothing.
func (u *Uploads) Forget(ctx context.Context, kind importer.Kind, name string) error {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, ActionOf(kind)); err != nil {
		return err
	}
	return u.store.dropMapping(ctx, a.Path, kind, name)
}
