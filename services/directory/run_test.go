package directory

import (
	"context"
	"testing"
	"time"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/pkg/testkit"
)

// start runs a directory on a server until the test ends, and returns when it is ready.
func start(t *testing.T, server *testkit.Server, database *testkit.Database) {
	t.Helper()
	ready, ended := make(chan struct{}), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	deps := app.Deps{
		Name: "directory", DB: database.OpenActing(t, "directory"), Worker: database.Open(t, "directory"),
		Bus: testkit.Bus(t, server, "directory"), Keys: server.Keys(),
		Clock: testkit.NewClock(time.Time{}).Now, Log: testkit.Log(t), Ready: func() { close(ready) },
	}
	go func() { ended <- Run(ctx, deps, Config{}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("directory ended: %v", err)
	}
}

func TestTwoDirectoriesAnswerOverTheBus(t *testing.T) {
	t.Parallel()
	server, database := testkit.NATS(t), testkit.NewDatabase(t, "directory")
	start(t, server, database)
	start(t, server, database)
	web := testkit.Bus(t, server, "web")
	ctx := contract.WithActor(t.Context(), contract.System())
	told := make(chan struct{}, 8)
	listening, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- web.Listen(listening, contract.ReferenceChanged, func(string, []byte) { told <- struct{}{} })
	}()
	for i := 0; ; i++ {
		// The listener hears from some moment on; a change again and again finds it.
		draft := contract.OrganisationDraft{
			Code: "shaanxi", Name: "示例" + time.Duration(i).String(), Kind: "charity", Level: "province",
			RegionCode: "610000", Coordinates: true,
		}
		if _, err := bus.Call(ctx, web, contract.DirectoryRegister, draft); err != nil {
			t.Fatalf("register: %v", err)
		}
		if len(told) > 0 {
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("listen: %v", err)
	}
	for range 4 { // both instances know it
		answer, err := bus.Call(ctx, web, contract.DirectoryReference, contract.AskReference{})
		if err != nil {
			t.Fatalf("reference: %v", err)
		}
		if got := reference.NewSnapshot(*answer.Reference).Coordinator("610113"); got.Path != "root/shaanxi/" {
			t.Errorf("coordinator = %+v", got)
		}
	}
	if _, err := bus.Call(ctx, web, contract.DirectoryAuthenticate, contract.Authenticate{Key: "heli_x"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown key: %v", err)
	}
}
