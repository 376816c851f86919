// Package unit makes cofaas-vet quick under go vet, which runs it once for each package of a program, those of the standard library
// included.
//
// The analyzers have facts, so that unitchecker parses and type-checks every package in order to pass types and facts on, although nearly
// none of them has to do with gRPC. [Skip] tells by the configuration of a unit, without a look at its sources, that there is nothing to
// find in it and nothing to pass on, and leaves an empty file of facts. Units that import such a package need its types: [Prepare] takes them
// from what the compiler has written, which go vet has at hand.
//
// The format of files of facts is that of unitchecker; a test notices if it changes.
package unit
