// Package corpus is the protos that ship inside well-known Go modules: their .proto files, as protoload reads them, and
// the descriptors in their generated code, as pbdesc finds them. The latter were written by protoc itself, by many
// versions of it, so where a module ships both, one is the oracle of the other.
//
// Modules are requirements of this module, and are read from the module cache. Nothing of theirs is executed to load
// them, and no file of theirs is kept here.
package corpus
