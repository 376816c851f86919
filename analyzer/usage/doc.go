// Package usage defines an Analyzer that finds the places where a package uses
// gRPC services and listens for connections.
//
// # Analyzer usage
//
// usage: find registrations, clients, dials, servers and listens
//
// For each site the analyzer says what it knows, and why: the service that is
// registered, the target that a client's connection was dialled with, and what
// is served on what net.Listen returns. A target is a constant, or comes from a
// setting (a flag, an environment variable, a key of a configuration, a field
// with a tag), with its default if there is one.
//
// Values are followed backward to where they come from and forward to where they
// go: through variables, struct fields, collections, channels, pointers,
// closures, function values, methods of interfaces whose receiver is known, and
// parameters and results of functions. Control flow is ignored: what may be
// stored in a variable is anything that is assigned to it. A call is followed
// with its arguments, so a helper that many call says of each call what it does
// there.
//
// Across packages, facts say the same in terms of parameters. What is known of
// results, pointer parameters, variables and fields is a [Term] ([Returns],
// [Stores], [Holds]). A dial, a client or a listen that depends on a parameter is
// a [Pattern] that each call of the function has again ([Patterns]). And there is
// what functions do with a listener that they take ([ListensFor]), and that they
// make one ([Opens]) or a server ([MakesServer]).
//
// What cannot be followed is said to be unknown, in words. Of a client that
// leaves the service known and the target a matter of run time; a listener counts
// as one that may serve gRPC and something else, which guests have too.
//
// What the package uses of gRPC and guests do not have, by package grpcapi, is a
// problem.
//
// What a package needs of the system beside gRPC is found in the same way: an
// address that a function of package drivers connects to or listens on, a file or
// an environment variable is a [Need].
//
// Code generated from proto files is not a use. The analyzer reports nothing;
// its result is a [Result].
package usage
