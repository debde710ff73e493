package logs

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/firefinder/firefinder/shared/incident"
)

const (
	mostText    = 200  // bytes of a text that is looked for
	mostPattern = 1024 // characters of a filter pattern that the service takes
)

// pass is one reading of a part: which lines the service is asked for. Its filter patterns
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html) match with regard to case, and a
// regular expression has no sign to ignore it. It can have both cases of every letter, though, and then matches anywhere in
// a line. It knows neither signs of more than one byte nor most signs of one, so those that are not letters or digits stand
// as ".": too much is read rather than too little, and what does not hold the text is left out here.
type pass struct {
	pattern string // empty: every line
	plain   string // the same in quoted terms, for a service that does not take pattern; empty: there is no other way
	cased   bool   // pattern is in terms, which find a text in its usual spellings alone
}

// troubleWords are those by which the engine knows that a line reads like trouble, as far as a pattern has room.
var troubleWords = []string{"error", "exception", "fatal", "panic", "fail", "warn", "critical", "refused", "timeout", "timed out", "denied", "unavailable",
	"unable to", "cannot", "could not", "exhausted", "exceeded", "out of memory", "killed", "crash", "abort", "deadlock", "throttl", "rejected", "unreachable",
	"unhealthy", "traceback", "expired"}

var (
	everything = pass{}
	trouble    = pass{pattern: anyCase(troubleWords...), plain: terms(troubleWords...)}
)

// containing is the pass for lines that contain text. No text becomes syntax: of a regular expression it gives letters,
// digits and dots, and of terms what stands between quotes. A text that no pattern can say is Invalid.
func containing(text string) (pass, error) {
	if len(text) > mostText {
		return pass{}, incident.Errorf(incident.Invalid, "read logs: the text to look for has %d bytes; give at most %d", len(text), mostText)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return pass{}, incident.Errorf(incident.Invalid, "read logs: the text to look for holds control characters; give a part of one line, without tabs and line ends")
	}
	quotes := terms(text)
	if strings.ContainsFunc(text, isWordByte) && !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return pass{pattern: anyCase(text), plain: quotes}, nil
	}
	return pass{pattern: quotes, cased: len(spellings(text)) > 1}, nil
}

// isWordByte says whether a regular expression can hold the sign as it is.
func isWordByte(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// anyCase is a regular expression for lines with any of the words in whatever case. The words are ASCII.
func anyCase(words ...string) string {
	var b strings.Builder
	b.WriteByte('%')
	for i, word := range words {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, r := range word {
			switch {
			case !isWordByte(r):
				b.WriteByte('.')
			case unicode.IsLetter(r):
				b.WriteString("[" + string(unicode.ToUpper(r)) + string(unicode.ToLower(r)) + "]")
			default:
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('%')
	return b.String()
}

// terms is a pattern for lines with any of the words in its usual spellings, the most usual first and as many as have room.
func terms(words ...string) string {
	var all []string
	for rank := range 4 {
		for _, word := range words {
			if s := spellings(word); rank < len(s) {
				all = append(all, quote(s[rank]))
			}
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	var b strings.Builder
	for _, term := range all {
		if b.Len()+len(" ?")+len(term) <= mostPattern {
			b.WriteString(" ?" + term)
		}
	}
	return strings.TrimPrefix(b.String(), " ")
}

// spellings are a word as it is, in small letters, in capitals and with a capital first, without repeats.
func spellings(word string) []string {
	lower := strings.ToLower(word)
	_, n := utf8.DecodeRuneInString(lower)
	var out []string
	for _, s := range []string{word, lower, strings.ToUpper(word), strings.ToUpper(lower[:n]) + lower[n:]} {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quote(text string) string { return `"` + escape.Replace(text) + `"` }
