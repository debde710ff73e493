package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// attack is a text that gives orders, and the carriers over which it comes.
type attack struct {
	Name     string
	Carriers []string
	Text     string
}

// carriers are the places in which strangers can leave text, with the words by which a file may call them.
var carriers = []struct {
	name  string
	words []string
}{
	{"log", []string{"log"}},
	{"metric", []string{"metric"}},
	{"title", []string{"title", "alarm name", "alarm_name", "alarmname"}},
	{"description", []string{"desc", "alarm"}},
	{"diff", []string{"diff", "commit", "code"}},
	{"deployment", []string{"deploy", "change", "release"}},
	{"trace", []string{"trace", "span", "operation"}},
	{"status", []string{"status", "event", "pod"}},
	{"ticket", []string{"ticket", "servicenow", "work note"}},
	{"error", []string{"error", "tool", "mcp"}},
}

// named finds the carrier that a word of a file means; empty: none, so all of them.
func named(word string) string {
	word = strings.ToLower(word)
	for _, c := range carriers {
		if word != "" && (word == c.name || slices.ContainsFunc(c.words, func(w string) bool { return strings.Contains(word, w) })) {
			return c.name
		}
	}
	return ""
}

// texts are the names under which a file may hold an attack's text, best first.
var texts = []string{"text", "payload", "prompt", "attack", "injection", "instruction", "content", "input"}

// every is the carrier of an attack that names none: all of them at once, except the ticket, which comes instead of an alarm.
const every = "all"

// parse reads [{name, carrier?, text}], liberally: the list may stand in an object, its entries may be strings or name
// their text otherwise.
func parse(data []byte) ([]attack, error) {
	list, err := entries(data)
	if err != nil {
		return nil, err
	}
	var out []attack
	for i, raw := range list {
		a, err := read(raw, i)
		if err != nil {
			return nil, fmt.Errorf("attack %d: %w", i+1, err)
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		return nil, errors.New("holds no attacks; the form is [{name, carrier, text}]")
	}
	return out, nil
}

func entries(data []byte) (list []json.RawMessage, err error) {
	if err = json.Unmarshal(data, &list); err == nil {
		return list, nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return nil, fmt.Errorf("is not a list of attacks: %w", err)
	}
	for _, name := range []string{"attacks", "injections", "cases", "tests", "items"} {
		if raw, ok := object[name]; ok {
			return list, json.Unmarshal(raw, &list)
		}
	}
	return nil, errors.New("holds no list named attacks")
}

func read(raw json.RawMessage, i int) (attack, error) {
	a := attack{Name: fmt.Sprintf("attack-%03d", i+1), Carriers: []string{every}}
	if json.Unmarshal(raw, &a.Text) == nil {
		return a, nil
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return a, err
	}
	for _, key := range []string{"id", "name"} {
		if s, ok := fields[key].(string); ok && s != "" {
			a.Name = s
		}
	}
	for _, key := range texts {
		if s, ok := fields[key].(string); ok && a.Text == "" {
			a.Text = s
		}
	}
	if a.Text == "" {
		return a, fmt.Errorf("%s has no text", a.Name)
	}
	for _, key := range []string{"carrier", "channel", "carriers"} {
		switch v := fields[key].(type) {
		case string:
			if c := named(v); c != "" {
				a.Carriers = []string{c}
			}
		case []any:
			var some []string
			for _, word := range v {
				if c := named(fmt.Sprint(word)); c != "" {
					some = append(some, c)
				}
			}
			if len(some) > 0 {
				a.Carriers = some
			}
		}
	}
	return a, nil
}
