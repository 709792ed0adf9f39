package templates

import (
	"fmt"
	"strconv"
	"strings"
)

// Bar is one row of a bar chart. Shown is its value as it is read; Href leads to
// what it counts, if anything.
type Bar struct {
	Label string
	Shown string
	Value int64
	Href  string
}

// Stack is one row of a stacked bar chart, its parts from left to right.
type Stack struct {
	Label string
	Shown string
	Parts []int64
}

// Series is one line of a line chart, a value for each step.
type Series struct {
	Label  string
	Values []int64
}

// Lines is a line chart: at most three series, told apart by colour and by dashes.
type Lines struct {
	First, Last string // the ends of the axis, in words
	Series      []Series
}

// chartWidth and chartHeight are the grid that lines are drawn on; the picture is
// stretched to its place.
const (
	chartWidth  = 600
	chartHeight = 160
)

// greatest returns the greatest value, at least 1.
func greatest(values ...int64) int64 {
	most := int64(1)
	for _, value := range values {
		most = max(most, value)
	}
	return most
}

func mostOfBars(bars []Bar) int64 {
	most := int64(1)
	for _, bar := range bars {
		most = max(most, bar.Value)
	}
	return most
}

func mostOfStacks(stacks []Stack) int64 {
	most := int64(1)
	for _, stack := range stacks {
		sum := int64(0)
		for _, part := range stack.Parts {
			sum += part
		}
		most = max(most, sum)
	}
	return most
}

// most returns the greatest value of all series, at least 1.
func (l Lines) most() int64 {
	most := int64(1)
	for _, series := range l.Series {
		most = greatest(append([]int64{most}, series.Values...)...)
	}
	return most
}

// share is the drawn length of a value on a bar of 100.
func share(value, most int64) string {
	return strconv.FormatFloat(100*float64(value)/float64(most), 'f', 2, 64)
}

// stackPart is one drawn part of a stack.
type stackPart struct{ X, Width, Class string }

func (s Stack) drawn(most int64) []stackPart {
	var parts []stackPart
	before := int64(0)
	for n, part := range s.Parts {
		if part > 0 {
			parts = append(parts, stackPart{share(before, most), share(part, most), "chart-shade-" + strconv.Itoa(n)})
		}
		before += part
	}
	return parts
}

// points returns the line of a series on the grid.
func (l Lines) points(series Series) string {
	most := float64(l.most())
	step := float64(chartWidth)
	if len(series.Values) > 1 {
		step /= float64(len(series.Values) - 1)
	}
	var b strings.Builder
	for n, value := range series.Values {
		fmt.Fprintf(&b, "%.1f,%.1f ", float64(n)*step, chartHeight-(chartHeight-8)*float64(value)/most)
	}
	return strings.TrimSpace(b.String())
}

// Columns of a histogram stand on a grid of their own.
const (
	columnWidth  = 100
	columnHeight = 180
	columnFoot   = 40 // for the label below
)

// column is one drawn column of a histogram.
type column struct{ X, Y, Width, Height, Middle, Above string }

func drawnColumn(n int, bar Bar, most int64) column {
	height := float64(columnHeight-30) * float64(bar.Value) / float64(most)
	left := n*columnWidth + 12
	return column{
		X: strconv.Itoa(left), Y: strconv.FormatFloat(columnHeight-height, 'f', 1, 64), Width: strconv.Itoa(columnWidth - 24),
		Height: strconv.FormatFloat(height, 'f', 1, 64), Middle: strconv.Itoa(n*columnWidth + columnWidth/2),
		Above: strconv.FormatFloat(columnHeight-height-8, 'f', 1, 64),
	}
}

func histogramBox(bars []Bar) string {
	return fmt.Sprintf("0 0 %d %d", len(bars)*columnWidth, columnHeight+columnFoot)
}

// FigureData is the table behind a picture.
type FigureData struct {
	Title   string
	Lead    string
	Columns []Column
	Rows    [][]string
}
