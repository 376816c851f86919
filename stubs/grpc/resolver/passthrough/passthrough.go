// Package passthrough stands in for google.golang.org/grpc/resolver/passthrough in a guest. The resolver is registered anyway.
//
// Deprecated: there is no need to import it.
package passthrough
