package xray

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
)

const (
	maxPages    = 20  // of one answer
	maxSelector = 500 // characters that X-Ray takes
)

// node is a service of X-Ray's graph.
type node struct {
	names     []string // as X-Ray has them, the canonical one first
	kind      string   // X-Ray's type, such as AWS::Lambda::Function
	component string   // what it is called in evidence; empty for the outside
}

// is reports whether the node goes by a name. The outside goes by none: X-Ray calls it what it calls.
func (n node) is(name string) bool {
	return n.component != "" && (n.component == name || slices.Contains(n.names, name))
}

// edge is a connection of the graph.
type edge struct {
	from, to node
	count    int64  // calls in the span, to compare edges by
	selector string // how X-Ray is asked for it; empty: it cannot be
}

func (e edge) touches(name string) bool { return e.from.is(name) || e.to.is(name) }

// String names the edge to people.
func (e edge) String() string {
	if e.from.component == "" {
		return "outside → " + e.to.component
	}
	return e.from.component + " → " + e.to.component
}

// services reads the graph of the span. It fails when not even its first page can be read; whole is false when later ones
// are missing.
func services(ctx context.Context, client *api.Client, q query) (all []types.Service, whole bool, err error) {
	pages := api.NewGetServiceGraphPaginator(client, &api.GetServiceGraphInput{StartTime: &q.from, EndTime: &q.to})
	for i := 0; pages.HasMorePages(); i++ {
		if i == maxPages {
			return all, false, nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil && i == 0 {
			return nil, false, aws.Wrap(err, "read the service graph of X-Ray")
		}
		if err != nil {
			return all, false, nil
		}
		all = append(all, page.Services...)
	}
	return all, true, nil
}

// nodesOf names the services of a graph, by their number in it.
func nodesOf(space config.Space, services []types.Service) map[int32]node {
	out, known := map[int32]node{}, connector.NamesOf(space)
	for _, s := range services {
		n := node{kind: sdk.ToString(s.Type)}
		for _, name := range append([]string{sdk.ToString(s.Name)}, s.Names...) {
			if name != "" && !slices.Contains(n.names, name) {
				n.names = append(n.names, name)
			}
		}
		if !outside(n.kind) {
			n.component = component(known, n.kind, n.names)
		}
		if _, there := out[sdk.ToInt32(s.ReferenceId)]; !there {
			out[sdk.ToInt32(s.ReferenceId)] = n
		}
	}
	return out
}

// outside reports whether a type stands for whoever calls from outside, canaries included.
func outside(kind string) bool { return kind == "client" || strings.HasPrefix(kind, "client::") }

// edgesOf are the connections between different components, each once: X-Ray draws a Lambda function as two nodes, and a
// service that spans pages or accounts more than once.
func edgesOf(nodes map[int32]node, services []types.Service) []edge {
	var out []edge
	at := map[string]int{}
	for _, s := range services {
		for _, e := range s.Edges {
			from, to := nodes[sdk.ToInt32(s.ReferenceId)], nodes[sdk.ToInt32(e.ReferenceId)]
			if from.component == to.component || outside(to.kind) || to.component == "" {
				continue
			}
			one := edge{from: from, to: to, selector: selector(from, to)}
			if e.SummaryStatistics != nil {
				one.count = sdk.ToInt64(e.SummaryStatistics.TotalCount)
			}
			if i, ok := at[one.selector]; ok && one.selector != "" {
				out[i].count += one.count
				continue
			}
			at[one.selector] = len(out)
			out = append(out, one)
		}
	}
	return out
}

// selector asks for the edge between two nodes, by the type as well as the name: the outside is called what it calls. It is
// empty when X-Ray cannot be asked.
func selector(from, to node) string {
	a, b := identity(from), identity(to)
	if a == "" || b == "" {
		return ""
	}
	s := "edge(" + a + ", " + b + ")"
	if utf8.RuneCountInString(s) > maxSelector {
		return ""
	}
	return s
}

func identity(n node) string {
	if len(n.names) == 0 || !quotable(n.names[0]) || !quotable(n.kind) {
		return ""
	}
	if n.kind == "" {
		return "id(name: " + quote(n.names[0]) + ")"
	}
	return "id(name: " + quote(n.names[0]) + ", type: " + quote(n.kind) + ")"
}

// quotable refuses what could end a string. How the grammar escapes a quote is documented nowhere, and names that X-Ray
// accepts hold none, so nothing is lost by not guessing.
func quotable(s string) bool { return s == clean(s) && !strings.Contains(s, `"`) }

func quote(s string) string { return `"` + strings.ReplaceAll(s, `\`, `\\`) + `"` }
