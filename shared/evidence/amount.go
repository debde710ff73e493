package evidence

import (
	"math"
	"strings"
)

// short forms of CloudWatch's units, and of those that exporters name likewise, as people write them.
var unitText = map[string]string{
	"": "", "none": "", "count": "", "percent": " %", "seconds": " s", "milliseconds": " ms", "microseconds": " µs",
	"kilobytes": " kB", "megabytes": " MB", "gigabytes": " GB", "terabytes": " TB",
	"count/second": " a second", "bytes/second": " B a second",
}

// Amount writes a measured value with its unit for people: a few significant digits, bytes in the unit that keeps them
// short. A unit that it does not know stays as it is, in lower case.
func Amount(v float64, unit string) string {
	unit = strings.ToLower(strings.TrimSpace(unit))
	if unit == "bytes" {
		return inBytes(v)
	}
	if text, ok := unitText[unit]; ok {
		return number(v) + text
	}
	return number(v) + " " + unit
}

func inBytes(v float64) string {
	unit := 0
	for math.Abs(v) >= 1000 && unit < 4 {
		v, unit = v/1000, unit+1
	}
	return number(v) + []string{" B", " kB", " MB", " GB", " TB"}[unit]
}
