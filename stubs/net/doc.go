// Package net is what the files of a function get in place of the standard library's net where they listen for gRPC.
//
// A guest has no sockets: its calls come from the host, not from connections. [Listen] returns a listener that has the
// address it was given and never accepts anything, so that code which logs the address, passes the listener to a server
// and closes it works as before. Where a listener also serves something else, as with a multiplexer, or where that could not
// be told, [Shared] returns one that is real for all but servers of gRPC. All else that such a file wants from net it has from
// the standard library.
//
// Addresses are checked as the real package does, with the same errors. Differences: port 0 is given a number that
// belongs to no socket, a host name other than localhost is kept instead of being resolved, and the listeners have no
// deadlines.
//
// This package imports the standard library only.
package net
