package logs

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/firefinder/firefinder/shared/evidence"
)

const (
	mostMessage = 2 << 10 // bytes of a line
	levelWithin = 80      // bytes of a line in which its level stands: Lambda writes time and request id (62 bytes) before it
)

// line is a log line with the id of its event, by which doubles are known.
type line struct {
	id string
	evidence.LogLine
}

// lineOf makes a line of an event; ok is false for one that is blank, has no time, or lacks the text (in lower case). A line
// of JSON stays whole: templates tell its statements apart by their words wherever they stand, and the fields beside the
// message (error, path, status) are what people look for.
func lineOf(event types.FilteredLogEvent, component, text string) (l line, ok bool) {
	message := strings.TrimRight(sdk.ToString(event.Message), "\r\n\t ")
	if message == "" || event.Timestamp == nil || !strings.Contains(strings.ToLower(message), text) {
		return line{}, false
	}
	level, trace := marks(message)
	return line{id: sdk.ToString(event.EventId), LogLine: evidence.LogLine{Time: time.UnixMilli(*event.Timestamp).UTC(), Component: component,
		Level: level, Message: cut(message, mostMessage), Trace: trace}}, true
}

var (
	word       = `(trace|debug|info|information|notice|warn|warning|error|err|severe|critical|fatal|panic|emergency|alert)`
	aLevel     = regexp.MustCompile(`(?i)^` + word + `$`)
	keyLevel   = regexp.MustCompile(`(?i)\b(?:level|lvl|severity)=["']?` + word + `\b`)
	firstLevel = regexp.MustCompile(`(?i)^\W*` + word + `[\]:|>\t]`)
	loudLevel  = regexp.MustCompile(`\b(` + strings.ToUpper(word) + `)\b`)
	traceID    = regexp.MustCompile(`(?:\b[Tt]race_?[Ii][Dd]["']?\s*[:=]\s*["']?(?:Root=)?|\bRoot=)([0-9A-Za-z][0-9A-Za-z-]{7,63})`)
)

// marks reads level and trace of a line, as it writes them; each is empty when the line does not say it.
func marks(message string) (level, trace string) {
	if m := traceID.FindStringSubmatch(message); m != nil {
		trace = m[1]
	}
	if strings.HasPrefix(message, "{") {
		if level, ok := fieldLevel(message); ok {
			return level, trace
		}
	}
	head := cut(message, levelWithin)
	for _, form := range []*regexp.Regexp{keyLevel, firstLevel, loudLevel} {
		if m := form.FindStringSubmatch(head); m != nil {
			return m[1], trace
		}
	}
	return "", trace
}

// fieldLevel reads the level of a line of JSON; ok is false for what is no JSON. Numbers are left alone: each library counts
// in its own way.
func fieldLevel(message string) (level string, ok bool) {
	var fields struct{ Level, Severity, Lvl any }
	if json.Unmarshal([]byte(message), &fields) != nil {
		return "", false
	}
	for _, v := range []any{fields.Level, fields.Severity, fields.Lvl} {
		if text, is := v.(string); is && aLevel.MatchString(text) {
			return text, true
		}
	}
	return "", true
}

// cut shortens text to at most limit bytes, the last of which say so, and never within a character.
func cut(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
