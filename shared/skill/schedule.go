package skill

import (
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Schedule is a weekly time span in a time zone; outside of it a rule does not apply.
type Schedule struct {
	Days     []string `yaml:"days"` // mon, tue, ...; empty: every day
	From     string   `yaml:"from"` // 22:00
	To       string   `yaml:"to"`   // 06:00; not after From: the span passes midnight
	TimeZone string   `yaml:"timezone"`
	zone     *time.Location
	from, to int // minutes of the day
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// prepare checks the schedule. The zone is looked up only if asked for, as a program that does not match rules may be
// without zone data.
func (s *Schedule) prepare(lookup bool) (err error) {
	if s == nil {
		return nil
	}
	for _, d := range s.Days {
		if !slices.Contains(days, d) {
			return incident.Errorf(incident.Invalid, "schedule.days: %q is not one of %s", d, strings.Join(days, ", "))
		}
	}
	if s.from, err = minutes(s.From); err != nil {
		return err
	}
	if s.to, err = minutes(s.To); err != nil || !lookup {
		return err
	}
	if s.zone, err = time.LoadLocation(s.TimeZone); err != nil {
		return incident.Errorf(incident.Invalid, "schedule.timezone: %w", err)
	}
	return nil
}

func minutes(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, incident.Errorf(incident.Invalid, "schedule: %q is not a time such as 22:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// covers reports whether now lies in the span. The day of a span that passes midnight is the day it began.
func (s *Schedule) covers(now time.Time) bool {
	if s == nil {
		return true
	}
	local := now.In(s.zone)
	at, day := local.Hour()*60+local.Minute(), int(local.Weekday())
	inside := at >= s.from && at < s.to
	if s.to <= s.from {
		inside = at >= s.from || at < s.to
		if at < s.to {
			day = (day + 6) % 7
		}
	}
	return inside && (len(s.Days) == 0 || slices.Contains(s.Days, days[day]))
}
