package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"heli/cmd/heli/bench"
	"heli/pkg/embedded"
)

// setupCommand installs what is missing.
type setupCommand struct {
	place `embed:""`
	Tests bool `name:"tests" help:"Also what the tests need: Chromium, a Chinese font, a C compiler for the race detector."`
}

// tool is something that the tests need and a Debian package brings.
type tool struct {
	name     string
	packages []string
	present  func() bool
}

// Run installs, telling what it does; with nothing to do it is quick and quiet.
func (c *setupCommand) Run(ctx context.Context, t terminal) error {
	root, err := c.root()
	if err != nil {
		return err
	}
	if c.DatabaseURL == "" {
		if _, err := embedded.Install(ctx, root, t.err); err != nil {
			return err
		}
	}
	if !c.Tests {
		return nil
	}
	return installTools(ctx, t, testTools())
}

func testTools() []tool {
	return []tool{
		{"Chromium", []string{"chromium-headless-shell"}, anyProgram(bench.Browsers()...)},
		{"a Chinese font", []string{"fonts-wqy-microhei", "fontconfig"}, chineseFont},
		{"a C compiler", []string{"gcc", "libc6-dev"}, anyProgram("gcc", "clang")},
	}
}

func anyProgram(names ...string) func() bool {
	return func() bool {
		for _, name := range names {
			if _, err := exec.LookPath(name); err == nil {
				return true
			}
		}
		return false
	}
}

// chineseFont looks where Linux keeps fonts; other systems bring one along.
func chineseFont() bool {
	const folder = "/usr/share/fonts"
	if _, err := os.Stat("/etc/os-release"); err != nil {
		return true
	}
	for _, name := range []string{"wqy", "NotoSansCJK", "NotoSerifCJK", "SourceHanSans"} {
		found, err := filepath.Glob(filepath.Join(folder, "*", "*", name+"*"))
		if err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

func installTools(ctx context.Context, t terminal, tools []tool) error {
	var names, packages []string
	for _, needed := range tools {
		if !needed.present() {
			names = append(names, needed.name)
			packages = append(packages, needed.packages...)
		}
	}
	if len(packages) == 0 {
		return nil
	}
	missing := strings.Join(names, ", ")
	if _, err := os.Stat("/etc/debian_version"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("the tests need %s: install them, on Debian as root with apt-get install %s", missing, strings.Join(packages, " "))
	}
	if _, err := fmt.Fprintf(t.err, "installing %s\n", missing); err != nil {
		return fmt.Errorf("tell: %w", err)
	}
	err := errors.Join(apt(ctx, t, "update", "-q"),
		apt(ctx, t, append([]string{"install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"}, packages...)...))
	if err != nil {
		return fmt.Errorf("install %s: %w", missing, err)
	}
	return nil
}

func apt(ctx context.Context, t terminal, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...) //nolint:gosec // fixed arguments
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = t.err, t.err
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run apt-get %s: %w", args[0], err)
	}
	return nil
}
