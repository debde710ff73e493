package connector

import "github.com/firefinder/firefinder/shared/config"

// Names finds the service of a space that a name means, by exact match: what a trace or a trail calls something is not said
// to be a service or the value of which dimension.
type Names struct {
	all       map[string]string // of services and of their resources
	resources map[string]string
}

// NamesOf collects the names of services and the values of their dimensions. Of services that share a value the first has it.
func NamesOf(space config.Space) Names {
	n := Names{all: map[string]string{}, resources: map[string]string{}}
	for _, svc := range space.Services {
		for _, values := range svc.Dimensions {
			for _, v := range values {
				if _, taken := n.resources[v]; !taken && v != "" {
					n.resources[v], n.all[v] = svc.Name, svc.Name
				}
			}
		}
	}
	for _, svc := range space.Services {
		n.all[svc.Name] = svc.Name // its own name before a resource of another
	}
	return n
}

// Service is the service that has this name or a resource of it, or "".
func (n Names) Service(name string) string { return n.all[name] }

// OfResource is the service that has a resource of this name, or "".
func (n Names) OfResource(name string) string { return n.resources[name] }
