package redact

import "math"

// set is a set of bytes.
type set [256]bool

func bytesOf(ranges string) (s set) {
	for i := 0; i < len(ranges); i++ {
		if i+2 < len(ranges) && ranges[i+1] == '-' {
			for c := int(ranges[i]); c <= int(ranges[i+2]); c++ {
				s[c] = true
			}
			i += 2
			continue
		}
		s[ranges[i]] = true
	}
	return s
}

var (
	digits    = bytesOf("0-9")
	lowers    = bytesOf("a-z")
	uppers    = bytesOf("A-Z")
	hexLower  = bytesOf("0-9a-f")
	hexAny    = bytesOf("0-9a-fA-F")
	upperNum  = bytesOf("A-Z0-9")
	alnum     = bytesOf("A-Za-z0-9")
	word      = bytesOf("A-Za-z0-9_")
	wordDash  = bytesOf("A-Za-z0-9_.~+/=-") // what opaque tokens are made of
	slug      = bytesOf("A-Za-z0-9_-")
	slugDot   = bytesOf("A-Za-z0-9_.-")
	base64Set = bytesOf("A-Za-z0-9+/_-")
	nameSet   = bytesOf("A-Za-z0-9_.-")
)

// run returns the end of the run of bytes of the set that starts at i.
func (c *set) run(s string, i int) int {
	for i < len(s) && c[s[i]] {
		i++
	}
	return i
}

// back returns the start of the run of bytes of the set that ends before i, looking back at most limit bytes.
func (c *set) back(s string, i, limit int) int {
	floor := max(0, i-limit)
	for i > floor && c[s[i-1]] {
		i--
	}
	return i
}

func (c *set) all(s string) bool { return c.run(s, 0) == len(s) }

func (c *set) count(s string) (n int) {
	for i := 0; i < len(s); i++ {
		if c[s[i]] {
			n++
		}
	}
	return n
}

// boundary reports whether a word can start at i: the byte before is no letter or digit, or it ends an escape (\n, %3D).
func boundary(s string, i int) bool {
	if i == 0 || !alnum[s[i-1]] {
		return true
	}
	if i >= 2 && s[i-2] == '\\' {
		return true
	}
	return i >= 3 && s[i-3] == '%' && hexAny[s[i-2]] && hexAny[s[i-1]]
}

// entropy is Shannon's entropy of the bytes of s in bits per byte.
func entropy(s string) float64 {
	var freq [256]int
	for i := 0; i < len(s); i++ {
		freq[s[i]]++
	}
	h, n := 0.0, float64(len(s))
	for _, f := range freq {
		if f > 0 {
			p := float64(f) / n
			h -= p * math.Log2(p)
		}
	}
	return h
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// hasFold reports whether s starts with prefix, which is lower case, ignoring ASCII case.
func hasFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		if lower(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}

func skipBlanks(s string, i, limit int) int {
	for n := 0; n < limit && i < len(s) && (s[i] == ' ' || s[i] == '\t'); n++ {
		i++
	}
	return i
}

func lineEnd(s string, i int) int {
	for i < len(s) && s[i] != '\n' && s[i] != '\r' {
		i++
	}
	return i
}
