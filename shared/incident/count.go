package incident

import "fmt"

// Count writes a number with the form of the noun that fits it: 1 alarm, 3 alarms.
func Count(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}
