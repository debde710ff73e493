package logs

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/tool"
)

// ToolsUntil are Tools whose time is up when the test says so.
func ToolsUntil(space config.Space, accounts []aws.Account, limit func(context.Context) (context.Context, context.CancelFunc)) []tool.Tool {
	return tools(space, accounts, 0, limit)
}

// ToolsEvery are Tools that ask at another pace.
func ToolsEvery(space config.Space, accounts []aws.Account, every time.Duration) []tool.Tool {
	return tools(space, accounts, every, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, lookTime)
	})
}

// Containing are the patterns by which a text is looked for.
func Containing(text string) (pattern, plain string, err error) {
	p, err := containing(text)
	return p.pattern, p.plain, err
}

// Trouble are the patterns by which trouble is looked for.
func Trouble() (pattern, plain string) { return trouble.pattern, trouble.plain }
