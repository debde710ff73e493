package xray

import (
	"context"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/tool"
)

// MaxEdges is the bound of edges an account.
const MaxEdges = maxEdges

// ToolsWithin are Tools with another limit of time.
func ToolsWithin(space config.Space, accounts []aws.Account, within func(context.Context) (context.Context, context.CancelFunc)) []tool.Tool {
	return tools(space, accounts, within)
}
