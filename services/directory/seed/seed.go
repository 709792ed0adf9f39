// Package seed owns the reference data that an installation begins with: the
// regions of China, the categories of help, the items of the catalogue and the
// first campaigns. It is data and its reading, pure: the directory service
// stores it, and nobody else reads it.
package seed

import (
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"heli/pkg/contract"
)

//go:embed *.csv region/*.csv
var files embed.FS

// revision grows when the reading of the files changes, since the stored rows
// then differ though the files do not.
const revision = 1

// Document is all reference data, in the order of the files.
type Document struct {
	Regions    []contract.Region
	Categories []contract.Category
	Items      []contract.Item
	Campaigns  []contract.Campaign
}

// Read returns the embedded reference data.
func Read() (Document, error) {
	regions, err := readRegions()
	if err != nil {
		return Document{}, fmt.Errorf("read regions: %w", err)
	}
	categories, err := readCategories()
	if err != nil {
		return Document{}, fmt.Errorf("read categories: %w", err)
	}
	items, err := readItems()
	if err != nil {
		return Document{}, fmt.Errorf("read items: %w", err)
	}
	campaigns, err := readCampaigns()
	if err != nil {
		return Document{}, fmt.Errorf("read campaigns: %w", err)
	}
	return Document{Regions: regions, Categories: categories, Items: items, Campaigns: campaigns}, nil
}

// Hash identifies the content of the embedded data: when it is equal, so are
// the documents that Read returns.
func Hash() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "revision %d\n", revision)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("hash reference data: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func readCategories() ([]contract.Category, error) {
	return readTable("category.csv", func(row row, position int) (contract.Category, error) {
		credential, err := strconv.ParseBool(row["credential"])
		if err != nil {
			return contract.Category{}, err
		}
		sensitive, err := strconv.ParseBool(row["sensitive"])
		if err != nil {
			return contract.Category{}, err
		}
		return contract.Category{
			Code: row["code"], Parent: row["parent"], Names: row.names(),
			Units: list[contract.Unit](row["units"]), Modes: list[contract.Mode](row["modes"]),
			Credential: credential, Sensitive: sensitive,
			Matching: row["matching"], HSDS: row["hsds"], Order: position,
		}, nil
	})
}

func readItems() ([]contract.Item, error) {
	return readTable("item.csv", func(row row, _ int) (contract.Item, error) {
		per, err := conversions(row["per"])
		if err != nil {
			return contract.Item{}, err
		}
		return contract.Item{
			Code: row["code"], Category: row["category"], Names: row.names(),
			Aliases: list[string](row["aliases"]), Unit: contract.Unit(row["unit"]), Per: per,
		}, nil
	})
}

func readCampaigns() ([]contract.Campaign, error) {
	return readTable("campaign.csv", func(row row, _ int) (contract.Campaign, error) {
		return contract.Campaign{Code: row["code"], Name: row.names()}, nil
	})
}

// conversions reads "box:50|bottle:2".
func conversions(text string) (map[contract.Unit]int64, error) {
	var per map[contract.Unit]int64
	for _, pair := range list[string](text) {
		unit, count, ok := strings.Cut(pair, ":")
		n, err := strconv.ParseInt(count, 10, 64)
		if !ok || err != nil || n <= 0 {
			return nil, fmt.Errorf("conversion %q is not unit:count", pair)
		}
		if per == nil {
			per = map[contract.Unit]int64{}
		}
		per[contract.Unit(unit)] = n
	}
	return per, nil
}

// row is one line of a file by column name.
type row map[string]string

// names collects the columns that are named after a language.
func (r row) names() map[string]string {
	names := map[string]string{}
	for _, language := range []string{"en", "zh-Hans", "zh-Hant"} {
		if r[language] != "" {
			names[language] = r[language]
		}
	}
	return names
}

func list[T ~string](text string) []T {
	var values []T
	for part := range strings.SplitSeq(text, "|") {
		if part != "" {
			values = append(values, T(part))
		}
	}
	return values
}

// readTable reads a file with a header line and makes one value of each row;
// position counts from 1.
func readTable[T any](name string, read func(r row, position int) (T, error)) ([]T, error) {
	rows, err := readRows(name)
	if err != nil {
		return nil, err
	}
	values := make([]T, 0, len(rows))
	for i, r := range rows {
		value, err := read(r, i+1)
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", name, i+1, err)
		}
		values = append(values, value)
	}
	return values, nil
}

func readRows(name string) ([]row, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	records, err := csv.NewReader(file).ReadAll()
	if err != nil || len(records) == 0 {
		return nil, fmt.Errorf("%s: no rows: %w", name, err)
	}
	rows := make([]row, 0, len(records)-1)
	for record := range slices.Values(records[1:]) {
		r := make(row, len(record))
		for i, column := range records[0] {
			r[column] = record[i]
		}
		rows = append(rows, r)
	}
	return rows, file.Close()
}
