package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// breachCommand lists whose data an account read, for those who must be told.
type breachCommand struct {
	place   `embed:""`
	Account string    `name:"account" required:"" placeholder:"ID" help:"Id of the person or API key; histories and alerts show it."`
	From    time.Time `name:"from" required:"" format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"Beginning, as 2026-11-27T08:00:00+08:00."`
	To      time.Time `name:"to" required:"" format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"End, not included."`
	JSON    bool      `name:"json" help:"Print the list as JSON instead of CSV."`
}

// reading is one look at a contact by the account.
type reading struct {
	At        time.Time `db:"at" json:"at"`
	Thing     string    `db:"thing" json:"thing"`
	SubjectID string    `db:"subject_id" json:"subject_id"`
	// Code is that of the request or offer, for talking about it.
	Code string `db:"code" json:"code"`
	// Erased says that nobody can be told any more: the person had it erased.
	Erased       bool   `db:"erased" json:"erased"`
	Organisation string `db:"organisation" json:"organisation"` // owner's code
	Reason       string `db:"reason" json:"reason"`
}

// Run prints the readings, oldest first. It works beside a running Heli, changes
// nothing, and shows no contact.
func (c *breachCommand) Run(ctx context.Context, t terminal) error {
	if !contract.ValidID(c.Account) {
		return errors.New("--account must be the id of a person or an API key, such as histories show it")
	}
	if !c.From.Before(c.To) {
		return errors.New("--from must be before --to")
	}
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	var reads []reading
	err = platform.BesideDatabase(ctx, options, func(ctx context.Context, d platform.Database) (err error) {
		db, err := pg.Open(ctx, d.AdminURL, pg.WithConnections(1))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		reads, err = selectReads(ctx, db, c.Account, c.From, c.To)
		return err
	})
	if err != nil {
		return err
	}
	text, err := readsText(reads)
	if err != nil {
		return err
	}
	return t.result(c.JSON, reads, text)
}

// readsText is CSV. What somebody typed never begins a formula.
func readsText(reads []reading) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{{"at", "thing", "subject_id", "code", "erased", "organisation", "reason"}}
	for _, r := range reads {
		reason := r.Reason
		if strings.IndexAny(reason, "=+-@\t\r\n\x00") == 0 {
			reason = "'" + reason
		}
		rows = append(rows, []string{
			r.At.UTC().Format(time.RFC3339), r.Thing, r.SubjectID, r.Code, fmt.Sprint(r.Erased), r.Organisation, reason,
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return "", fmt.Errorf("write list: %w", err)
	}
	return b.String(), nil
}
