// Package source hears: it takes deliveries of vendors over HTTP, verifies who sent them, and puts the events they carry
// on the queue. Sub-packages are the sources, one vendor each, all of one shape:
//
//	<kind>.go   New and the Source's Rules: which requests are welcome
//	verify.go   who sent it
//	wire.go     what they sent, as normalised events; what was left out is named
//
// Package sign is our own signature scheme. Package catalogue lists the sources that exist.
package source
