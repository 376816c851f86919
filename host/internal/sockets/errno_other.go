//go:build !windows

package sockets

import "syscall"

// ofPlatform has nothing to add where the system's numbers are those of package syscall.
func ofPlatform(syscall.Errno) Errno { return ErrnoSuccess }
