// Package rewrite defines an Analyzer that decides which packages of a program
// get a rewritten copy, and what changes in their files.
//
// # Analyzer rewrite
//
// rewrite: decide which packages use the gRPC of the guest
//
// Within one program a package either uses the real google.golang.org/grpc or
// what guests get for it, and values of the one are not values of the other. So
// the packages to rewrite are the least set that
//
//   - contains the main package, and those of the user's own packages that
//     register services or make clients;
//   - with a package contains each one that it exchanges gRPC types with: one
//     uses an object of the other whose type mentions a type of gRPC;
//   - with a package that describes a service contains each one that imports
//     gRPC and uses the service's messages, such as a handler that returns
//     status errors (but not the other way round: to use the messages of a cloud
//     library is not to serve its RPCs);
//   - with a package contains each one that imports only packages of values
//     (codes, status, metadata, peer), if it calls a function of that package
//     that takes a context or returns an error, as such values travel in these.
//
// A released package that packages outside of this set exchange gRPC types with
// too, such as an instrumentation that a cloud library uses for itself, does not
// draw them in. It is there twice: the original for them, and a rewritten copy
// for the set. That needs a package that describes no services and registers
// nothing when it is initialized, and whose types none of them hands to the set.
//
// A package without gRPC that makes listeners for packages of the set is
// rewritten for that.
//
// Packages of the user are those of modules without a version: the main module
// and those of a workspace. Packages of gRPC itself and packages that do not
// import gRPC need no change. Everything else, such as a trace exporter with a
// connection of its own, keeps the real gRPC.
//
// The analyzer reports nothing. It exports the packages below each package as a
// fact ([Closure]); its result is a [Result].
package rewrite
