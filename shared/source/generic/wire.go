package generic

import (
	"time"

	"github.com/firefinder/firefinder/shared/source"
)

// Parse implements source.Source. A service that the sender leaves out is found as for every source.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	p, err := source.Contract(body, Kind, received)
	if err != nil {
		return p, err
	}
	for i := range p.Events {
		e := &p.Events[i]
		if e.Service == "" {
			e.Service = source.Service(s.space, e.Dimensions, nil, e.Title)
		}
	}
	return p, nil
}
