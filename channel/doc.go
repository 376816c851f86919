// Package channel joins two processes on one machine, such as a host and a native isolate, for gRPC calls: by memory that both have
// mapped where the system can do that, and by a socket elsewhere. Either end may call the other.
//
// What travels is opaque here: messages, metadata and statuses are bytes, and the names of methods are text. The format is described in
// docs/channel.md for other languages.
//
// An end trusts the other with nothing but its own calls: whatever the peer writes, and whenever, this end neither reads nor writes out
// of bounds, nor waits for ever, nor passes on what changes under its hands.
//
// There are two layers. A pipe moves frames, through rings in memory or through a socket; conn.go, receive.go, serve.go and stream.go make
// calls and streams of them.
//
// The package imports the standard library only: it is linked into isolates.
package channel
