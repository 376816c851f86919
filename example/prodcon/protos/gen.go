// Package protos holds the interfaces of the example. It has no code: see the packages helloworld and prodcon.
package protos

//go:generate go run -C ../../../internal/protogen . -dir ../../example/prodcon/protos helloworld/helloworld.proto prodcon/prodcon.proto
