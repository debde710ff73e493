package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// sample is a text, the secrets in it, and what should become of it.
type sample struct {
	name    string
	text    string
	secrets []string
	keep    bool
	policy  bool // either is right: it is shown and not counted
}

// parse reads [{name, text, secret or secrets, expect}], also under "cases" or a similar name.
func parse(data []byte) ([]sample, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) != nil {
			return nil, fmt.Errorf("is not a list of texts: %w", err)
		}
		for _, name := range []string{"cases", "samples", "texts", "tests", "items"} {
			if raw, ok := object[name]; ok && json.Unmarshal(raw, &list) != nil {
				return nil, fmt.Errorf("%s is not a list", name)
			}
		}
	}
	if len(list) == 0 {
		return nil, errors.New("holds no texts; the form is [{name, text, secret, expect}]")
	}
	out := make([]sample, len(list))
	for i, raw := range list {
		var err error
		if out[i], err = read(raw); err != nil {
			return nil, fmt.Errorf("text %d: %w", i+1, err)
		}
		if out[i].name == "" {
			out[i].name = fmt.Sprintf("text-%03d", i+1)
		}
	}
	return out, nil
}

func read(raw json.RawMessage) (sample, error) {
	var in struct {
		ID      string          `json:"id"`
		Name    string          `json:"name"`
		Text    string          `json:"text"`
		Secret  string          `json:"secret"`
		Secrets []string        `json:"secrets"`
		Expect  json.RawMessage `json:"expect"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return sample{}, err
	}
	if in.Text == "" {
		return sample{}, errors.New("text is missing")
	}
	s := sample{name: in.Name, text: in.Text, secrets: in.Secrets}
	if s.name == "" {
		s.name = in.ID
	}
	if in.Secret != "" {
		s.secrets = append(s.secrets, in.Secret)
	}
	word := strings.Trim(strings.ToLower(string(in.Expect)), `" `)
	switch {
	case slices.Contains([]string{"masked", "mask", "redact", "redacted", "true", "secret"}, word):
	case slices.Contains([]string{"kept", "keep", "ignore", "ignored", "false", "ordinary"}, word):
		s.keep = true
	case word == "":
		s.keep = len(s.secrets) == 0
	case slices.Contains([]string{"policy", "either", "null"}, word):
		s.policy = true
	default:
		return s, fmt.Errorf("%s: expect must be masked, kept or policy, not %s", s.name, in.Expect)
	}
	return s, nil
}
