package scenario

import (
	"bufio"
	"compress/gzip"
	"embed"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed place/place.csv.gz
var placeFiles embed.FS

// place is somewhere people live.
type place struct {
	country  string
	lat, lon float64
}

// atlas draws places by their population.
type atlas struct {
	places    []place
	sums      []int64 // of populations
	countries []string
}

// readPlaces reads the places of one country, or of all for the empty code.
func readPlaces(country string) (atlas, error) {
	file, err := placeFiles.Open("place/place.csv.gz")
	if err != nil {
		return atlas{}, fmt.Errorf("open places: %w", err)
	}
	defer func() { _ = file.Close() }() // of memory
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return atlas{}, fmt.Errorf("unpack places: %w", err)
	}
	var a atlas
	total := int64(0)
	lines := bufio.NewScanner(unpacked)
	for lines.Scan() {
		p, population, err := readPlace(lines.Text())
		if err != nil {
			return atlas{}, err
		}
		if population <= 0 || (country != "" && p.country != country) {
			continue
		}
		total += population
		a.places, a.sums = append(a.places, p), append(a.sums, total)
		if !slices.Contains(a.countries, p.country) {
			a.countries = append(a.countries, p.country)
		}
	}
	if err := lines.Err(); err != nil {
		return atlas{}, fmt.Errorf("read places: %w", err)
	}
	return a, nil
}

func readPlace(line string) (place, int64, error) {
	cells := strings.Split(line, ",")
	if len(cells) != 4 {
		return place{}, 0, fmt.Errorf("read place %q: not 4 cells", line)
	}
	population, err1 := strconv.ParseInt(cells[1], 10, 64)
	lat, err2 := strconv.ParseFloat(cells[2], 64)
	lon, err3 := strconv.ParseFloat(cells[3], 64)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return place{}, 0, fmt.Errorf("read place %q: %w", line, err)
		}
	}
	return place{cells[0], lat, lon}, population, nil
}

func (a atlas) draw(r *rand.Rand) place {
	at := r.Int64N(a.sums[len(a.sums)-1])
	return a.places[sort.Search(len(a.sums), func(i int) bool { return a.sums[i] > at })]
}

// zoneTable holds the zones of the countries that have a scenario, and for the
// others one for each hour of longitude.
type zoneTable struct {
	named map[string]*time.Location
	hours [25]*time.Location // -12 to 12 hours east
}

func loadZones() (zoneTable, error) {
	t := zoneTable{named: map[string]*time.Location{}}
	for country, name := range map[string]string{"CN": "Asia/Shanghai", "IT": "Europe/Rome", "HT": "America/Port-au-Prince"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return t, fmt.Errorf("load time zone: %w", err)
		}
		t.named[country] = zone
	}
	for i := range t.hours {
		east := i - 12
		t.hours[i] = time.FixedZone(fmt.Sprintf("UTC%+d", east), east*3600)
	}
	return t, nil
}

func (t zoneTable) of(p place) *time.Location {
	if zone, known := t.named[p.country]; known {
		return zone
	}
	return t.hours[12+int(math.Round(p.lon/15))]
}
