// Package wasi is the part of the system interface of guests, WASI snapshot preview 1, that hosts answer themselves, whatever the
// engine: poll_oneoff, and what is done with descriptors of sockets. The layouts are those of its witx. Interface [Net] beside it makes
// sockets, which WASI does not.
//
// Guests are not trusted. Addresses, lengths and descriptors may be anything.
package wasi

// Module is the name of the system interface.
const Module = "wasi_snapshot_preview1"
