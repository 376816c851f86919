package main // want `package vetted/lib: lib.go:11: registration of a service that is not known` `package vetted/lib: service x.Greeter: streaming is not supported yet`

//go:generate go tool cofaas-gen

import "vetted/lib"

func main() { lib.Run(nil) }
