package report

import (
	"bytes"
	"context"
	_ "embed"
	"strings"
)

//go:embed report.css
var style string

// HTML renders the report as one document that needs nothing else.
func (r Report) HTML() ([]byte, error) {
	var buf bytes.Buffer
	if err := page(r).Render(context.Background(), &buf); err != nil {
		return nil, err
	}
	buf.WriteByte('\n')
	return buf.Bytes(), nil
}

// Style is the report's style sheet, for pages that embed Body.
func Style() string { return style }

// anchor keeps an id to characters that are safe in a fragment.
func anchor(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, id)
}

func visibleLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		lines[i] = Visible(l)
	}
	return strings.Join(lines, "\n")
}

func footerCost(r Report) string {
	analyst := ""
	if r.Conclusion != nil {
		analyst = r.Conclusion.Analyst
	}
	return Cost(r.Spent, analyst)
}
