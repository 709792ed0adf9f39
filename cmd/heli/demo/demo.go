// Package demo owns what a demonstration shows: the real lists of early 2020
// and the invented scenario of a province whose social organisations share what
// they need and have. Its people are invented and recognisably so, their phones
// ring nowhere. It makes drafts alone; the command submits them.
package demo

import (
	"embed"
	"fmt"
	"io/fs"
)

// relief holds the lists with their licence.
//
//go:embed relief
var relief embed.FS

// Source names the lists of 2020 as the source of what is imported from them.
const Source = "relief-2020"

// Relief returns the folder of the real lists: needs.csv, offers.csv, LICENSE
// and README.md.
func Relief() (fs.FS, error) {
	folder, err := fs.Sub(relief, "relief")
	if err != nil {
		return nil, fmt.Errorf("open the lists of 2020: %w", err)
	}
	return folder, nil
}
