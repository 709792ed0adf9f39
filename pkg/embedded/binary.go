package embedded

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// oldestMajor is the oldest PostgreSQL that Heli was tried on.
const oldestMajor = 15

// Binaries is a folder with the PostgreSQL server programs.
type Binaries struct {
	Dir   string
	Major int // such as 15
}

func (b Binaries) path(program string) string { return filepath.Join(b.Dir, program) }

// installPatterns are the places where packages of Debian, Red Hat, SUSE,
// Alpine, Homebrew, Postgres.app and PostgreSQL's own make put the programs.
var installPatterns = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/lib/postgresql*/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/usr/local/pgsql/bin",
}

// FindPostgres returns the server programs to use: those of $PG_BIN, else the
// highest version installed by a package or by Install below root, else those
// of PATH. It installs nothing; without any it returns ErrNoBinaries in a
// sentence that names the package to install.
func FindPostgres(ctx context.Context, root string) (Binaries, error) {
	return findBinaries(ctx, root, 0)
}

// findBinaries prefers the given major version, the one that made the data;
// zero means any.
func findBinaries(ctx context.Context, root string, major int) (Binaries, error) {
	if dir := os.Getenv("PG_BIN"); dir != "" {
		found, err := inspectBinaries(ctx, dir)
		if err != nil {
			return Binaries{}, fmt.Errorf("%w in PG_BIN=%s (%s): correct or unset PG_BIN", ErrNoBinaries, dir, err.Error())
		}
		return found, nil
	}
	found := installedBinaries(ctx, root)
	if i := slices.IndexFunc(found, func(b Binaries) bool { return b.Major == major }); i >= 0 {
		return found[i], nil
	}
	if len(found) == 0 {
		return Binaries{}, fmt.Errorf("%w: %s, or name their folder with PG_BIN", ErrNoBinaries, installAdvice())
	}
	return found[0], nil
}

// installedBinaries lists what is installed: packages by falling version, then PATH.
func installedBinaries(ctx context.Context, root string) []Binaries {
	patterns := installPatterns
	if root != "" {
		patterns = append([]string{filepath.Join(root, unpackedFolder, "*", "bin")}, patterns...)
	}
	var found []Binaries
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			continue // a root with a broken pattern in its name has nothing to offer
		}
		for _, dir := range dirs {
			if b, err := inspectBinaries(ctx, dir); err == nil {
				found = append(found, b)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return cmp.Compare(b.Major, a.Major) })
	if path, err := exec.LookPath("postgres"); err == nil {
		if b, err := inspectBinaries(ctx, filepath.Dir(path)); err == nil {
			found = append(found, b)
		}
	}
	return found
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspectBinaries checks that a folder holds programs new enough.
func inspectBinaries(ctx context.Context, dir string) (Binaries, error) {
	b := Binaries{Dir: dir}
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return Binaries{}, fmt.Errorf("find initdb: %w", err)
	}
	out, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output() //nolint:gosec // a fixed program in a folder that the operator names
	if err != nil {
		return Binaries{}, fmt.Errorf("ask postgres for its version: %w", err)
	}
	version := versionPattern.FindSubmatch(out)
	if version == nil {
		return Binaries{}, fmt.Errorf("read version: unknown answer %q", out)
	}
	if b.Major, err = strconv.Atoi(string(version[1])); err != nil {
		return Binaries{}, fmt.Errorf("read version: %w", err)
	}
	if b.Major < oldestMajor {
		return Binaries{}, fmt.Errorf("PostgreSQL %d is too old: Heli needs %d or newer", b.Major, oldestMajor)
	}
	return b, nil
}

// installAdvice names the package of this system.
func installAdvice() string {
	if runtime.GOOS == "darwin" {
		return "install them with brew install postgresql@17"
	}
	for _, choice := range []struct{ tool, advice string }{
		{"apt-get", "install them with apt-get install postgresql"},
		{"dnf", "install them with dnf install postgresql-server"},
		{"zypper", "install them with zypper install postgresql-server"},
		{"apk", "install them with apk add postgresql"},
		{"pacman", "install them with pacman -S postgresql"},
	} {
		if _, err := exec.LookPath(choice.tool); err == nil {
			return choice.advice
		}
	}
	return "install the package postgresql (server)"
}
