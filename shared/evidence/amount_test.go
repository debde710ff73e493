package evidence

import (
	"math"
	"testing"
)

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{4243.4, "Milliseconds", "4243 ms"}, {1.1085, "Milliseconds", "1.11 ms"}, {0.2795, "Seconds", "0.28 s"}, {29.07, "Percent", "29.07 %"},
		{198, "Count", "198"}, {5, "", "5"}, {5, "None", "5"}, {512, "Bytes", "512 B"}, {3.2e9, "Bytes", "3.2 GB"}, {7, "Widgets", "7 widgets"},
		{math.NaN(), "Seconds", "? s"},
	} {
		if got := Amount(c.value, c.unit); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
