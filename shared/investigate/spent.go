package investigate

import (
	"context"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/journal"
)

// Spent adds up what an investigation's journal says was used, and why its last answer came from the offline analyst
// instead of the model, if it did. Calls counts intents: a call whose answer was lost was paid for too.
func Spent(ctx context.Context, docs blob.Store, records []journal.Record) (s budget.Spent, partial string) {
	for _, rec := range records {
		switch rec.Kind {
		case journal.Asked:
			s.Calls++
		case journal.Answered:
			var a answered
			if journal.Decode(ctx, docs, rec, &a) == nil {
				s.Turns++
				s.TokensIn += a.Usage.In + a.Usage.CacheRead + a.Usage.CacheWrite
				s.TokensOut += a.Usage.Out
				s.Dollars += a.Dollars
			}
		case journal.Observed:
			var obs observed
			if journal.Decode(ctx, docs, rec, &obs) == nil {
				s.Tools++
				s.Bytes += len(obs.Data)
			}
		case journal.Steered:
			var st steering
			if journal.Decode(ctx, docs, rec, &st) == nil && st.Partial {
				partial = st.Text
			}
		}
	}
	if len(records) > 1 {
		s.Wall = records[len(records)-1].Time.Sub(records[0].Time)
	}
	return s, partial
}
