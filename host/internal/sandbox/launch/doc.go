// Package launch turns a process into a native isolate: a program that has given up all that it does not need, before its first
// instruction.
//
// What a process may do can only be given up by itself. So the host starts its own executable once more, with other arguments; the init
// function of this package sees them and never returns: it reads its [Orders] from a descriptor, follows them and becomes the program. That
// works in whatever program the package is linked into, and before most of the rest of that has been initialized, so it takes
// milliseconds. The package imports little, so that its turn comes early.
package launch
