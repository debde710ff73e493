package evidence

import (
	"strings"
	"unicode"
)

// Splitting identifiers into words: what error texts, metric names, files and diffs have in common.

// commonWords carry little: grammar, programming scaffolding, telemetry vocabulary. They never speak for a change.
var commonWords = wordSet(`the and for with from into not was are has had have its that this then than when where which while will all any can could out per via
	off one two new old got get set put add use run let var const func function return returns returned class struct type types interface public private
	static void null nil none true false int string bool float byte bytes double long short char err errs error errors exception msg message messages log logs
	logger logging info warn warning debug trace level ctx context req request requests resp response responses res result results data value values key keys
	name names item items list map array index len size count counts total totals num number time times timestamp date day hour hours minute minutes second seconds
	sec msec ms min max avg sum mean rate ratio pct percent percentage gauge counter histogram metric metrics avg p50 p90 p95 p99 http https rpc api url uri host
	port path file files line lines code status state main test tests init start started starting stop end begin self import package module
	service services server client handler handlers handle handled helper util utils common internal config cfg settings option options default
	svc app application system process thread object obj instance instances call called calls method args param params parameter parameters
	fail failed failing failure failures fails success ok done after before during above below over under high low more less observed exceeded exceed
	chore feat fix refactor docs doc style perf build merge update updated updates change changed changes bump tidy clean cleanup simplify extract move
	cause caused due between via upstream downstream caller callee up down let else switch case default break continue try catch throw throws raise await async
	go py js ts java cpp rs rb sql json yaml yml xml toml md src pkg lib cmd dist bin
	trying try tries another still only also but too user users env prod production staging dev aws com org net www io
	operation operations`)

// wordSet is the set of the blank-separated words of text. Shared with template masking.
func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// wordsOf splits text into lower-case words: at everything that is no letter or digit, at camelCase and snake_case. Words are
// reduced to their singular; numbers, single letters and common words are left out. Identifiers made of several words
// are returned as a whole as well ("dashboard_favorites" gives dashboard, favorite and dashboardfavorite): a whole match
// says much more than its parts.
func wordsOf(text string) []string {
	var out []string
	for _, id := range identifiers(text) {
		parts := splitIdentifier(id)
		kept := 0
		for _, p := range parts {
			if w := wordForm(p); w != "" && !commonWords[p] && !commonWords[w] {
				out = append(out, w)
				kept++
			}
		}
		if whole := wordForm(strings.Join(parts, "")); len(parts) > 1 && whole != "" && (kept > 0 || len(whole) >= 8) {
			out = append(out, whole)
		}
	}
	for _, name := range dottedName.FindAllString(text, 32) {
		if whole := wordForm(strings.ToLower(nameMarks.Replace(name))); whole != "" {
			out = append(out, whole)
		}
	}
	return out
}

// dottedName finds hosts, buckets, images and qualified names, which as a whole are rarer than their parts.
var (
	dottedName = expr(`[A-Za-z][\w-]*(?:[.-][A-Za-z][\w-]*){1,6}`)
	nameMarks  = strings.NewReplacer(".", "", "-", "", "_", "")
)

// identifiers are the maximal runs of letters, digits and underscores; hyphens join words only in component-like names,
// which splitting makes unnecessary.
func identifiers(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// splitIdentifier breaks an identifier at underscores and at changes of case, keeping acronyms together: HTTPServer →
// http, server. The parts are lower-case.
func splitIdentifier(id string) []string {
	var parts []string
	runes := []rune(id)
	begin := 0
	cut := func(end int) {
		if end > begin {
			parts = append(parts, strings.ToLower(string(runes[begin:end])))
		}
		begin = end
	}
	for i, r := range runes {
		switch {
		case r == '_':
			cut(i)
			begin = i + 1
		case i > begin && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			cut(i)
		}
	}
	cut(len(runes))
	return parts
}

// wordForm is a word in the form in which words are compared: without plural and participle endings. Empty for what is no word.
func wordForm(w string) string {
	if len(w) < 3 || strings.Trim(w, "0123456789") == "" || len(w) > 64 {
		return ""
	}
	letters := strings.IndexFunc(w, unicode.IsLetter)
	if letters < 0 || looksHex(w) {
		return ""
	}
	switch {
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is") && len(w) > 3:
		return w[:len(w)-1]
	}
	return w
}

// looksHex finds hashes and ids, which are no words.
func looksHex(w string) bool {
	if len(w) < 6 || strings.Trim(w, "0123456789abcdef") != "" {
		return false
	}
	return strings.ContainsAny(w, "0123456789")
}

// componentWords are the words of a component's name without the words that every component has.
func componentWords(name string) []string {
	var out []string
	for _, id := range identifiers(name) {
		for _, p := range splitIdentifier(id) {
			for _, suffix := range []string{"service", "svc", "server", "api"} {
				if trimmed := strings.TrimSuffix(p, suffix); trimmed != p && len(trimmed) >= 3 {
					p = trimmed
				}
			}
			if len(p) >= 2 && !commonWords[p] && !looksHex(p) {
				out = append(out, p)
			}
		}
	}
	return out
}
