// Package protoload reads .proto files and returns linked descriptors.
//
// Syntax is read with github.com/emicklei/proto. Its tree is turned into descriptor messages here (scopes, names,
// options, synthesised messages and oneofs, source information), and google.golang.org/protobuf/reflect/protodesc
// validates and links them. Descriptors are those that protoc would make from proto2, proto3 and editions 2023 and
// 2024, but for custom options, which are parsed and left out.
//
// What protobuf-go cannot represent is the declaration of message sets: they are linked without their option, see
// [Files.IsMessageSet]. Other syntax versions and editions are refused. Not checked are rules of protoc that serve style
// or other languages and runtimes: the naming style of edition 2024, which extensions a range declares, what custom
// options are set to, and lite runtimes. Names are bounded, full ones too, to 1024 bytes.
//
// A file comes from the first of these that has it:
//
//   - protobuf-go, for the well-known files google/protobuf/*.proto, also when an import path holds a copy: generated code
//     uses those too;
//   - the import paths;
//   - [Options.Descriptors], which stand in for sources that cannot be found. They come from generated code, and so do
//     google/api, google/type and all else that the user's packages import: nothing is fetched, and versions are those of
//     the user's build;
//   - this program: google/rpc's status, code and error details, and stand-ins for the language features that protoc
//     ships, which can be used in custom options only.
//
// What import option names, from edition 2024 on, is for custom options, and is not looked up at all.
//
// emicklei/proto is lenient: it drops what it does not expect, takes 010 for ten, and on some malformed inputs it
// does not return. So it never sees the source as written. scan.go reads tokens and comments, grammar.go checks
// them against the language, parse.go renders what passed as one token per line, and positions come back as token
// indexes. What emicklei/proto makes of text that was already checked cannot differ from what it says.
//
// The package is for reading contracts, not for compiling them: it runs no plugins and writes no files. It imports
// the standard library, emicklei/proto, protobuf and genproto's google/rpc only.
package protoload
