package source

import (
	"slices"
	"strings"
	"unicode"

	"github.com/firefinder/firefinder/shared/config"
)

// Service names the service that an alarm belongs to: by the space's dimension map, then by resource tags, then by the
// name of a known service inside the alarm's name, and last the alarm's name itself. A metric namespace is never a
// service, so it is not even asked for.
func Service(space config.Space, dimensions, tags map[string]string, alarmName string) string {
	if s := space.ServiceFor(dimensions); s != "" {
		return s
	}
	if s := byTags(space, tags); s != "" {
		return s
	}
	if s := byName(space, alarmName); s != "" {
		return s
	}
	return alarmName
}

// byTags finds the service most of whose tags match: all of them must, and more tags say more.
func byTags(space config.Space, tags map[string]string) string {
	best, most := "", 0
	for _, svc := range space.Services {
		matches := 0
		for name, value := range svc.Tags {
			if tags[name] == value {
				matches++
			}
		}
		if matches == len(svc.Tags) && matches > most {
			best, most = svc.Name, matches
		}
	}
	return best
}

// byName finds the longest service name whose words stand together in the alarm's name.
func byName(space config.Space, alarmName string) string {
	words, best := split(alarmName), ""
	for _, svc := range space.Services {
		if len(svc.Name) > len(best) && contains(words, split(svc.Name)) {
			best = svc.Name
		}
	}
	return best
}

// split cuts a name into lower-case words at everything that is neither letter nor digit, and where lower case turns
// into upper case.
func split(name string) []string {
	var out []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	lower := false
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			lower = false
			continue
		}
		if lower && unicode.IsUpper(r) {
			end()
		}
		lower = unicode.IsLower(r)
		word.WriteRune(unicode.ToLower(r))
	}
	end()
	return out
}

func contains(words, part []string) bool {
	for i := 0; len(part) > 0 && i+len(part) <= len(words); i++ {
		if slices.Equal(words[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
