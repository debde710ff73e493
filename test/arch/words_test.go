package arch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/redact"
)

// word is something that no file of the repository may say.
type word struct {
	text   *regexp.Regexp
	why    string
	except map[string]string // file -> why it may
}

// The words are put together here so that this file does not say them.
var words = []word{
	{regexp.MustCompile(`(?m:^|[^\w.])/(?:wo` + `rk|ro` + `ot|ho` + `me|Us` + `ers)/`), "a path of one machine means nothing on another",
		map[string]string{"shared/redact/testdata/ordinary.txt": "log lines of servers, which redaction must leave alone"}},
	{regexp.MustCompile(`(?m:^|[^\w.])/t` + `mp/[a-z]`), "a path of one machine means nothing on another; take a temporary folder", nil},
	{regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`), "unfinished work is an issue, not a comment", nil},
	{regexp.MustCompile(`(?i)\b(?:proxy\.gol` + `ang\.org|sum\.gol` + `ang\.org|registry\.np` + `mjs\.org|registry\.yar` + `npkg\.com|py` + `pi\.org|files\.pythonh` + `osted\.org|index\.cra` + `tes\.io)\b`),
		"which registry serves packages is set on the machine, not in the repository",
		map[string]string{"shared/redact/redact_test.go": "redaction knows tokens by the registry that issues them"}},
	{regexp.MustCompile(`(?i)co-auth` + `ored-by|generated (?:by|with) (?:an? )?(?:ai|ll` + `m)\b|as an ai (?:language )?mo` + `del|\bsub` + `agent (?:brief|report)|\bDESI` + `GN(?:\.md)? §`),
		"the repository speaks of the product, not of how it was written", nil},
}

// said lists forbidden words with their line.
func said(all []text, rules []word) []string {
	var out []string
	for _, f := range all {
		for _, w := range rules {
			if w.except[f.path] != "" {
				continue
			}
			for _, at := range w.text.FindAllStringIndex(f.body, -1) {
				line := strings.Count(f.body[:at[0]], "\n") + 1
				out = append(out, fmt.Sprintf("%s:%d: %q: %s", f.path, line, strings.TrimSpace(f.body[at[0]:at[1]]), w.why))
			}
		}
	}
	return out
}

// fixture is whether a file is data that was written or recorded for samples and tests.
func fixture(path string) bool {
	return under(path, "events") || under(path, "infra/spaces") || under(path, "skills") || strings.Contains(path, "/testdata/")
}

// placeholders look like secrets and are none, each for the reason given.
var placeholders = map[string]string{}

var shown = regexp.MustCompile(`<secret:[0-9a-f]{12}>`)

// secrets lists lines of fixtures in which the redaction of the product sees a secret.
func secrets(all []text, known map[string]string) []string {
	var out []string
	r := redact.New([]byte("fixtures"))
	for _, f := range all {
		if !fixture(f.path) || f.isGo() {
			continue
		}
		for i, line := range strings.Split(f.body, "\n") {
			clean := line
			for placeholder := range known {
				clean = strings.ReplaceAll(clean, placeholder, "placeholder")
			}
			if redacted := r.Text(clean); redacted != clean {
				at := shown.FindStringIndex(redacted)
				near := redacted[max(0, at[0]-60):min(len(redacted), at[1]+20)]
				out = append(out, fmt.Sprintf("%s:%d: looks like a live secret: …%s…: replace it by a made-up value that is plainly one, or explain it in placeholders", f.path, i+1, near))
			}
		}
	}
	return slices.Compact(out)
}
