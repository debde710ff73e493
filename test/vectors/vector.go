package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// vector is one delivery and what should become of it.
type vector struct {
	Name      string            `json:"name"`
	Expect    string            `json:"expect"` // accept or reject
	Now       instant           `json:"now"`
	Headers   map[string]header `json:"headers"`
	Body      bytes64           `json:"body_b64"`
	Secrets   []bytes64         `json:"secrets_b64"`
	Why       string            `json:"why"`
	Source    string            `json:"source"` // default generic
	Transport struct {
		Base64 bool `json:"isBase64Encoded"` // the body travels in base64, as API Gateway does with some bodies
	} `json:"transport"`
	Repeat int    `json:"repeat"` // delivered so many times; the last one counts
	After  string `json:"after"`  // delivered after that vector
}

type vectors struct {
	vectors []vector
	byName  map[string]vector
	typed   bool // the vectors speak of content types; otherwise each delivery is given that of JSON
}

func parse(data []byte) (vectors, error) {
	var in struct {
		Tests []vector `json:"scheme_tests"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return vectors{}, err
	}
	if len(in.Tests) == 0 {
		return vectors{}, errors.New("no scheme_tests in it")
	}
	set := vectors{vectors: in.Tests, byName: map[string]vector{}}
	for i, v := range in.Tests {
		if v.Expect != "accept" && v.Expect != "reject" {
			return vectors{}, fmt.Errorf("scheme_tests[%d] (%s): expect must be accept or reject", i, v.Name)
		}
		set.byName[v.Name] = v
		for name := range v.Headers {
			set.typed = set.typed || strings.EqualFold(name, "content-type")
		}
	}
	return set, nil
}

// headers are those of the delivery, named in lower case and repeated ones joined by commas, as API Gateway hands them on.
func (set vectors) headers(v vector) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(v.Headers)) {
		lower := strings.ToLower(name)
		for _, value := range v.Headers[name] {
			if old, ok := out[lower]; ok {
				value = old + "," + value
			}
			out[lower] = value
		}
	}
	if !set.typed {
		out["content-type"] = "application/json"
	}
	return out
}

// header is one value or a list of them.
type header []string

func (h *header) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*h = header{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(h))
}

// bytes64 are bytes in base64.
type bytes64 []byte

func (b *bytes64) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	*b = raw
	return err
}

// instant is a time in RFC 3339, or a number of Unix seconds or milliseconds.
type instant struct{ time.Time }

func (i *instant) UnmarshalJSON(data []byte) error {
	var number float64
	if json.Unmarshal(data, &number) == nil {
		if number > 1e11 {
			number /= 1000
		}
		i.Time = time.UnixMilli(int64(number * 1000)).UTC()
		return nil
	}
	return json.Unmarshal(data, &i.Time)
}
