package main

import "local/grpc"

func local() { grpc.Dial("google.golang.org/grpc") }
