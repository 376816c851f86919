// Package analyzer decides, from types and never from text, what Go programs do
// with gRPC: which services a function serves and calls, which targets it dials,
// which listeners serve RPC, and which packages have to be rewritten, by which
// edits, so that the function runs as a guest.
//
// The decisions are made by one small analysis each, in the subpackages
// services, usage and rewrite, which depend on each other in this order and pass
// facts along imports. [Analyze] runs them over whole programs and puts the
// results together; the analyzer of subpackage vet reports them one package at a
// time, under go vet.
//
// The package changes no files and knows nothing of what is generated. It may
// import internal packages and golang.org/x/tools.
package analyzer
