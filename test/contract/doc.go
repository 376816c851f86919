// Package contract is the behaviour suite of gRPC: what an application can see of grpc-go has to be the same natively, with one
// process per function, and in a host. The functions are in functions/a, b and c, what is asserted is in package behaviours, and
// the tests here start the functions in one mode after the other:
//
//	go test ./contract -contract.modes=native,consolidated,remote
package contract
