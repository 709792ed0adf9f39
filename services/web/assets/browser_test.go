package assets_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// Old phones read these pages too: Chrome 78, Safari 13, WeChat's web view.
// src/browsers.mjs makes the style sheet readable for them.

func TestOldBrowsersReadTheStyleSheet(t *testing.T) {
	t.Parallel()
	sheet, err := os.ReadFile("app.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range unreadable(string(sheet)) {
		t.Error(complaint)
	}
}

func TestTheCheckOfTheStyleSheetFindsWhatOldBrowsersDrop(t *testing.T) {
	t.Parallel()
	const old = "@supports not (aspect-ratio:1)"
	for sheet, wrong := range map[string]bool{
		"@layer base{a{color:red}}":                         true,
		"@container (width>1px){a{color:red}}":              true,
		"a{color:oklch(50% 0 0)}":                           true,
		"a{color:red;color:oklch(50% 0 0)}":                 false,
		"a{color:red;color:color-mix(in lab,var(--x),red)}": true,
		"a{--x:color-mix(in lab,red,blue)}":                 true,
		"@supports (color:color-mix(in lab, red, red)){a{color:color-mix(in lab,var(--x),red)}}": false,
		"body{min-height:100dvh}":                              true,
		"body{min-height:100vh;min-height:100dvh}":             false,
		"a,b::backdrop{color:red}":                             true,
		"a{color:red}b::backdrop{color:red}":                   false,
		":where(a>b){color:red}":                               true,
		old + "{a>b{color:red}}:where(a>b){color:red}":         false,
		old + "{:is(a,b){color:red}}:is(a,b){color:red}":       true,
		"a:not(b,i){color:red}":                                true,
		"a:focus-visible{color:red}":                           true,
		old + "{a:focus{color:red}}a:focus-visible{color:red}": false,
		"a{b{color:red}}":                                      true,
		"a{inset:0}":                                           true,
		"a{padding-inline:1px}":                                true,
		"a{rotate:1deg}":                                       true,
		"a{rotate:1deg}@supports not (rotate:1deg){a{transform:rotate(1deg)}}": false,
		"a{gap:1px;display:flex}": true,
		"a{gap:1px;display:grid}": false,
		"a{gap:1px;display:flex}" + old + "{a{gap:0}a>*{margin-right:1px}}":                 false,
		"@property --x{syntax:'*';inherits:false}a{color:red}":                              true,
		"@property --x{syntax:'*';inherits:false}*,:after{--x:initial}":                     false,
		"@media (width < 40rem){a{color:red}}":                                              true,
		"@media (min-width:40rem){a{color:red}}@keyframes x{from{color:red}to{color:blue}}": false,
	} {
		if found := unreadable(sheet); (len(found) > 0) != wrong {
			t.Errorf("%s: %q", sheet, found)
		}
	}
}

// The scripts of the console alone may be newer.
func TestScriptsOfPublicPagesAreES2017(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"base.js", "public.js", "proof.js", "worker.js"} {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !asES2017(t, string(script)) {
			t.Errorf("%s holds syntax that ES2017 does not know", name)
		}
	}
	for _, newer := range []string{"a ?? b", "a?.b", "const {x, ...y} = z", "try {} catch {}", "a ||= b", "async function* f() {}", "class A { x = 1 }"} {
		if asES2017(t, newer) {
			t.Errorf("%q passes as ES2017", newer)
		}
	}
}

// asES2017 reports whether a script stays as it is when it is written for
// ES2017: nothing had to be put in other words, and nothing could not be.
func asES2017(t *testing.T, script string) bool {
	t.Helper()
	now := api.Transform(script, api.TransformOptions{Target: api.ESNext})
	if len(now.Errors) > 0 {
		t.Fatalf("no script: %v", now.Errors)
	}
	then := api.Transform(script, api.TransformOptions{Target: api.ES2017})
	return len(then.Errors) == 0 && string(then.Code) == string(now.Code)
}

const (
	forOld   = "not (aspect-ratio:1)"
	forTurns = "not (rotate:1deg)"
)

// beyond holds the conditions that no old browser meets: what is below them may
// be as new as it likes.
var beyond = []string{"(color:color-mix(in lab,red,red))", "(width:max(1px,2px))", "(appearance:base-select)"}

// lost holds what an old browser may go without: nothing is unusable then.
var lost = []string{".prose", "[type=radio].btn", ":active:not(.btn-active", ":has", ":open", "::picker", "::picker-icon", "::file-selector-button", "::backdrop", ":dir", ":-moz-focusring", ":-moz-ui-invalid", "::-moz-progress-bar"}

var known = []string{":active", ":after", "::after", ":before", "::before", ":checked", ":disabled", ":enabled", ":first-child", ":first-of-type", ":focus", ":focus-within", ":host",
	":hover", ":indeterminate", ":lang", ":last-child", ":not", ":nth-child", ":only-child", "::placeholder", ":root"}

var (
	comma     = regexp.MustCompile(`(?:[^,()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+`)
	pseudos   = regexp.MustCompile(`::?[a-z-]+`)
	lists     = regexp.MustCompile(`:not\((?:[^()]|\([^()]*\))*[, >][^()]*\)`)
	newValues = regexp.MustCompile(`\b(?:color-mix|oklch|oklab|lab|lch|color|light-dark|min|max|clamp)\(|[\d.](?:[dsl]v[hw]|lh|rlh|cq[whib])\b`)
	newSides  = regexp.MustCompile(`^(?:inset(?:-.*)?|(?:padding|margin)-(?:inline|block)|border-(?:start|end)-(?:start|end)-radius|scale)$`)
	ranges    = regexp.MustCompile(`[<>]`)
)

