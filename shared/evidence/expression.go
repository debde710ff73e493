package evidence

import (
	"regexp"
	"sync"
)

// expression is a regular expression that is compiled when it is first needed. The rules of this package hold about two
// hundred; compiled at start, they would cost every function that links the package milliseconds of its cold start.
type expression struct {
	text string
	once sync.Once
	done *regexp.Regexp
}

// expr takes what regexp.MustCompile takes; TestExpressions compiles every one.
func expr(text string) *expression { return &expression{text: text} }

func (e *expression) re() *regexp.Regexp {
	e.once.Do(func() { e.done = regexp.MustCompile(e.text) })
	return e.done
}

func (e *expression) MatchString(s string) bool              { return e.re().MatchString(s) }
func (e *expression) FindString(s string) string             { return e.re().FindString(s) }
func (e *expression) FindAllString(s string, n int) []string { return e.re().FindAllString(s, n) }
func (e *expression) FindStringSubmatch(s string) []string   { return e.re().FindStringSubmatch(s) }
func (e *expression) ReplaceAllString(s, with string) string { return e.re().ReplaceAllString(s, with) }

func (e *expression) FindAllStringSubmatch(s string, n int) [][]string {
	return e.re().FindAllStringSubmatch(s, n)
}

func (e *expression) ReplaceAllStringFunc(s string, with func(string) string) string {
	return e.re().ReplaceAllStringFunc(s, with)
}
