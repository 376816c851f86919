// Package pb is generated from compute.proto.
package pb

//go:generate go run -C ../../../internal/protogen . -dir ../../bench/compute/pb compute.proto
