package platform

import (
	"context"
	"fmt"
	"net"
)

// checkListen tells the commonest failure before a long start.
func checkListen(ctx context.Context, address, flag string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot serve on %s: %w: end the program that uses it, or choose another address with %s", address, err, flag)
	}
	if err := listener.Close(); err != nil {
		return fmt.Errorf("free %s again: %w", address, err)
	}
	return nil
}
