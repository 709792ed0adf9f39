// Package locale owns every text that a person reads: the catalogues of the
// three languages, and the Printer that fills them and writes dates, numbers
// and amounts as the reader writes them. It never knows HTTP and never decides
// what is said, only how.
//
// A language is a folder, an area a file of flat keys in it. Every key is in
// all three languages with the same placeholders; tests hold that, and that no
// key is missing or left over.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"time"
	_ "time/tzdata" // a bare machine has no zone files

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed en zh-Hans zh-Hant
var files embed.FS

// Language is one of the three that Heli speaks, as a BCP 47 tag.
type Language string

// The languages.
const (
	English     Language = "en"
	Simplified  Language = "zh-Hans"
	Traditional Language = "zh-Hant"
)

// Languages lists them in the order of the language switch. The first is the
// one for readers of whom nothing is known.
func Languages() []Language { return []Language{English, Simplified, Traditional} }

// Catalogue holds the texts of all languages. It is safe for concurrent use.
type Catalogue struct {
	localizers map[Language]*i18n.Localizer
	keys       map[Language]map[string]bool
	matcher    language.Matcher
	zones      sync.Map // IANA name → *time.Location, so that a reader's zone is read once
}

// New returns the embedded catalogues, read once for all services of the process:
// they take several megabytes, and nobody changes them. It fails on a file that is
// not a flat JSON object and on a key that two files of a language define.
func New() (*Catalogue, error) { return embedded() }

var embedded = sync.OnceValues(read)

func read() (*Catalogue, error) {
	c := &Catalogue{localizers: map[Language]*i18n.Localizer{}, keys: map[Language]map[string]bool{}}
	bundle := i18n.NewBundle(language.English)
	var tags []language.Tag
	for _, lang := range Languages() {
		if err := c.load(bundle, lang); err != nil {
			return nil, fmt.Errorf("load catalogue %s: %w", lang, err)
		}
		c.localizers[lang] = i18n.NewLocalizer(bundle, string(lang))
		tags = append(tags, language.MustParse(string(lang)))
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

func (c *Catalogue) load(bundle *i18n.Bundle, lang Language) error {
	names, err := fs.Glob(files, path.Join(string(lang), "*.json"))
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	c.keys[lang] = map[string]bool{}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := c.noteKeys(lang, raw); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		// The library takes the language from the name it is given.
		if _, err := bundle.ParseMessageFileBytes(raw, string(lang)+".json"); err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
	}
	return nil
}

func (c *Catalogue) noteKeys(lang Language, raw []byte) error {
	var flat map[string]json.RawMessage
	if err := json.Unmarshal(raw, &flat); err != nil {
		return fmt.Errorf("parse keys: %w", err)
	}
	for key := range flat {
		if c.keys[lang][key] {
			return fmt.Errorf("key %q is defined twice", key)
		}
		c.keys[lang][key] = true
	}
	return nil
}

// Choose returns the language that fits best: the chosen tag if it is one of
// ours, else what the Accept-Language header prefers (RFC 9110), else English.
// Readers in Taiwan, Hong Kong and Macau get traditional characters.
func (c *Catalogue) Choose(chosen, acceptLanguage string) Language {
	for _, lang := range Languages() {
		if string(lang) == chosen {
			return lang
		}
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return English
	}
	_, index, _ := c.matcher.Match(tags...)
	return Languages()[index]
}

// Zone returns the IANA zone of the name and whether there is one. A name from
// outside is safe to pass.
func (c *Catalogue) Zone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	if zone, ok := c.zones.Load(name); ok {
		return zone.(*time.Location), true //nolint:errcheck // nothing else is stored
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	c.zones.Store(name, zone)
	return zone, true
}

// Printer returns a printer for one reader at one moment: all relative times of
// a page are counted from the same now.
func (c *Catalogue) Printer(lang Language, zone *time.Location, now time.Time) *Printer {
	return &Printer{catalogue: c, lang: lang, zone: zone, now: now}
}
