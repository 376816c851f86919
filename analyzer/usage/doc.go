// Package usage defines an Analyzer that finds the places where a package uses
// gRPC services and listens for connections.
//
// # Analyzer usage
//
// usage: find registrations, clients, dials, servers and listens
//
// For each site the analyzer says what it knows, and why: the service that is
// registered, the target that a client's connection was dialled with, and
// whether what net.Listen returns serves gRPC only.
//
// Values are followed within a package, through variables, struct fields,
// closures, and parameters and results of functions. Control flow is ignored:
// what may be stored in a variable is anything that is assigned to it. Across
// packages, facts say what functions do with a listener ([ListensFor]) and
// which parameter is the target of the connection that they return ([Dials]).
//
// What the package uses of gRPC and guests do not have, by package grpcapi, is a
// problem.
//
// Code generated from proto files is not a use. The analyzer reports nothing;
// its result is a [Result].
package usage
