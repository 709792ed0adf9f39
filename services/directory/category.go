package directory

import (
	"regexp"
	"strings"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/reference"
)

const (
	maxHSDS  = 200
	maxOrder = 10_000
)

// categoryForm is what the code of a category may be: dotted parts, of which all
// but the last are the parent's.
var categoryForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,31}){0,3}$`)

// checkCategory returns an Invalid fault with every wrong field. A category keeps
// its place in the tree: its code says it.
func checkCategory(ref *reference.Snapshot, c contract.Category) error {
	v := check.New(ref)
	switch {
	case c.Code == "":
		v.Add("code", check.Required)
	case !categoryForm.MatchString(c.Code) || parentCode(c.Code) != c.Parent:
		v.Add("code", check.Malformed)
	}
	if c.Parent != "" {
		v.Category("parent", c.Parent)
	}
	for _, language := range []string{"en", "zh-Hans", "zh-Hant"} {
		v.Text("names."+language, c.Names[language], 1, maxName)
	}
	if v.Size("units", len(c.Units), 1, len(contract.Units())) {
		for n, unit := range c.Units {
			check.OneOf(v, check.At("units", n, ""), unit, contract.Units())
		}
	}
	if v.Size("modes", len(c.Modes), 1, len(contract.Modes())) {
		for n, mode := range c.Modes {
			check.OneOf(v, check.At("modes", n, ""), mode, contract.Modes())
		}
	}
	check.OneOf(v, "matching", c.Matching, []string{"manual", "assisted", "wave", "automatic"})
	v.Text("hsds", c.HSDS, 0, maxHSDS)
	if c.Order < 0 || c.Order > maxOrder {
		v.Add("order", check.OutOfRange, "min", 0, "max", maxOrder)
	}
	return v.Err()
}

func parentCode(code string) string {
	if n := strings.LastIndexByte(code, '.'); n >= 0 {
		return code[:n]
	}
	return ""
}
