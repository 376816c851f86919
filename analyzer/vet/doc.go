// Package vet defines an Analyzer that reports what stands in the way of running
// a function as a guest.
//
// # Analyzer cofaas
//
// cofaas: report what stands in the way of running functions as guests
//
// The analyzer looks at main packages that are marked as functions, by a line
//
//	//go:generate go tool cofaas-gen
//
// and at nothing else. Each diagnostic has one of these categories:
//
//	no-service             the function registers no gRPC service
//	service-unknown        which service is registered could not be determined
//	listener-shared        a listener serves gRPC and something else
//	listener-unknown       the use of a listener that serves gRPC could not be followed
//	unroutable             which method is called could not be determined
//	api-refused            guests do not have a package or a symbol of gRPC
//
// What other packages have in the way is reported at the package clause of the
// function that contains them. With -explain, decisions are reported too, with
// categories rewrite, keep, export and import.
package vet
