package main // want `package vetted/lib: lib.go:11: registration of a service that is not known`

//go:generate go tool cofaas-gen

import "vetted/lib"

func main() { lib.Run(nil) }
