package seed

import (
	"math"

	"heli/pkg/contract"
)

// GCJ-02 is the datum that Chinese maps must use: WGS-84 moved by some hundred
// metres, by a formula that was never published but is well known (Krasovsky
// 1940 ellipsoid, sums of sines). Inside China only.
const (
	krasovskyAxis         = 6378245.0
	krasovskyEccentricity = 0.00669342162296594323 // squared
)

// toWGS84 converts a point from GCJ-02. There is no closed inverse, so it looks
// for the point that the formula moves to p; three steps leave less than a
// millimetre.
func toWGS84(p contract.Point) contract.Point {
	guess := p
	for range 5 {
		moved := toGCJ02(guess)
		guess.Lat += p.Lat - moved.Lat
		guess.Lon += p.Lon - moved.Lon
	}
	return guess
}

func toGCJ02(p contract.Point) contract.Point {
	if outsideChina(p) {
		return p
	}
	x, y := p.Lon-105, p.Lat-35
	lat, lon := shift(x, y)
	radians := p.Lat / 180 * math.Pi
	magic := 1 - krasovskyEccentricity*math.Pow(math.Sin(radians), 2)
	root := math.Sqrt(magic)
	meridian := krasovskyAxis * (1 - krasovskyEccentricity) / (magic * root) * math.Pi / 180
	parallel := krasovskyAxis / root * math.Cos(radians) * math.Pi / 180
	return contract.Point{Lat: p.Lat + lat/meridian, Lon: p.Lon + lon/parallel}
}

// shift returns the move in metres northwards and eastwards.
func shift(x, y float64) (lat, lon float64) {
	common := waves(20, x, 6, 20, 2)
	lat = -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x)) +
		common + waves(20, y, 1, 40, 1.0/3) + waves(160, y, 1.0/12, 320, 1.0/30)
	lon = 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x)) +
		common + waves(20, x, 1, 40, 1.0/3) + waves(150, x, 1.0/12, 300, 1.0/30)
	return lat, lon
}

// waves is two thirds of two sines, each with its height and its frequency.
func waves(height, at, frequency, height2, frequency2 float64) float64 {
	return (height*math.Sin(frequency*math.Pi*at) + height2*math.Sin(frequency2*math.Pi*at)) * 2 / 3
}

// outsideChina is the rough box outside of which Chinese maps use WGS-84.
func outsideChina(p contract.Point) bool {
	return p.Lon < 72.004 || p.Lon > 137.8347 || p.Lat < 0.8293 || p.Lat > 55.8271
}
