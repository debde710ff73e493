// Package workflow compares the two engines that evaluate the JSONata of the state machine: the one in Go that walks it on
// a laptop, and the reference engine in JavaScript, which decides what the language means. It needs Node and npm, and
// fetches the reference engine once into the user's cache.
package workflow
