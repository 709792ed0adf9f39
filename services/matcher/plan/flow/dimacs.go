package flow

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// longestLine bounds a line of a DIMACS file; the longest that means anything
// has six numbers.
const longestLine = 1 << 16

// Read reads a minimum-cost-flow problem in the format of the First DIMACS
// Challenge: a line `p min NODES ARCS`, then `n ID FLOW` for nodes that give or
// take and `a FROM TO LOW CAP COST` for arcs, nodes from 1; `c` begins a
// comment. Errors name the line and wrap ErrMalformed, or are the reader's.
func Read(r io.Reader) (*Graph, error) {
	d := decoder{graph: &Graph{}, supplied: map[int]bool{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	line := 0
	for lines.Scan() {
		line++
		if err := d.decode(strings.Fields(lines.Text())); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrMalformed, line, err)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("%w: line %d is longer than %d bytes", ErrMalformed, line+1, longestLine)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read line %d: %w", line+1, err)
	}
	if !d.begun {
		return nil, fmt.Errorf("%w: there is no problem line (p min NODES ARCS)", ErrMalformed)
	}
	if len(d.graph.Arcs) != d.arcs {
		return nil, fmt.Errorf("%w: the problem line promises %d arcs, there are %d", ErrMalformed, d.arcs, len(d.graph.Arcs))
	}
	return d.graph, nil
}

type decoder struct {
	graph    *Graph
	begun    bool
	arcs     int // promised
	supplied map[int]bool
}

func (d *decoder) decode(fields []string) error {
	switch {
	case len(fields) == 0 || fields[0][0] == 'c':
		return nil
	case fields[0] == "p":
		return d.problem(fields[1:])
	case fields[0] != "n" && fields[0] != "a":
		return fmt.Errorf("unknown kind of line %q, want c, p, n or a", clip(fields[0]))
	case !d.begun:
		return errors.New("it comes before the problem line")
	case fields[0] == "n":
		return d.node(fields[1:])
	default:
		return d.arc(fields[1:])
	}
}

func (d *decoder) problem(fields []string) error {
	if d.begun {
		return errors.New("a second problem line")
	}
	if len(fields) != 3 || fields[0] != "min" {
		return errors.New("want p min NODES ARCS")
	}
	var n [2]int64
	if err := numbers(fields[1:], n[:]); err != nil {
		return err
	}
	if n[0] < 0 || n[0] > maxNodes || n[1] < 0 || n[1] > maxNodes {
		return fmt.Errorf("the numbers of nodes and arcs must be between 0 and %d", maxNodes)
	}
	d.begun, d.graph.Nodes, d.arcs = true, int(n[0]), int(n[1])
	return nil
}

func (d *decoder) node(fields []string) error {
	var n [2]int64
	if err := numbers(fields, n[:]); err != nil {
		return err
	}
	v, err := d.number(n[0])
	if err != nil {
		return err
	}
	if d.supplied[v] {
		return fmt.Errorf("a second supply for node %d", n[0])
	}
	d.supplied[v] = true
	d.graph.Supplies = append(d.graph.Supplies, Supply{Node: v, Amount: n[1]})
	return nil
}

func (d *decoder) arc(fields []string) error {
	var n [5]int64
	if err := numbers(fields, n[:]); err != nil {
		return err
	}
	from, err := d.number(n[0])
	if err != nil {
		return err
	}
	to, err := d.number(n[1])
	if err != nil {
		return err
	}
	if len(d.graph.Arcs) == d.arcs {
		return fmt.Errorf("more arcs than the %d promised", d.arcs)
	}
	if n[3] < n[2] {
		return fmt.Errorf("capacity %d is below the lower bound %d", n[3], n[2])
	}
	d.graph.Arcs = append(d.graph.Arcs, Arc{From: from, To: to, Low: n[2], Cap: n[3], Cost: n[4]})
	return nil
}

// number turns a node's number in the file into ours.
func (d *decoder) number(n int64) (int, error) {
	if n < 1 || n > int64(d.graph.Nodes) {
		return 0, fmt.Errorf("node %d is not between 1 and %d", n, d.graph.Nodes)
	}
	return int(n - 1), nil
}

func numbers(fields []string, into []int64) error {
	if len(fields) != len(into) {
		return fmt.Errorf("want %d numbers, there are %d", len(into), len(fields))
	}
	for i, f := range fields {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no whole number of 64 bits", clip(f))
		}
		into[i] = n
	}
	return nil
}

// clip keeps an error short whatever the file holds.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// Write writes the graph in the format that Read reads; the same graph gives
// the same bytes. Errors are the writer's.
func (g *Graph) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	_, _ = fmt.Fprintf(b, "p min %d %d\n", g.Nodes, len(g.Arcs)) // Flush returns the first error
	var line []byte
	put := func(kind byte, numbers ...int64) {
		line = append(line[:0], kind)
		for _, n := range numbers {
			line = strconv.AppendInt(append(line, ' '), n, 10)
		}
		_, _ = b.Write(append(line, '\n')) // Flush returns the first error
	}
	for _, s := range g.Supplies {
		put('n', int64(s.Node)+1, s.Amount)
	}
	for _, a := range g.Arcs {
		put('a', int64(a.From)+1, int64(a.To)+1, a.Low, a.Cap, a.Cost)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	return nil
}
