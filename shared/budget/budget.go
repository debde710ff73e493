// Package budget bounds what an investigation may spend and keeps the ledger of what it did spend. Running out is a
// normal outcome. The day's ceiling of a space is reserved before each model call and settled after it; when the check
// itself fails, the call is not made.
package budget

import (
	"context"
	"fmt"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/llm"
)

// Spent is what an investigation has used so far.
type Spent struct {
	Turns     int           `json:"turns"`
	Tools     int           `json:"tools"`
	TokensIn  int           `json:"tokens_in"`
	TokensOut int           `json:"tokens_out"`
	Wall      time.Duration `json:"wall"`
	Bytes     int           `json:"bytes"`
	Calls     int           `json:"calls"` // model calls, retried ones included
	Dollars   float64       `json:"dollars"`
}

// Share is the largest used fraction of any bound, and the name of that bound.
func Share(b config.Budget, s Spent) (share float64, bound string) {
	for _, x := range []struct {
		name      string
		used, cap float64
	}{
		{"turns", float64(s.Turns), float64(b.Turns)},
		{"tool calls", float64(s.Tools), float64(b.Tools)},
		{"input tokens", float64(s.TokensIn), float64(b.TokensIn)},
		{"output tokens", float64(s.TokensOut), float64(b.TokensOut)},
		{"time", s.Wall.Seconds(), b.Wall.Seconds()},
		{"tool result bytes", float64(s.Bytes), float64(b.Bytes)},
	} {
		if x.cap > 0 && x.used/x.cap > share {
			share, bound = x.used/x.cap, x.name
		}
	}
	return share, bound
}

// Ledger reserves and settles money per space and UTC day.
type Ledger struct {
	Store   kv.Store
	Ceiling float64 // dollars a day
	Prices  map[string]config.Price
	Now     func() time.Time
}

// Day is one day's ledger total, in dollars.
type Day struct {
	Reserved float64 `json:"reserved"`
	Spent    float64 `json:"spent"`
	Calls    int     `json:"calls"`
}

// Reservation is money set aside for one model call.
type Reservation struct {
	day    string
	amount float64
}

func dayKey(day string) kv.Key { return kv.Key{PK: "LEDGER#" + day, SK: "TOTAL"} }

// Cost is the price of a call in dollars. A model without a price is Invalid: an unpriced call cannot be bounded.
func (l Ledger) Cost(model string, u llm.Usage) (float64, error) {
	p, ok := l.Prices[model]
	if !ok {
		return 0, incident.Errorf(incident.Invalid, "model %s has no price; add it under models.prices in the space file", model)
	}
	return (float64(u.In)*p.In + float64(u.Out)*p.Out + float64(u.CacheRead)*p.CacheRead + float64(u.CacheWrite)*p.CacheWrite) / 1e6, nil
}

// Reserve sets money aside for the largest possible cost of a call. Denied means that the day's ceiling is reached.
func (l Ledger) Reserve(ctx context.Context, model string, most llm.Usage) (Reservation, error) {
	amount, err := l.Cost(model, most)
	if err != nil || amount == 0 {
		return Reservation{}, err
	}
	res := Reservation{day: l.Now().UTC().Format("2006-01-02"), amount: amount}
	return res, l.update(ctx, res.day, func(d *Day) error {
		if d.Spent+d.Reserved+amount > l.Ceiling {
			return incident.Errorf(incident.Denied, "the day's ceiling of $%.2f is reached ($%.2f spent, $%.2f reserved); raise budget.dollars_day in the space file to go on today", l.Ceiling, d.Spent, d.Reserved)
		}
		d.Reserved += amount
		return nil
	})
}

// Settle replaces a reservation by what the call really cost.
func (l Ledger) Settle(ctx context.Context, res Reservation, model string, u llm.Usage) (dollars float64, err error) {
	dollars, err = l.Cost(model, u)
	if err != nil || res.amount == 0 {
		return dollars, err
	}
	return dollars, l.update(ctx, res.day, func(d *Day) error {
		d.Reserved = max(0, d.Reserved-res.amount)
		d.Spent += dollars
		d.Calls++
		return nil
	})
}

// Today reads the day's total.
func (l Ledger) Today(ctx context.Context) (Day, error) {
	var d Day
	_, _, err := kv.Read(ctx, l.Store, dayKey(l.Now().UTC().Format("2006-01-02")), &d)
	return d, err
}

func (l Ledger) update(ctx context.Context, day string, fn func(*Day) error) error {
	for {
		var d Day
		v, _, err := kv.Read(ctx, l.Store, dayKey(day), &d)
		if err != nil {
			return fmt.Errorf("read ledger of %s: %w", day, err)
		}
		if err := fn(&d); err != nil {
			return err
		}
		err = l.Store.Commit(ctx, kv.Put(dayKey(day), d, kv.Version(v)))
		if !incident.Is(err, incident.Conflict) {
			return err
		}
		if ctx.Err() != nil {
			return incident.Errorf(incident.Unavailable, "ledger of %s: %w", day, ctx.Err())
		}
	}
}
