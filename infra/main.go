// Command infra describes Firefinder on AWS: one CloudFormation stack per Agent Space. It is run by the CDK (cdk.json),
// or alone with `go run ./infra` to write the templates into cdk.out.
package main

import (
	"fmt"
	"os"

	"github.com/aws/jsii-runtime-go"

	"github.com/firefinder/firefinder/infra/stack"
)

func main() {
	defer jsii.Close()
	app, _, err := stack.App(stack.Settings{Root: "."})
	if err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(1)
	}
	app.Synth(nil)
}
