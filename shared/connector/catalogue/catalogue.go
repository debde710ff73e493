// Package catalogue lists the connectors that look at AWS accounts.
package catalogue

import (
	"slices"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector/cloudtrail"
	"github.com/firefinder/firefinder/shared/connector/cloudwatch"
	"github.com/firefinder/firefinder/shared/connector/logs"
	"github.com/firefinder/firefinder/shared/connector/xray"
	"github.com/firefinder/firefinder/shared/tool"
)

// Tools are the tools of every AWS connector, in the order in which they are offered: metrics, logs, account_changes, calls. key
// is that of redaction, without which values that may not leave cannot be guessed from their digests.
func Tools(space config.Space, accounts []aws.Account, key []byte) []tool.Tool {
	return slices.Concat(cloudwatch.Tools(space, accounts), logs.Tools(space, accounts), cloudtrail.Tools(space, accounts, key), xray.Tools(space, accounts))
}
