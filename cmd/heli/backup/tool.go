package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// tool is one of PostgreSQL's client programs and the database that it works on.
type tool struct{ path, adminURL string }

// known are the parameters of an address that the client programs understand;
// the driver takes more.
var known = []string{"host", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}

// run runs the program. The password goes by the environment: arguments are
// there for everybody on the machine to see. A failure is told in the program's
// own last words.
func (t tool) run(ctx context.Context, args ...string) error {
	address, password, err := split(t.adminURL)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, t.path, append(args, "--dbname="+address)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "LC_ALL=C")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("%s: %s", t.name(), lines[len(lines)-1])
	}
	return nil
}

func (t tool) name() string { return t.path[strings.LastIndexByte(t.path, '/')+1:] }

// split parts the password from an address and drops what only the driver knows.
func split(adminURL string) (address, password string, err error) {
	u, err := url.Parse(adminURL)
	if err != nil {
		return "", "", errors.New("read DATABASE_URL: it must look like postgres://user:password@host:5432/database")
	}
	query := u.Query()
	password = query.Get("password")
	if given, there := u.User.Password(); there {
		password, u.User = given, url.User(u.User.Username())
	}
	for name := range query {
		if !slices.Contains(known, name) {
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), password, nil
}
