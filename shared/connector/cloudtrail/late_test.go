package cloudtrail

import (
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/connector"
)

// What has just happened may not be recorded yet; that is said as long as it is so.
func TestRecordsAreLate(t *testing.T) {
	for ago, want := range map[time.Duration]bool{0: true, 14 * time.Minute: true, 15 * time.Minute: false, 20 * time.Hour: false} {
		in := scope
		in.Now = in.To.Add(ago)
		got, _, err := look(t.Context(), shop, accounts(cloud(t, recorded(t)), shopReader), testKey, hasty, in, connector.Args{})
		if err != nil {
			t.Fatal(err)
		}
		if said := len(got.Gaps) == 1 && strings.Contains(got.Gaps[0].Text, "a change after "+in.Now.Add(-15*time.Minute).Format("15:04:05Z")+" may not be recorded yet"); said != want {
			t.Errorf("%s after the span: %+v", ago, got.Gaps)
		}
	}
}
