// Package vet defines an Analyzer that reports what stands in the way of running
// a function as a guest, and what behaves differently there.
//
// # Analyzer cofaas
//
// cofaas: report what stands in the way of running functions as guests
//
// The analyzer looks at main packages that are marked as functions, by a line
//
//	//go:generate go tool cofaas-gen
//
// and at what they reach. It reports errors, which stand in the way, and
// warnings about what may behave differently in a guest: variables that RPC
// handlers write and that instances do not share, files, processes, loops that
// wait without letting others run. Each diagnostic has a category, with a page in
// docs/diagnostics. Lines that seem to be meant to mark a function, and do not,
// are reported too, and what a line says that generation will refuse. Of a
// function whose line says that it runs natively, in a process of its own, only
// that is reported which is a hazard there too.
//
// What other packages have in the way is reported at the package clause of the
// function that contains them. With -explain, decisions are reported too, and
// what is good to know.
package vet
