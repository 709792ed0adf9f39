package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePrograms makes a folder that looks like PostgreSQL's. Tests that run them
// are not parallel: a program that was just written can be busy while another
// goroutine forks.
func fakePrograms(t *testing.T, dir, version string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFindPostgresPrefers(t *testing.T) {
	root := t.TempDir()
	bin := func(version string) string { return filepath.Join(root, unpackedFolder, version, "bin") }
	for _, version := range []string{"96.4", "99.1", "98.12"} {
		fakePrograms(t, bin(version), version)
	}
	fakePrograms(t, bin("old"), "9.6.24")
	t.Setenv("PG_BIN", "")
	for major, want := range map[int]string{0: bin("99.1"), 98: bin("98.12"), 97: bin("99.1")} {
		if got, err := findBinaries(t.Context(), root, major); err != nil || got.Dir != want {
			t.Errorf("for data of %d: %v, %v", major, got, err)
		}
	}
	t.Setenv("PG_BIN", bin("96.4"))
	if got, err := FindPostgres(t.Context(), root); err != nil || got.Major != 96 {
		t.Errorf("PG_BIN: %v, %v", got, err)
	}
	t.Setenv("PG_BIN", bin("old"))
	if _, err := FindPostgres(t.Context(), root); !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), "too old") {
		t.Errorf("an old version: %v", err)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "closed", "data")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	stranger := account{name: "stranger", uid: 54321, gid: 54321, switched: true}
	err := stranger.checkReach(dir)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), filepath.Dir(dir)+" is closed") {
		t.Errorf("error %v", err)
	}
	if err := (account{uid: os.Geteuid()}).checkReach(dir); err != nil {
		t.Errorf("our own folder: %v", err)
	}
}

func TestClusterPolicyOfOthersStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postgresql-common", "createcluster.conf")
	if err := forbidOwnCluster(path); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != clusterPolicyText {
		t.Errorf("policy %q, %v", text, err)
	}
	const theirs = "create_main_cluster = true\n"
	if err := os.WriteFile(path, []byte(theirs), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := forbidOwnCluster(path); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != theirs {
		t.Errorf("their policy became %q, %v", text, err)
	}
}

// archive packs files the way npm does.
func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	writer := tar.NewWriter(compressed)
	for name, content := range files {
		header := tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprint(writer, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(writer.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tree")
	err := unpack(archive(t, map[string]string{
		"package/README.md":               "not needed",
		"package/native/bin/postgres":     "program",
		"package/native/lib/a/lib.so.1.2": "library",
		"package/native/pg-symlinks.json": `[{"source": "native/lib/a/lib.so.1.2", "target": "native/lib/lib.so"}]`,
	}), dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{"bin": 0o755, "bin/postgres": 0o755, "lib/a": 0o755, "lib/lib.so": 0o644} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "lib", "lib.so")); err != nil || string(text) != "library" {
		t.Errorf("behind the link: %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "README.md")); !errors.Is(err, os.ErrNotExist) {
		t.Error("unpacked more than the programs")
	}
}

func TestUnpackStaysInside(t *testing.T) {
	t.Parallel()
	for _, files := range []map[string]string{
		{"package/native/../../escaped": "x"},
		{"package/native/pg-symlinks.json": `[{"source": "native/lib/a", "target": "native/../../escaped"}]`},
		{"package/native/pg-symlinks.json": `no list`},
	} {
		dir := t.TempDir()
		if err := unpack(archive(t, files), filepath.Join(dir, "tree")); err == nil {
			t.Errorf("%v was unpacked", files)
		}
		if _, err := os.Lstat(filepath.Join(dir, "escaped")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v escaped", files)
		}
	}
}
