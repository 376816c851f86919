// Package isolate is the runtime that is linked into native isolates: functions that run in processes of their own. It connects the grpc
// stub to the host by package channel, as package guest does in Wasm guests: a [Method] makes calls, and what is bound with
// [Runtime.BindUnary] and [Runtime.BindStream] serves them. Messages travel as protobuf bytes.
//
// It is not an API for application code. It imports the standard library, protobuf, package channel, and package guest for the words
// that both kinds of functions have in common; neither gRPC nor what knows of Wasm.
//
// A process that the host has started has a [Default] runtime when its main begins; any other has none.
package isolate
