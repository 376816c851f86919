// Package services defines an Analyzer that finds the gRPC services that a
// package describes, and the functions that register them or make clients for
// them.
//
// # Analyzer services
//
// services: find descriptions of gRPC services
//
// A service is described by a package-level variable of type grpc.ServiceDesc
// whose composite literal has a constant ServiceName, and by client types whose
// methods call Invoke or NewStream with constant method names. Both are written
// by protoc-gen-go-grpc, in forms that changed over the years, and sometimes by
// hand; only types and constant values are looked at, never names.
//
// The analyzer reports nothing. It exports facts on the functions that register
// a service ([RegistersService]) or make a client ([ConstructsClient]), on the
// variables that describe one ([DescribesService]), and on packages generated
// from proto files ([Sources]). Its result is a [Result].
package services
