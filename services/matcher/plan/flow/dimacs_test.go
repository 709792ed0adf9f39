package flow

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = `c a comment
p min 3 3

n 1 4
n 3 -4
a 1 2 0 3 2
a 2 3 0 3 -1
a 1 3 1 9 5
`

func TestReadWhatWriteWrites(t *testing.T) {
	t.Parallel()
	want := &Graph{Nodes: 3, Supplies: []Supply{{0, 4}, {2, -4}}, Arcs: []Arc{{0, 1, 0, 3, 2}, {1, 2, 0, 3, -1}, {0, 2, 1, 9, 5}}}
	got, err := Read(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	var out bytes.Buffer
	if err := got.Write(&out); err != nil {
		t.Fatal(err)
	}
	again, err := Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Fatal(diff)
	}
}

func TestReadSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                      "there is no problem line",
		"c only\n":                              "there is no problem line",
		"p max 1 1\n":                           "line 1: want p min NODES ARCS",
		"p min 1\n":                             "line 1: want p min NODES ARCS",
		"p min x 1\n":                           `line 1: "x" is no whole number`,
		"p min -1 1\n":                          "line 1: the numbers of nodes and arcs must be between",
		"p min 99999999999 1\n":                 "line 1: the numbers of nodes and arcs must be between",
		"p min 1 0\np min 1 0\n":                "line 2: a second problem line",
		"n 1 1\n":                               "line 1: it comes before the problem line",
		"p min 2 0\nn 3 1\n":                    "line 2: node 3 is not between 1 and 2",
		"p min 2 0\nn 1\n":                      "line 2: want 2 numbers, there are 1",
		"p min 2 0\nn 1 1\nn 1 1\n":             "line 3: a second supply for node 1",
		"p min 2 1\na 1 2 0 1\n":                "line 2: want 5 numbers, there are 4",
		"p min 2 1\na 1 2 0 1 1.5\n":            `line 2: "1.5" is no whole number`,
		"p min 2 1\na 0 2 0 1 1\n":              "line 2: node 0 is not between 1 and 2",
		"p min 2 1\na 1 2 2 1 1\n":              "line 2: capacity 1 is below the lower bound 2",
		"p min 2 1\n":                           "promises 1 arcs, there are 0",
		"p min 2 0\na 1 2 0 1 1\n":              "line 2: more arcs than the 0 promised",
		"p min 2 0\nx 1\n":                      `line 2: unknown kind of line "x"`,
		"p min 2 0\n" + strings.Repeat("x", 99): `line 2: unknown kind of line "xxxx`,
		"c\n" + strings.Repeat(" ", 1<<17):      "line 2 is longer than",
	} {
		_, err := Read(strings.NewReader(text))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}

// FuzzRead: whatever the bytes, reading ends without panic; what can be read is
// written and read the same, and solved or refused.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("p min 1 1\na 1 1 0 5 -3\n"))
	f.Add([]byte("p min 2 2\nn 1 9223372036854775807\nn 2 -9223372036854775807\na 1 2 0 9223372036854775807 1\na 2 1 -9223372036854775808 0 -1\n"))
	f.Add([]byte("p min 100000000 0\n"))
	files, err := filepath.Glob("testdata/*.min")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		g, err := Read(bytes.NewReader(content))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := g.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(g, again); diff != "" {
			t.Fatal(diff)
		}
		if g.Nodes > 100 || len(g.Arcs) > 300 {
			return
		}
		if s, err := Solve(context.Background(), g); err == nil {
			if err := feasible(g, s.Flow); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// feasible is what optimal checks without the costs, which may overflow here.
func feasible(g *Graph, flow []int64) error {
	free := &Graph{Nodes: g.Nodes, Supplies: g.Supplies}
	for _, a := range g.Arcs {
		a.Cost = 0
		free.Arcs = append(free.Arcs, a)
	}
	return optimal(free, flow)
}
