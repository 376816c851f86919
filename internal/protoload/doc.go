// Package protoload reads .proto files and returns linked descriptors.
//
// Syntax is read with github.com/emicklei/proto. Its tree is turned into descriptor messages here (scopes, names,
// options, synthesised messages and oneofs, source information), and google.golang.org/protobuf/reflect/protodesc
// validates and links them. Descriptors are those that protoc would make from proto2, proto3 and edition 2023, but
// for custom options, which are parsed and left out. Message sets and later editions are refused. Rules that protoc
// has for the sake of other tools or languages are not checked: JSON names that clash, extension declarations, ctype,
// jstype, lazy and lite runtimes.
//
// The well-known files google/protobuf/*.proto are the ones that protobuf-go links, also when an import path holds
// a copy: generated code uses those too.
//
// emicklei/proto is lenient: it drops what it does not expect, takes 010 for ten, and on some malformed inputs it
// does not return. So it never sees the source as written. scan.go reads tokens and comments, grammar.go checks
// them against the language, parse.go renders what passed as one token per line, and positions come back as token
// indexes. What emicklei/proto makes of text that was already checked cannot differ from what it says.
//
// The package is for reading contracts, not for compiling them: it runs no plugins and writes no files. It imports
// the standard library, emicklei/proto and protobuf only.
package protoload
