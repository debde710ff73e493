package generic

import (
	"time"

	"github.com/firefinder/firefinder/shared/source"
)

// Parse implements source.Source: the contract, or the body of a vendor whose shape is known (mapping.go). A service that
// the sender leaves out is found as for every source.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if vendor, ok := s.vendor(body); ok {
		return vendor.Parse(body, received)
	}
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
