//go:build !linux

package sockets

func newDriver() driver { return pumps{} }
