package evidence

import (
	"fmt"
	"testing"
	"time"
)

// An access log has one statement. That its requests begin to fail must still be seen.
func TestPatternsSeeFailingRequests(t *testing.T) {
	at := time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)
	in := Input{Window: Window{From: at, To: at.Add(20 * time.Minute), Start: at.Add(10 * time.Minute)}}
	for i := range 1200 {
		code := 200
		if i > 600 && i%3 == 0 {
			code = 503
		}
		in.Logs = append(in.Logs, LogLine{Time: at.Add(time.Duration(i) * time.Second), Component: "api",
			Message: fmt.Sprintf(`10.0.0.1 "GET /api/v1/orders/%d HTTP/1.1" %d %dms`, i, code, i%90)})
	}
	for _, p := range Analyze(in).Patterns {
		if p.Kind == patternNew && p.Severe && p.Template == `<*> "GET /api/v1/orders/<*> HTTP/<*>" 503 <*>` {
			return
		}
	}
	t.Errorf("no new severe pattern of status 503 among %+v", Analyze(in).Patterns)
}
