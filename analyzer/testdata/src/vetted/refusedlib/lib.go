// Package refusedlib is rewritten, since a function takes a grpc.ServerOption from it.
package refusedlib

import "google.golang.org/grpc"

func Option() grpc.ServerOption { return grpc.InTapHandle(nil) }
