package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/app"
	"heli/pkg/pg"
	"heli/services/directory"
)

// auditCommand looks at the audit chains.
type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Check every audit chain, also against its signed heads, and name the first row of each that is wrong."`
}

type auditVerify struct {
	place `embed:""`
	Sink  string `name:"sink" env:"HELI_SINK" placeholder:"DIR" help:"Folder with the signed heads (default: journal in the folder of the installation)."`
	JSON  bool   `name:"json" help:"Print the result as JSON."`
}

// verified is the result.
type verified struct {
	OK bool `json:"ok"`
	// Signatures counts the signed heads that were compared.
	Signatures int          `json:"signatures"`
	SignedLast *time.Time   `json:"signed_last,omitempty"`
	Breaks     []auditBreak `json:"breaks"`
}

type auditBreak struct {
	Organisation string `json:"organisation"` // id
	Seq          int64  `json:"seq"`
	Reason       string `json:"reason"`
}

var errAuditBroken = errors.New("an audit chain does not hold: see above")

// Run works beside a running Heli and changes nothing; it fails when a chain does
// not hold.
func (c *auditVerify) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	options.Directory.Sink = c.Sink
	var result verified
	err = platform.BesideDatabase(ctx, options, func(ctx context.Context, d platform.Database) error {
		result, err = verifyAudit(ctx, d)
		return err
	})
	if err != nil {
		return err
	}
	if err := t.result(c.JSON, result, result.text()); err != nil {
		return err
	}
	if !result.OK {
		return errAuditBroken
	}
	return nil
}

func verifyAudit(ctx context.Context, d platform.Database) (result verified, err error) {
	signed, err := directory.ReadSignedHeads(d.Sink, d.Keys)
	if err != nil {
		return result, err
	}
	address, err := app.WithSchema(d.AdminURL, "directory")
	if err != nil {
		return result, err
	}
	db, err := pg.Open(ctx, address, pg.WithConnections(1))
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service := directory.New(db, db, d.Keys, time.Now, func(string, any) {}, nil)
	breaks, err := service.VerifyAudit(ctx, signed...)
	if err != nil {
		return result, fmt.Errorf("walk the audit chains: %w", err)
	}
	return newVerified(signed, breaks), nil
}

// newVerified keeps the first break of each chain: what follows it proves nothing.
func newVerified(signed []directory.SignedHeads, breaks []directory.Break) verified {
	v := verified{OK: len(breaks) == 0, Signatures: len(signed), Breaks: []auditBreak{}}
	if len(signed) > 0 {
		v.SignedLast = &signed[len(signed)-1].At
	}
	for _, b := range breaks {
		last := len(v.Breaks) - 1
		switch {
		case last < 0 || v.Breaks[last].Organisation != b.Organisation:
			v.Breaks = append(v.Breaks, auditBreak(b))
		case b.Seq < v.Breaks[last].Seq:
			v.Breaks[last] = auditBreak(b)
		}
	}
	return v
}

func (v verified) text() string {
	var b strings.Builder
	for _, found := range v.Breaks {
		fmt.Fprintf(&b, "organisation %s, row %d: %s\n", found.Organisation, found.Seq, found.Reason)
	}
	if v.OK {
		b.WriteString("every audit chain holds\n")
	}
	if v.SignedLast == nil {
		b.WriteString("no signed heads were found, so that a chain cut off together with its head would not be seen\n")
	} else {
		fmt.Fprintf(&b, "compared with %d signed heads, the last of %s\n", v.Signatures, v.SignedLast.Format(time.RFC3339))
	}
	return b.String()
}
