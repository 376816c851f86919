// Package net is what the files of a function get in place of the standard library's net where they listen for gRPC.
//
// A guest has no sockets: its calls come from the host, not from connections. [Listen] returns a listener that has the
// address it was given and never accepts anything, so that code which logs the address, passes the listener to a server
// and closes it works as before. All else that such a file may want from net is here under its own name, as an alias or a
// call of the standard library; dialling and name resolution fail there as they do on any Wasm host without sockets.
//
// Addresses are checked as the real package does, with the same errors. Differences: port 0 is given a number that
// belongs to no socket, a host name other than localhost is kept instead of being resolved, and the listeners have no
// deadlines.
//
// This package imports the standard library only.
package net
