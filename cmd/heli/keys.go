package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"heli/cmd/heli/platform"
	"heli/cmd/heli/rotation"
	"heli/pkg/seal"
)

// keysCommand works on the key file.
type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Put a fresh keyset in front and bring everything under it; a former one ends when nothing uses it any more."`
}

type keysRotate struct {
	place `embed:""`
	JSON  bool `name:"json" help:"Print the result as JSON."`
}

// Run goes on with a rotation that was broken off, else it begins one. Nothing may
// run on the installation: a service would not know the new keys.
func (c *keysRotate) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	if options.KeysContent != "" {
		return errors.New("the keys are given by HELI_KEYS: rotate where they are a file, then give the new content")
	}
	var result rotation.Result
	err = platform.Alone(ctx, options, func(ctx context.Context, d platform.Database) error {
		result, err = rotate(ctx, t, d)
		return err
	})
	if err != nil {
		return err
	}
	return t.result(c.JSON, result, rotatedText(result))
}

func rotate(ctx context.Context, t terminal, d platform.Database) (rotation.Result, error) {
	release, err := rotation.Exclude(ctx, d.AdminURL)
	if err != nil {
		return rotation.Result{}, err
	}
	result, err := rotateAlone(ctx, t, d)
	return result, errors.Join(err, release())
}

func rotateAlone(ctx context.Context, t terminal, d platform.Database) (rotation.Result, error) {
	path := platform.KeyFile(d.Root)
	pending, err := rotation.Pending(ctx, d.AdminURL, d.Keys)
	if err != nil {
		return rotation.Result{}, err
	}
	keys := d.Keys
	if pending {
		t.tell("going on with a rotation that was broken off")
	} else if keys, err = seal.Rotate(path, time.Now()); err != nil {
		return rotation.Result{}, err
	}
	if err := platform.CheckKeys(ctx, d.AdminURL, keys); err != nil { // notes the new one
		return rotation.Result{}, err
	}
	result, err := rotation.Run(ctx, d.AdminURL, keys, func(part string) { t.tell("%s", part) })
	if err != nil {
		return result, fmt.Errorf("%w; run heli keys rotate again to go on", err)
	}
	if result.Dropped, result.Kept, err = rotation.Unused(ctx, d.AdminURL, keys); err != nil || len(result.Dropped) == 0 {
		return result, err
	}
	_, err = seal.Drop(path, result.Dropped)
	return result, err
}

func rotatedText(r rotation.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "primary keyset %s\n%d contacts and %d secrets and addresses are under it\n", r.Primary, r.Rewrapped, r.Resealed)
	for _, id := range r.Dropped {
		fmt.Fprintf(&b, "keyset %s was used by nothing and is gone\n", id)
	}
	for _, id := range r.Kept {
		fmt.Fprintf(&b, "keyset %s stays: links that people have are made from it\n", id)
	}
	return b.String()
}
