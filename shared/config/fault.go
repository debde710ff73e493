package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	unknownKey = regexp.MustCompile(`^(line \d+): field (\S+) not found in type \S+$`)
	wrongType  = regexp.MustCompile("^line (\\d+): cannot unmarshal !!(\\w+)(?: `(.*)`)? into (\\S+)$")
	badToken   = regexp.MustCompile(`^line (\d+): found character that cannot start any token$`)
	lineKey    = regexp.MustCompile(`^[\s-]*([A-Za-z_]\w*):`)
)

// yamlFaults says what is wrong with a document and what to do about it: all faults in one line, each with its own line
// and, where one is to blame, its key.
func yamlFaults(data []byte, err error) string {
	found := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		found = several.Errors
	}
	lines := strings.Split(string(data), "\n")
	out := make([]string, len(found))
	for i, text := range found {
		out[i] = yamlFault(lines, text)
	}
	return strings.Join(out, "; ")
}

func yamlFault(lines []string, text string) string {
	if m := unknownKey.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s: unknown key %q (docs/space.md lists the keys)", m[1], m[2])
	}
	if m := wrongType.FindStringSubmatch(text); m != nil {
		line := lineOf(lines, m[1])
		key := keyOf(line, m[3])
		if key != "" {
			key = "key " + strconv.Quote(key) + ": "
		}
		return fmt.Sprintf("line %s: %s%s, but %s is needed", m[1], key, given(m[2], m[3]), wanted(m[4]))
	}
	if m := badToken.FindStringSubmatch(text); m != nil && strings.HasPrefix(strings.TrimLeft(lineOf(lines, m[1]), " "), "\t") {
		return fmt.Sprintf("line %s: a tab; YAML is indented with spaces alone", m[1])
	}
	return text
}

func lineOf(lines []string, number string) string {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}

// keyOf is the key that holds a value on a line: the one right before the value, else the line's first.
func keyOf(line, value string) string {
	if value != "" {
		if m := regexp.MustCompile(`(\w+):\s*["']?` + regexp.QuoteMeta(strings.TrimSuffix(value, "..."))).FindStringSubmatch(line); m != nil {
			return m[1]
		}
	}
	if m := lineKey.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// given says what stands in the file.
func given(tag, value string) string {
	switch tag {
	case "map":
		return "it has keys of its own"
	case "seq":
		return "it is a list"
	case "null":
		return "it is empty"
	}
	return strconv.Quote(value) + " stands there"
}

// wanted names a type in words.
func wanted(goType string) string {
	switch {
	case goType == "time.Duration":
		return "a duration such as 20m or 4h"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "text"
	case strings.HasPrefix(goType, "[]"):
		return "a list (lines that begin with -)"
	}
	return "keys with values (lines such as name: value)"
}

// fractions names the whole numbers of a budget that have a fraction, which the decoder would cut off.
func fractions(data []byte) (out []string) {
	var space struct {
		Budget map[string]yaml.Node `yaml:"budget"`
	}
	if yaml.Unmarshal(data, &space) != nil {
		return nil // the decoder has told
	}
	for _, key := range slices.Sorted(maps.Keys(space.Budget)) {
		if value := space.Budget[key]; key != "dollars_day" && value.Tag == "!!float" {
			out = append(out, fmt.Sprintf("line %d: key %q: %q stands there, but a whole number is needed", value.Line, key, value.Value))
		}
	}
	return out
}
