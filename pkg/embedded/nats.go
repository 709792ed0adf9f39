package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Limits of the embedded NATS server, in bytes.
const (
	maxPayloadBytes     = 8 << 20
	maxStoreBytes       = 4 << 30
	maxMemoryStoreBytes = 64 << 20
)

// InProcessOnly as NATSOptions.Port makes a server without a socket.
const InProcessOnly = -1

// NATSOptions say where the server stores and listens, and who may connect.
type NATSOptions struct {
	// Dir is the folder of the JetStream store, made when missing.
	Dir string
	// Host is 127.0.0.1 when empty. Port 0 takes any free one, InProcessOnly none.
	Host string
	Port int
	// Users are all who may connect, at least one: a server without any would
	// let everybody in.
	Users []NATSUser
	Log   *slog.Logger // nil discards
}

// NATS is a running NATS server with a JetStream file store. It implements
// nats.InProcessConnProvider.
type NATS struct {
	server   *server.Server
	lock     *os.File
	stopOnce sync.Once
	stopErr  error
}

// StartNATS starts the server and returns when it accepts connections; ctx
// bounds the start only. It locks the folder against a second Heli. Stop ends it.
func StartNATS(ctx context.Context, options NATSOptions) (*NATS, error) {
	if len(options.Users) == 0 {
		return nil, errors.New("start NATS server: nobody may connect, since no users are given")
	}
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make NATS folder: %w: choose another folder with HELI_DATA", err)
	}
	if err := checkPort(options); err != nil {
		return nil, err
	}
	lock, err := lockFolder(filepath.Join(options.Dir, "heli.lock"), options.Dir)
	if err != nil {
		return nil, err
	}
	log := newNATSLog(options.Log)
	instance, err := server.NewServer(serverOptions(options))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare NATS server: %w", err), lock.Close())
	}
	instance.SetLoggerV2(log, false, false, false)
	n := &NATS{server: instance, lock: lock}
	instance.Start()
	if err := waitForNATS(ctx, instance, log); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// checkPort tells the commonest failure in plain words before the server logs it.
func checkPort(options NATSOptions) error {
	if options.Port <= 0 {
		return nil
	}
	address := net.JoinHostPort(hostOf(options), fmt.Sprint(options.Port))
	listener, err := net.Listen("tcp", address) //nolint:noctx // listening on an address literal does not wait
	if err != nil {
		return fmt.Errorf("listen for NATS on %s: %w: end the program that uses it, or choose another port", address, err)
	}
	if err := listener.Close(); err != nil {
		return fmt.Errorf("free port for NATS: %w", err)
	}
	return nil
}

func hostOf(options NATSOptions) string {
	if options.Host == "" {
		return "127.0.0.1"
	}
	return options.Host
}

// serverOptions leave syncing at its default of every two minutes: what a power
// loss takes is published again from the outbox.
func serverOptions(options NATSOptions) *server.Options {
	o := &server.Options{
		ServerName:         "heli",
		Host:               hostOf(options),
		Port:               options.Port,
		NoSigs:             true,
		MaxPayload:         maxPayloadBytes,
		MaxPending:         8 * maxPayloadBytes,
		JetStream:          true,
		JetStreamMaxMemory: maxMemoryStoreBytes,
		JetStreamMaxStore:  maxStoreBytes,
		StoreDir:           options.Dir,
	}
	switch options.Port {
	case 0:
		o.Port = server.RANDOM_PORT
	case InProcessOnly:
		o.Port, o.DontListen = 0, true
	}
	for _, u := range options.Users {
		o.Nkeys = append(o.Nkeys, &server.NkeyUser{Nkey: u.PublicKey, Permissions: u.Permissions.server()})
	}
	return o
}

func waitForNATS(ctx context.Context, instance *server.Server, log *natsLog) error {
	err := poll(ctx, func() (bool, error) {
		select {
		case reason := <-log.fatal:
			return false, fmt.Errorf("start NATS server: %s", reason)
		default:
			return instance.ReadyForConnections(firstPause), nil
		}
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("wait for NATS server: %w", err)
	}
	return err
}

// URL returns the address for clients; without meaning when in-process only.
func (n *NATS) URL() string { return n.server.ClientURL() }

// Port returns the port that the server listens on; 0 when in-process only.
func (n *NATS) Port() int {
	if address, ok := n.server.Addr().(*net.TCPAddr); ok {
		return address.Port
	}
	return 0
}

// InProcessConn returns a connection that needs no socket.
func (n *NATS) InProcessConn() (net.Conn, error) { return n.server.InProcessConn() }

// Stop ends the server, waits until its store is written and frees the folder.
// It may be called again.
func (n *NATS) Stop() error {
	n.stopOnce.Do(func() {
		n.server.Shutdown()
		n.server.WaitForShutdown()
		n.stopErr = n.lock.Close()
	})
	return n.stopErr
}

var _ nats.InProcessConnProvider = (*NATS)(nil)

// natsLog passes the server's messages on. Its notices are for debugging.
type natsLog struct {
	log   *slog.Logger
	fatal chan string // the first fatal message
}

func newNATSLog(log *slog.Logger) *natsLog {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &natsLog{log: log.With("component", "nats"), fatal: make(chan string, 1)}
}

func (l *natsLog) write(level slog.Level, format string, v []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, fmt.Sprintf(format, v...))
	}
}

// Noticef logs how the server fares.
func (l *natsLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }

// Warnf logs a warning.
func (l *natsLog) Warnf(format string, v ...any) { l.write(slog.LevelWarn, format, v) }

// Errorf logs an error, such as a violated permission.
func (l *natsLog) Errorf(format string, v ...any) { l.write(slog.LevelError, format, v) }

// Debugf logs a detail.
func (l *natsLog) Debugf(format string, v ...any) { l.write(slog.LevelDebug, format, v) }

// Tracef logs nothing: it would show messages.
func (l *natsLog) Tracef(string, ...any) {}

// Fatalf logs and reports a failure to start; unlike the server's own logger it
// does not end the process.
func (l *natsLog) Fatalf(format string, v ...any) {
	l.write(slog.LevelError, format, v)
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default:
	}
}
