// Package catalogue lists the sources that exist.
package catalogue

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
	"github.com/firefinder/firefinder/shared/source/generic"
)

// All makes every source for a space, in the order in which people are shown them.
func All(space config.Space) []source.Source {
	return []source.Source{
		cloudwatch.New(space, cloudwatch.NewPages()),
		generic.New(space),
	}
}
