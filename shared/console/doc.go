// Package console is what people see in a browser: the page on which a plan is approved or rejected, and the read-only
// pages about investigations with their JSON API.
//
// Pages are typed templates (templ; run `templ generate` after a change, the generated files are committed) filled from
// views that are built first. Handlers return an error and one wrapper renders it by class. Nothing in a GET changes
// anything; the only POSTs are the decision on a plan and signed chat interactions. Every page works on a phone, in
// light and dark, by keyboard, and without script, except that a decision by mail link needs the script which reads the
// link's fragment. There is no content from elsewhere. All text that came from outside is escaped, with characters that
// hide or reorder text made visible.
package console
