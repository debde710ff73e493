// Package arch is the house rules as tests: who may import whom and why, how long things may get, what every name must
// say about itself, and which lists must agree with which. A failure prints the reason of the rule.
//
// Each rule is a plain function over data (packages, files, texts) that returns what it found; house_test.go applies all of
// them to the repository, planted_test.go shows with planted breaches that each of them can fail.
package arch
