package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/embedded"
	"heli/services/notify"
)

// doctorTime bounds each look at a server.
const doctorTime = 10 * time.Second

// doctorCommand looks at everything that commonly goes wrong. It changes nothing.
type doctorCommand struct {
	place                `embed:""`
	Listen               string `name:"listen" env:"HELI_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where heli up would serve the pages."`
	AdminListen          string `name:"admin-listen" env:"HELI_ADMIN_LISTEN" default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Where heli up would serve operators."`
	PublicURL            string `name:"public-url" env:"HELI_PUBLIC_URL" placeholder:"URL" help:"Where readers reach the pages."`
	notify.MessageConfig `embed:""`
	JSON                 bool `name:"json" help:"Print the findings as JSON."`
}

// finding is one thing that was looked at.
type finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Text is what was found or, when it is wrong, what to do.
	Text string `json:"text"`
}

// errFindings ends the command with a status that scripts see.
var errFindings = errors.New("something is wrong: see above")

// examination gathers findings about one installation.
type examination struct {
	options  platform.Options
	running  *platform.Running // nil when none runs here
	findings []finding
}

// Run prints what it finds; it fails when anything is wrong.
func (c *doctorCommand) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	e := &examination{options: options}
	e.examineFolder()
	e.examinePrograms(ctx)
	e.examinePorts(ctx, c.Listen, c.AdminListen)
	e.examineDatabase(ctx)
	e.examineNATS(ctx)
	e.examineMessages(notify.Config{PublicURL: c.PublicURL, MessageConfig: c.MessageConfig})
	if err := t.result(c.JSON, e.findings, e.text()); err != nil {
		return err
	}
	for _, f := range e.findings {
		if !f.OK {
			return errFindings
		}
	}
	return nil
}

// note adds a finding: the text, or the error where there is one.
func (e *examination) note(name, text string, err error) {
	f := finding{Name: name, OK: err == nil, Text: text}
	if err != nil {
		f.Text = err.Error()
	}
	e.findings = append(e.findings, f)
}

func (e *examination) text() string {
	var b strings.Builder
	for _, f := range e.findings {
		mark := "ok   "
		if !f.OK {
			mark = "WRONG"
		}
		fmt.Fprintf(&b, "%s %-10s %s\n", mark, f.Name, f.Text)
	}
	return b.String()
}

func (e *examination) examineFolder() {
	running, err := platform.FindRunning(e.options.Data)
	e.running = running
	switch {
	case err != nil:
		e.note("folder", "", err)
	case running != nil:
		e.note("folder", fmt.Sprintf("%s is used by the running Heli, process %d", e.options.Data, running.PID), nil)
	default:
		text, err := checkFolder(e.options.Data)
		e.note("folder", text, err)
	}
}

func (e *examination) examinePrograms(ctx context.Context) {
	if e.options.DatabaseURL != "" {
		return
	}
	found, err := embedded.FindPostgres(ctx, e.options.Data)
	e.note("programs", fmt.Sprintf("PostgreSQL %d in %s", found.Major, found.Dir), err)
}

// examinePorts asks for ports that a start would need.
func (e *examination) examinePorts(ctx context.Context, addresses ...string) {
	if e.running != nil {
		e.note("ports", fmt.Sprintf("pages at %s, operators at %s", e.running.URL, e.running.AdminListen), nil)
		return
	}
	for _, address := range addresses {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err == nil {
			err = listener.Close()
		} else {
			err = fmt.Errorf("%w: end the program that uses %s, or choose another address", err, address)
		}
		e.note("ports", address+" is free", err)
	}
}

// examineMessages says on which ways people are written to. It sends nothing.
func (e *examination) examineMessages(c notify.Config) {
	channels, err := c.Channels()
	text := "no mail server and no SMS provider is set up, nobody is written to: see --smtp-url and --sms-url"
	if len(channels) > 0 {
		names := make([]string, len(channels))
		for n, channel := range channels {
			names[n] = string(channel)
		}
		text = "people are written to by " + strings.Join(names, ", else by ")
	}
	e.note("messages", text, err)
}
