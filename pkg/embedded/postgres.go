package embedded

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// leftoverWait is how long a start waits for the server of an earlier Heli,
// which the kernel has told to stop.
const leftoverWait = 30 * time.Second

// restartPause lets a server that dies at once not take all the processor.
const restartPause = time.Second

// PostgresOptions say where a cluster lives and how it runs.
type PostgresOptions struct {
	// Dir is the cluster's folder, made when missing. Root is the data root
	// around it, where that is a folder of its own.
	Dir, Root string
	// Programs is the data root below which Install unpacked programs; Root
	// when empty.
	Programs string
	// Settings override postgresql.conf parameters, such as fsync=off for tests.
	Settings map[string]string
	Log      *slog.Logger // nil discards
}

// Postgres is a running PostgreSQL server that listens on a socket in its own
// folder and nowhere else. It is started again when it dies.
type Postgres struct {
	cluster  cluster
	binaries Binaries
	password string
	settings []string
	log      *slog.Logger

	lock     *os.File
	life     context.Context
	end      context.CancelFunc
	stopOnce sync.Once
	stopping chan context.Context
	ended    chan struct{}
	stopErr  error // read after ended
}

// StartPostgres makes the cluster when there is none and starts its server. It
// returns when the server answers; ctx bounds the start only. What a server
// that was killed left behind is cleared and recovered from. Stop ends it; on
// Linux our own death does too.
func StartPostgres(ctx context.Context, options PostgresOptions) (*Postgres, error) {
	p, err := openPostgres(options)
	if err != nil {
		return nil, err
	}
	server, err := p.begin(ctx, cmp.Or(options.Programs, options.Root))
	if err != nil {
		p.end()
		return nil, errors.Join(err, p.lock.Close())
	}
	go p.supervise(server)
	return p, nil
}

