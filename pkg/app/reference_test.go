package app_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/pkg/testkit"
)

const patience = 30 * time.Second

func TestReferenceFollowsTheDirectory(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	r := app.NewReference(testkit.Bus(t, server, "request"), testkit.Log(t), true)
	if _, err := r.Get(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("before the first load: %v", err)
	}
	ended, cancelled := context.WithCancel(t.Context())
	cancelled()
	if _, err := r.Wait(ended); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("waited in vain: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(running) }()

	directory := testkit.Bus(t, server, "directory")
	version, asked := directoryAnswers(t, directory)
	version.Store(7)
	got, err := r.Wait(ctx)
	if err != nil || got.Version() != 7 {
		t.Fatalf("loaded %v, %v", got, err)
	}
	version.Store(8)
	for got.Version() != 8 {
		if err := directory.Broadcast(contract.ReferenceChanged, contract.Empty{}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-asked:
		case <-ctx.Done():
			t.Fatal("the change was not noticed")
		}
		if got, err = r.Get(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// directoryAnswers plays the directory: version 0 stands for one that is not up.
func directoryAnswers(t *testing.T, b *bus.Bus) (version *atomic.Int64, asked chan struct{}) {
	t.Helper()
	version, asked = new(atomic.Int64), make(chan struct{}, 1000)
	server, err := bus.NewServer(b, "directory")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	err = bus.Handle(server, contract.DirectoryReference, func(ctx context.Context, q contract.AskReference) (contract.ReferenceAnswer, error) {
		asked <- struct{}{}
		now := version.Load()
		switch {
		case contract.ActorFrom(ctx).Role != contract.RoleSystem:
			return contract.ReferenceAnswer{}, fault.NewForbidden("read the reference data")
		case now == 0:
			return contract.ReferenceAnswer{}, fault.NewUnavailable(errors.New("starting"))
		case q.Have == now:
			return contract.ReferenceAnswer{}, nil
		}
		return contract.ReferenceAnswer{Reference: &contract.Reference{Version: now}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return version, asked
}

func TestFixedReference(t *testing.T) {
	t.Parallel()
	want := reference.NewSnapshot(contract.Reference{Version: 3})
	r := app.FixedReference(want)
	if got, err := r.Get(); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	<-r.Loaded()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx); err != nil {
		t.Error(err)
	}
}