// reader goes through a style sheet as an old browser does.
type reader struct {
	parser    *css.Parser
	found     []string
	within    []string // the conditions around, outermost first
	selectors []string
	set       map[string]string // the declarations of this rule
	ended     string            // the condition of the block that has just ended
	owed      []string          // the conditions of blocks that have to come next
	typed     []string          // custom properties with a type
	given     map[string]bool   // custom properties that some rule sets
}

// unreadable says what a style sheet holds that old browsers drop without
// anything in its place.
func unreadable(sheet string) []string {
	r := &reader{parser: css.NewParser(parse.NewInputString(sheet), false), given: map[string]bool{}}
	for {
		kind, _, data := r.parser.Next()
		if kind == css.ErrorGrammar {
			if err := r.parser.Err(); !errors.Is(err, io.EOF) {
				r.complain("no style sheet: %v", err)
			}
			break
		}
		r.take(kind, string(data))
	}
	for _, condition := range r.owed {
		r.complain("@supports %s is missing at the end", condition)
	}
	for _, name := range r.typed {
		if !r.given[name] {
			r.complain("@property %s has a value nowhere else", name)
		}
	}
	return r.found
}

func (r *reader) complain(format string, arguments ...any) {
	r.found = append(r.found, fmt.Sprintf(format, arguments...))
}

func (r *reader) text() string {
	var text strings.Builder
	for _, token := range r.parser.Values() {
		text.Write(token.Data)
	}
	return strings.TrimSpace(strings.ReplaceAll(text.String(), ", ", ","))
}

func (r *reader) take(kind css.GrammarType, data string) {
	switch kind {
	case css.AtRuleGrammar:
		r.complain("%s %s", data, r.text())
	case css.BeginAtRuleGrammar:
		r.open(data, r.text())
	case css.EndAtRuleGrammar:
		last := len(r.within) - 1
		r.set = nil
		r.ended, r.within = r.within[last], r.within[:last]
	case css.BeginRulesetGrammar:
		r.rule(r.text())
	case css.EndRulesetGrammar:
		r.end()
	case css.DeclarationGrammar, css.CustomPropertyGrammar:
		r.declare(data, r.text())
	}
}

func (r *reader) open(name, condition string) {
	r.selectors, r.ended = nil, ""
	if name == "@keyframes" {
		condition = name
	}
	r.within = append(r.within, condition)
	if len(r.owed) > 0 && r.owed[0] == condition {
		r.owed = r.owed[1:]
	}
	switch name {
	case "@supports", "@keyframes", "@page":
	case "@media":
		if ranges.MatchString(condition) {
			r.complain("a range in @media %s", condition)
		}
	case "@property":
		r.typed, r.set = append(r.typed, condition), map[string]string{}
	default:
		r.complain("%s %s", name, condition)
	}
}

// beyondOld reports whether an old browser never comes here.
func (r *reader) beyondOld() bool {
	return slices.ContainsFunc(r.within, func(condition string) bool { return slices.Contains(beyond, condition) })
}

func (r *reader) rule(selectors string) {
	if r.set != nil {
		r.complain("%s stands inside another rule", selectors)
	}
	r.selectors, r.set = comma.FindAllString(selectors, -1), map[string]string{}
	if len(r.owed) > 0 {
		r.complain("@supports %s is missing before %s", r.owed[0], selectors)
		r.owed = nil
	}
	if !r.beyondOld() && !slices.Contains(r.within, "@keyframes") {
		r.read()
	}
}

// read complains about a selector that takes others with it, or that has nothing
// in its place: what stands for it is a block for old browsers just before.
func (r *reader) read() {
	for _, selector := range r.selectors {
		if strange := unknown(selector); strange == "" {
			continue
		} else if len(r.selectors) > 1 || slices.Contains(r.within, forOld) {
			r.complain("%s in %s makes the whole rule go", strange, r.selectors)
		} else if r.ended != forOld && !isLost(selector) {
			r.complain("nothing stands for %s", selector)
		}
	}
	r.ended = ""
}

// unknown returns what an old browser does not know in a selector, empty if it
// knows everything.
func unknown(selector string) string {
	for _, pseudo := range pseudos.FindAllString(selector, -1) {
		if !slices.Contains(known, pseudo) && !strings.HasPrefix(pseudo, "::-webkit-") {
			return pseudo
		}
	}
	return lists.FindString(selector)
}

func isLost(selector string) bool {
	return slices.ContainsFunc(lost, func(part string) bool { return strings.Contains(selector, part) })
}

func (r *reader) declare(name, value string) {
	if r.set == nil {
		return
	}
	if strings.HasPrefix(name, "--") {
		r.given[name] = true
	}
	if r.beyondOld() {
		return
	}
	_, before := r.set[name]
	if newValues.MatchString(value) && (!before || strings.Contains(value, "var(") || strings.HasPrefix(name, "--")) {
		r.complain("%s of %s is %s and nothing else", name, r.selectors, value)
	}
	if newSides.MatchString(name) {
		r.complain("%s of %s is a property that is too new", name, r.selectors)
	}
	r.set[name] = value
}

// end notes which block has to follow a rule.
func (r *reader) end() {
	_, turned := r.set["rotate"]
	_, moved := r.set["translate"]
	gap := r.set["gap"] + r.set["row-gap"] + r.set["column-gap"]
	flex := strings.HasSuffix(r.set["display"], "flex")
	if r.beyondOld() || slices.ContainsFunc(r.selectors, func(selector string) bool { return unknown(selector) != "" }) {
		turned, moved, flex = false, false, false
	}
	if flex && gap != "" && gap != "0" {
		r.owed = append(r.owed, forOld)
	}
	if turned || moved {
		r.owed = append(r.owed, forTurns)
	}
	r.selectors, r.set = nil, nil
}
