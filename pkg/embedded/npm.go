package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// The npm package with PostgreSQL's own programs, one per system. The sums are
// part of this program, so that whoever serves the package need not be trusted.
const (
	npmScope   = "@embedded-postgres/"
	npmVersion = "17.10.0-beta.17"
	npmMajor   = "17"
)

// npmSums are SHA-512 sums in base64, by Go's name of the system.
var npmSums = map[string]string{
	"linux/amd64":  "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
	"linux/arm64":  "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
	"darwin/amd64": "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
	"darwin/arm64": "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
}

// Names inside the package.
const (
	npmRoot  = "package/"
	npmTree  = "native/"
	npmLinks = "native/pg-symlinks.json" // npm packs no links; this lists them
)

func mayUseNPM() bool {
	_, known := npmSums[system()]
	_, missing := exec.LookPath("npm")
	return known && missing == nil
}

func system() string { return runtime.GOOS + "/" + runtime.GOARCH }

// installByNPM fetches the package through npm and unpacks it aside; the rename
// at the end makes it whole or absent.
func installByNPM(ctx context.Context, root string, out io.Writer) (err error) {
	folder := filepath.Join(root, unpackedFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // the server's user must read the programs
		return fmt.Errorf("make folder for programs: %w", err)
	}
	aside, err := os.MkdirTemp(folder, ".unpacking-")
	if err != nil {
		return fmt.Errorf("make folder for programs: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	archive, err := fetchPackage(ctx, aside, out)
	if err != nil {
		return err
	}
	tree := filepath.Join(aside, "tree")
	if err := unpack(archive, tree); err != nil {
		return fmt.Errorf("unpack PostgreSQL: %w", err)
	}
	target := filepath.Join(folder, npmMajor)
	if err := os.Rename(tree, target); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put PostgreSQL in place: %w", err)
	}
	return nil
}

// fetchPackage returns the package's content once its sum is right.
func fetchPackage(ctx context.Context, dir string, out io.Writer) ([]byte, error) {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	name := npmScope + runtime.GOOS + "-" + arch + "@" + npmVersion
	if _, err := fmt.Fprintln(out, "fetching", name, "through npm"); err != nil {
		return nil, fmt.Errorf("tell progress: %w", err)
	}
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", dir, name) //nolint:gosec // fixed arguments
	cmd.Dir, cmd.Stderr = dir, out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("fetch %s: npm left %d files", name, len(files))
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if sum := sha512.Sum512(content); base64.StdEncoding.EncodeToString(sum[:]) != npmSums[system()] {
		return nil, fmt.Errorf("the content of %s is not what it should be: its SHA-512 sum differs", name)
	}
	return content, nil
}

// unpack writes the package's tree to a new folder, readable for all.
func unpack(archive []byte, dir string) (err error) {
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // the server's user must read the programs
		return err
	}
	tree, err := os.OpenRoot(dir) // nothing can be written outside it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	if err := tree.Chmod(".", 0o755); err != nil { // whatever the umask
		return err
	}
	return unpackInto(tree, archive)
}

func unpackInto(tree *os.Root, archive []byte) error {
	compressed, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	entries := tar.NewReader(compressed)
	var links []byte
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return makeLinks(tree, links)
		}
		if err != nil {
			return err
		}
		switch name := strings.TrimPrefix(entry.Name, npmRoot); {
		case name == npmLinks:
			links, err = io.ReadAll(entries)
		case strings.HasPrefix(name, npmTree) && entry.Typeflag == tar.TypeReg:
			err = writeEntry(tree, strings.TrimPrefix(name, npmTree), entry, entries)
		}
		if err != nil {
			return err
		}
	}
}

func writeEntry(tree *os.Root, name string, entry *tar.Header, content io.Reader) (err error) {
	for dir := range parents(name) {
		if err := makeFolder(tree, dir); err != nil {
			return err
		}
	}
	file, err := tree.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.CopyN(file, content, entry.Size); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if entry.Mode&0o111 != 0 || strings.HasPrefix(name, "bin/") {
		mode = 0o755
	}
	return file.Chmod(mode)
}

// parents yields the folders above a file, the outermost first.
func parents(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i, letter := range name {
			if letter == '/' && !yield(name[:i]) {
				return
			}
		}
	}
}

func makeFolder(tree *os.Root, dir string) error {
	if err := tree.Mkdir(dir, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return tree.Chmod(dir, 0o755)
}

// makeLinks makes the links that npm could not pack.
func makeLinks(tree *os.Root, list []byte) error {
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(list, &links); err != nil {
		return fmt.Errorf("read list of links: %w", err)
	}
	for _, link := range links {
		name, source := strings.TrimPrefix(link.Target, npmTree), strings.TrimPrefix(link.Source, npmTree)
		relative, err := filepath.Rel(path.Dir(name), source)
		if err != nil {
			return err
		}
		if err := tree.Symlink(relative, name); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
