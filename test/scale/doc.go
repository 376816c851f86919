// Package scale measures how long it takes to look through a large module: 200 packages, of which a few are functions.
//
// The module is made, and always the same. Its functions are as teams write them: they share packages for dialing, tracing, metrics and
// configuration, their handlers live elsewhere, and their generated code is that of protoc's plugins. Most packages have nothing to do
// with gRPC: they import net/http, encoding/json, database/sql and each other.
package scale