// openPostgres makes the folder and takes its lock.
func openPostgres(options PostgresOptions) (*Postgres, error) {
	dir, err := absolute(options.Dir)
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if options.Root != "" {
		if err := openFolder(options.Root, account); err != nil {
			return nil, err
		}
	}
	if err := openFolder(dir, account); err != nil {
		return nil, err
	}
	p := &Postgres{
		cluster:  cluster{dir: dir, account: account},
		log:      options.Log,
		stopping: make(chan context.Context, 1),
		ended:    make(chan struct{}),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.settings = p.cluster.settings(options.Settings)
	if p.lock, err = lockFolder(p.cluster.heliLock(), dir); err != nil {
		return nil, err
	}
	p.life, p.end = context.WithCancel(context.Background())
	return p, nil
}

// begin finds the programs, makes the data when there are none, and launches.
func (p *Postgres) begin(ctx context.Context, programs string) (*process, error) {
	major, err := p.cluster.major()
	if err != nil {
		return nil, err
	}
	if p.binaries, err = findBinaries(ctx, programs, major); err != nil {
		return nil, err
	}
	if major != 0 && major != p.binaries.Major {
		return nil, fmt.Errorf("the data folder %s %w (%d, here is %d): install PostgreSQL %d, or name its programs with PG_BIN",
			p.cluster.data(), ErrOtherMajor, major, p.binaries.Major, major)
	}
	if err := p.cluster.account.makeFolder(p.cluster.socketFolder()); err != nil {
		return nil, err
	}
	if p.password, err = p.cluster.password(); err != nil {
		return nil, err
	}
	if err := p.cluster.create(ctx, p.binaries, p.password, p.log); err != nil {
		return nil, err
	}
	return p.launch(ctx)
}

// launch starts a server and waits until it answers.
func (p *Postgres) launch(ctx context.Context) (*process, error) {
	lock, err := p.waitForLeftover(ctx)
	if err != nil {
		return nil, err
	}
	server, err := p.startServer(lock)
	// From here on the lock is the server's alone: it is free when the last of
	// its processes has ended, whatever becomes of us.
	if err = errors.Join(err, lock.Close()); err != nil {
		return nil, err
	}
	if err := p.waitReady(ctx, server); err != nil {
		broken, cancel := context.WithCancel(ctx)
		cancel()
		return nil, errors.Join(err, ignoreGentle(server.shutDown(broken)))
	}
	return server, nil
}

// ignoreGentle drops the complaint that a broken start was not ended gently.
func ignoreGentle(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// waitForLeftover takes the lock that the processes of an earlier server hold.
// Where the kernel did not tell them to stop when their Heli died, we do.
func (p *Postgres) waitForLeftover(ctx context.Context) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, leftoverWait)
	defer cancel()
	var lock *os.File
	told := diesWithParent
	err := poll(ctx, func() (bool, error) {
		var err error
		lock, err = tryLock(p.cluster.postgresLock())
		if !errors.Is(err, errLocked) {
			return true, err
		}
		if !told {
			told = true
			return false, p.cluster.tellLeftover()
		}
		return false, nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("a PostgreSQL server of an earlier Heli still runs in %s: end the process whose number begins %s", p.cluster.data(), p.cluster.pidFile())
	}
	if err != nil {
		return nil, err
	}
	if err := p.cluster.removeLeftovers(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// tellLeftover asks the server named in the pid file for a fast shutdown.
func (c cluster) tellLeftover() error {
	file, err := os.Open(c.pidFile())
	if err != nil {
		return fmt.Errorf("read process id of an earlier server: %w", err)
	}
	var pid int
	_, err = fmt.Fscan(file, &pid)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("read process id of an earlier server: %w", err)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop an earlier server: %w", err)
	}
	return nil
}

func (p *Postgres) startServer(lock *os.File) (*process, error) {
	args := []string{"-D", p.cluster.data()}
	for _, setting := range p.settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(p.binaries.path("postgres"), args...) //nolint:noctx // it outlives the start; Stop ends it
	cmd.Dir, cmd.Env = p.cluster.data(), serverEnvironment()
	cmd.SysProcAttr = processAttributes(p.cluster.account)
	cmd.ExtraFiles = []*os.File{lock}
	return startProcess(cmd, &serverLog{log: p.log})
}

// settings returns the parameters, name=value, for a machine with 2 cores.
// Errors of statements stay out of the server's log together with the values
// in their details, which may be personal.
func (c cluster) settings(overrides map[string]string) []string {
	values := map[string]string{
		"listen_addresses":        "",
		"port":                    "5432",
		"unix_socket_directories": c.socketFolder(),
		"unix_socket_permissions": "0700",
		"external_pid_file":       "",
		"shared_buffers":          "128MB",
		"max_connections":         "100",
		"synchronous_commit":      "on",
		"max_wal_size":            "1GB",
		"wal_compression":         "on",
		"random_page_cost":        "1.1",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_line_prefix":         "",
		"log_destination":         "stderr",
		"logging_collector":       "off",
		"log_error_verbosity":     "terse",
		"log_min_error_statement": "panic",
		"cluster_name":            "heli",
	}
	maps.Copy(values, overrides)
	settings := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		settings = append(settings, name+"="+values[name])
	}
	return settings
}

// waitReady connects until the server answers, refuses us for good, or ends.
func (p *Postgres) waitReady(ctx context.Context, server *process) (err error) {
	db, err := sql.Open("postgres", p.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = poll(ctx, func() (bool, error) {
		select {
		case <-server.done:
			return false, fmt.Errorf("PostgreSQL ended at once: %s", server.log.lastFailure())
		default:
		}
		err := db.PingContext(ctx)
		if refused, ok := errors.AsType[*pq.Error](err); ok && refused.Code.Class() == "28" {
			return false, fmt.Errorf("sign in to PostgreSQL: %w: the password in %s is not the one of this data folder", err, p.cluster.passwordFile())
		}
		return err == nil, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("wait for PostgreSQL: %w: %s", err, server.log.lastFailure())
	}
	server.log.forget()
	return err
}

// supervise owns the server until Stop: it starts it again when it dies.
func (p *Postgres) supervise(server *process) {
	defer close(p.ended)
	for server != nil {
		select {
		case ctx := <-p.stopping:
			p.stopErr = server.shutDown(ctx)
			server = nil
		case <-server.done:
			p.log.Error("PostgreSQL ended by itself and is started again", "error", server.err, "reason", server.log.lastFailure())
			server = p.restart()
		}
	}
	p.stopErr = errors.Join(p.stopErr, p.cluster.removeOutsideFolder(), p.lock.Close())
}

// restart launches until it succeeds; nil when Stop came first.
func (p *Postgres) restart() *process {
	for {
		server, err := p.launch(p.life)
		if err == nil {
			return server
		}
		if p.life.Err() != nil {
			return nil
		}
		p.log.Error("start PostgreSQL again", "error", err)
		select {
		case <-p.life.Done():
			return nil
		case <-time.After(restartPause):
		}
	}
}

// Stop ends the server by a fast shutdown and waits for it; when ctx ends first
// it is cut short, and the next start recovers. It may be called again and
// then returns the same.
func (p *Postgres) Stop(ctx context.Context) error {
	p.stopOnce.Do(func() {
		p.stopping <- ctx
		p.end()
	})
	<-p.ended
	return p.stopErr
}

// Binaries returns the programs in use.
func (p *Postgres) Binaries() Binaries { return p.binaries }

// AdminURL returns the superuser's address of a database. It holds the
// password: it belongs in no log.
func (p *Postgres) AdminURL(database string) string {
	return p.URL(superuser, p.password, database)
}

// URL returns a role's address of a database.
func (p *Postgres) URL(role, password, database string) string {
	return socketURL(p.cluster.socketFolder(), role, password, database)
}

// EnsureDatabase makes a database unless it exists.
func (p *Postgres) EnsureDatabase(ctx context.Context, name string) (err error) {
	db, err := sql.Open("postgres", p.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const duplicateDatabase = "42P04"
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name))
	if exists, ok := errors.AsType[*pq.Error](err); ok && exists.Code == duplicateDatabase {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// RunningURL returns the superuser's address of a database in a cluster that
// another process runs, for commands beside it. It does not connect.
func RunningURL(dir, database string) (string, error) {
	path, err := absolute(dir)
	if err != nil {
		return "", err
	}
	c := cluster{dir: path}
	if _, err := os.Stat(filepath.Join(c.socketFolder(), ".s.PGSQL.5432")); err != nil {
		return "", fmt.Errorf("no Heli runs on the data folder %s: start heli up first", path)
	}
	password, err := c.password()
	if err != nil {
		return "", err
	}
	return socketURL(c.socketFolder(), superuser, password, database), nil
}

func socketURL(folder, role, password, database string) string {
	query := url.Values{"host": {folder}, "sslmode": {"disable"}}
	address := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + database, RawQuery: query.Encode()}
	return address.String()
}
