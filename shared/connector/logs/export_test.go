package logs

import (
	"context"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/tool"
)

// ToolsUntil are Tools whose time is up when the test says so.
func ToolsUntil(space config.Space, accounts []aws.Account, limit func(context.Context) (context.Context, context.CancelFunc)) []tool.Tool {
	return tools(space, accounts, limit)
}

// Containing are the patterns by which a text is looked for.
func Containing(text string) (pattern, plain string, err error) {
	p, err := containing(text)
	return p.pattern, p.plain, err
}

// Trouble are the patterns by which trouble is looked for.
func Trouble() (pattern, plain string) { return trouble.pattern, trouble.plain }
