package record

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/kv"
)

// The change log: what code hosts told about deployments, pushes and releases.
//
//	CHANGES#<day>             <time>#<kind>#<id>         one change

func changeDay(t time.Time) string { return "CHANGES#" + t.UTC().Format("2006-01-02") }

// changeMemory is how long a change is kept.
const changeMemory = 90 * 24 * time.Hour

// PutChange is the operation that logs a change; repeats replace it by itself.
func PutChange(c evidence.Change) kv.Op {
	key := kv.Key{PK: changeDay(c.Time), SK: c.Time.UTC().Format(stamp) + "#" + c.Kind + "#" + c.ID}
	return kv.Put(key, c, kv.Always()).Until(c.Time.Add(changeMemory))
}

// Changes lists the changes between two times, oldest first, both ends included.
func Changes(ctx context.Context, s kv.Store, from, to time.Time) ([]evidence.Change, error) {
	var out []evidence.Change
	for day := from.UTC().Truncate(24 * time.Hour); !day.After(to); day = day.Add(24 * time.Hour) {
		part, err := decode[evidence.Change](s.Query(ctx, changeDay(day), "", kv.Page{}))
		if err != nil {
			return nil, err
		}
		for _, c := range part {
			if !c.Time.Before(from) && !c.Time.After(to) {
				out = append(out, c)
			}
		}
	}
	return out, nil
}
