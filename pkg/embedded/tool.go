package embedded

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// toolPattern finds the major version in what a client program says of itself.
var toolPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// FindTool returns the path of one of PostgreSQL's client programs, such as
// pg_dump, that suits a server of the major version: of the same version, else
// of the next newer one. It installs nothing; without any it fails with a
// sentence that names the package to install.
func FindTool(ctx context.Context, root, name string, major int) (string, error) {
	type tool struct {
		path  string
		major int
	}
	var found []tool
	for _, path := range toolPaths(root, name) {
		out, err := exec.CommandContext(ctx, path, "--version").Output() //nolint:gosec // a fixed program in folders of PostgreSQL
		if err != nil {
			continue // not there, or not for this machine
		}
		version := toolPattern.FindSubmatch(out)
		if version == nil {
			continue
		}
		if n, err := strconv.Atoi(string(version[1])); err == nil && n >= major {
			found = append(found, tool{path, n})
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s of PostgreSQL %d or newer was not found: install the package postgresql-client-%d, or name the folder of the programs with PG_BIN",
			name, major, major)
	}
	return slices.MinFunc(found, func(a, b tool) int { return cmp.Compare(a.major, b.major) }).path, nil
}

// toolPaths lists where the program may be, the operator's choice first.
func toolPaths(root, name string) []string {
	var paths []string
	if dir := os.Getenv("PG_BIN"); dir != "" {
		paths = append(paths, filepath.Join(dir, name))
	}
	patterns := installPatterns
	if root != "" {
		patterns = append([]string{filepath.Join(root, unpackedFolder, "*", "bin")}, patterns...)
	}
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(filepath.Join(pattern, name))
		if err != nil {
			continue // a root with a broken pattern in its name has nothing to offer
		}
		paths = append(paths, dirs...)
	}
	if path, err := exec.LookPath(name); err == nil {
		paths = append(paths, path)
	}
	return paths
}
