// Package drivers knows which functions of the standard library and of well-known libraries connect, listen, read files or read the
// environment, and where the address is among their arguments: as a host and a port, in a URL, or in the data source name of a database.
//
// The table in table.go is all that has to change for another library. What an address is made of at run time is not the concern of this
// package: unknown parts of a text are marks, see [Mark], and come out where they went in.
//
// The package imports the standard library only.
package drivers
