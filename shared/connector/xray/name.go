package xray

import (
	"slices"
	"strings"
	"unicode"

	"github.com/firefinder/firefinder/shared/connector"
)

// maxName is the longest name that X-Ray gives a segment, in characters.
const maxName = 200

// clean makes a name of a traced program fit to be shown: what does not print is dropped, blanks are spaces, and no name is
// longer than maxName.
func clean(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, name))
	if runes := []rune(name); len(runes) > maxName {
		return strings.TrimSpace(string(runes[:maxName]))
	}
	return name
}

// component is the service of the space that X-Ray's names for a node mean, a name in full before its parts; else X-Ray's
// first name.
func component(known connector.Names, kind string, names []string) string {
	forms := []func(string) string{whole, lastSegment, firstLabel}
	if kind == "AWS::ApiGateway::Stage" {
		forms = []func(string) string{whole, stagedAPI}
	}
	for _, form := range forms {
		for _, name := range names {
			if svc := known.Service(form(name)); svc != "" {
				return svc
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return clean(names[0])
}

func whole(name string) string { return name }

// lastSegment is the resource of an ARN-like name: "orders" of "arn:aws:lambda:eu-central-1:111122223333:function:orders".
// A path on a web server names no resource.
func lastSegment(name string) string {
	if i := strings.LastIndexAny(name, "/:"); i >= 0 && !strings.Contains(name, "://") {
		return name[i+1:]
	}
	return ""
}

// stagedAPI is the API of a stage of API Gateway: "shop-api" of "shop-api/prod". The stage alone would be every API's.
func stagedAPI(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}

// private are the ends of host names that only AWS and the network itself hand out. A host of the internet is nobody's
// service by its first label: api.stripe.com is not the space's api.
var private = []string{".amazonaws.com", ".amazonaws.com.cn", ".internal", ".local", ".svc"}

// firstLabel is the resource that a host name of AWS or of a private network begins with: "orders-db" of
// "orders-db.abc123.eu-central-1.rds.amazonaws.com". SQL nodes are called database@host.
func firstLabel(name string) string {
	host := strings.ToLower(name[strings.LastIndexByte(name, '@')+1:])
	if at := strings.LastIndexByte(host, ':'); at >= 0 {
		host = host[:at]
	}
	if !slices.ContainsFunc(private, func(end string) bool { return strings.HasSuffix(host, end) }) || strings.ContainsAny(host, "/: ") {
		return ""
	}
	label, _, _ := strings.Cut(host, ".")
	return label
}
