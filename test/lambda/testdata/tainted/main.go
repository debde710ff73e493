// Command tainted is a function as it must not be: text/template looks methods up by name, so the linker keeps them all.
package main

import (
	"os"
	"text/template"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func() error { return template.Must(template.New("").Parse("{{.}}")).Execute(os.Stdout, 1) })
}
