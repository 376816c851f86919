// Package pb is generated from flow.proto.
package pb

//go:generate go run -C ../../../internal/protogen . -dir ../../bench/flow/pb flow.proto
