// Package transfer is the example's interface between producer and consumer for github.com/knqyf263/go-plugin: the host's side,
// and for GOOS=wasip1 the guest's. All but this file is generated from transfer.proto.
package transfer

//go:generate go run ./gen
