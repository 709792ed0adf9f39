// Command heli runs the whole platform in one process, sets it up, fills it,
// examines it and measures it. Each command is a file; what they do together
// with a running platform is in the package platform.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line of heli.
type commands struct {
	Up        upCommand        `cmd:"" help:"Run the whole platform in this process."`
	Setup     setupCommand     `cmd:"" help:"Install what is missing on this machine."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database up to date."`
	Doctor    doctorCommand    `cmd:"" help:"Look at programs, folders, ports, versions, clock and queues, and say what is wrong."`
	Import    importCommand    `cmd:"" help:"Read needs, offers or organisations from a table."`
	APIKey    apiKeyCommand    `cmd:"" name:"apikey" help:"Keys for other programs."`
	Login     loginCommand     `cmd:"" help:"Print a link that signs somebody in to the console, once."`
	Replay    replayCommand    `cmd:"" help:"Try matching policies on the recorded past and compare them."`
	Backup    backupCommand    `cmd:"" help:"Save the installation into FILE, and what must be kept apart from it into FILE.keys."`
	Restore   restoreCommand   `cmd:"" help:"Bring a backup back into an empty folder or database; what was erased since stays erased."`
	Keys      keysCommand      `cmd:"" help:"The secrets of the installation."`
	Audit     auditCommand     `cmd:"" help:"The record of who read and changed what."`
	Breach    breachCommand    `cmd:"" help:"List whose contacts an account read between two times."`
	Retention retentionCommand `cmd:"" help:"Show how much is kept, and what would go."`
	Bench     benchCommand     `cmd:"" help:"Measure."`
	Plan      planCommand      `cmd:"" help:"Work on plans: solve a problem from a file."`
}

// terminal is where a command speaks: results to out, all else to err.
type terminal struct{ out, err io.Writer }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(execute(ctx, os.Args[1:], terminal{os.Stdout, os.Stderr}))
}

// execute runs one command line and returns the exit status: 0, or 1 after one
// sentence on standard error.
func execute(ctx context.Context, args []string, t terminal) int {
	parser, err := kong.New(&commands{}, kong.Name("heli"),
		kong.Description("Heli (合力) pairs requests for help with offers of help."),
		kong.Writers(t.out, t.err), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t))
	if err != nil {
		return refuse(t, err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return refuse(t, fmt.Errorf("%w; see heli --help", err))
	}
	if err := parsed.Run(); err != nil {
		return refuse(t, err)
	}
	return 0
}

func refuse(t terminal, err error) int {
	_, _ = fmt.Fprintf(t.err, "heli: %v\n", err) // nowhere else to say it
	return 1
}
