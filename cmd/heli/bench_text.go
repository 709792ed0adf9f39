package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"heli/services/matcher/evaluate"
)

// maxTextLine bounds one line of a list of texts.
const maxTextLine = 1 << 20

type benchText struct {
	Needs  string `name:"needs" required:"" type:"existingfile" placeholder:"F" help:"Needs, a line each: id, tab, text."`
	Offers string `name:"offers" required:"" type:"existingfile" placeholder:"F" help:"Offers, likewise."`
	Gold   string `name:"gold" required:"" type:"existingfile" placeholder:"F" help:"What fits: need's id, tab, offer's id."`
	JSON   bool   `name:"json" help:"Print the figures as JSON."`
}

// Run measures the text factor; it needs no platform.
func (c *benchText) Run(_ context.Context, t terminal) error {
	var lists [3][][2]string
	for i, path := range []string{c.Needs, c.Offers, c.Gold} {
		var err error
		if lists[i], err = readPairs(path); err != nil {
			return err
		}
	}
	r := evaluate.Evaluate(documents(lists[0]), documents(lists[1]), goldPairs(lists[2]))
	return t.result(c.JSON, r, fmt.Sprintf("auc %.4f\nr_at_5 %.4f\nr_at_20 %.4f\nr_at_100 %.4f\n", r.AUC, r.R5, r.R20, r.R100))
}

func documents(lines [][2]string) []evaluate.Document {
	all := make([]evaluate.Document, len(lines))
	for i, l := range lines {
		all[i] = evaluate.Document{ID: l[0], Text: l[1]}
	}
	return all
}

func goldPairs(lines [][2]string) []evaluate.Pair {
	all := make([]evaluate.Pair, len(lines))
	for i, l := range lines {
		all[i] = evaluate.Pair{NeedID: l[0], OfferID: l[1]}
	}
	return all
}

// readPairs reads lines of two columns with a tab between; empty lines are
// left out.
func readPairs(path string) (pairs [][2]string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open texts: %w", err)
	}
	defer func() { _ = file.Close() }() // read only, nothing can be lost
	if pairs, err = scanPairs(file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return pairs, nil
}

func scanPairs(r io.Reader) ([][2]string, error) {
	var pairs [][2]string
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxTextLine)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimRight(scanner.Text(), "\r")
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if line == "" {
			continue
		}
		first, second, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("line %d has no tab: each needs an id, a tab and a text or id", n)
		}
		pairs = append(pairs, [2]string{first, second})
	}
	return pairs, scanner.Err()
}
