package redact

import (
	"strconv"
	"strings"
)

const hiddenPrefix = "<hidden:"

// shown are names of settings whose values never hold secrets and that an investigation reads.
var shown = toSet(`aws_region aws_default_region region stage env environment node_env rails_env app_env go_env log_level loglevel log_format
	tz lang lc_all port app_version version service_name service app_name otel_service_name runtime architecture memory_size aws_lambda_function_name
	aws_execution_env gomaxprocs gogc debug feature cluster namespace`)

// Value is how the value of an environment variable or parameter is shown: as it is when it is numeric, boolean, empty
// or its name is allow-listed; otherwise <hidden:name:hash>, so that a change of the value can still be seen. The value
// of a name that holds secrets is never shown.
func (r *Redactor) Value(name, value string) string {
	if isPlaceholder(value) {
		return value
	}
	if classify(name) < keyed {
		if value == "" || plainValue(value) {
			return value
		}
		if n := strings.ToLower(name); shown[n] || r.allowed[n] {
			return r.Text(value)
		}
	}
	r.count.Add(1)
	return hiddenPrefix + strings.Map(nameByte, name) + ":" + r.hash(value) + ">"
}

func nameByte(c rune) rune {
	if c < 128 && nameSet[byte(c)] {
		return c
	}
	return '_'
}

// plainValue reports whether a value is a number, a number with a unit of time or size, or a boolean.
func plainValue(v string) bool {
	switch strings.ToLower(v) {
	case "true", "false", "yes", "no", "on", "off", "null", "none", "enabled", "disabled":
		return true
	}
	if _, err := strconv.ParseFloat(v, 64); err == nil {
		return len(v) <= 20
	}
	i := digits.run(v, 0)
	unit := strings.ToLower(v[i:])
	return i > 0 && i <= 12 && strings.Contains(" ns us ms s m h d b k kb kib m mb mib g gb gib ki mi gi % ", " "+unit+" ")
}
