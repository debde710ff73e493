// Command firefinder is the command line of Firefinder.
package main

import (
	"os"

	"github.com/firefinder/firefinder/shared/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
