// Package netoverlay makes package net of the standard library work in guests, over sockets of the host.
//
// For GOOS=wasip1 the standard library has a network of its own inside each process, and nothing else. An overlay for the go command
// (go help build, -overlay) changes that without a change to any library: a handful of functions of package net get other names, and
// files of ours, which are in the folder _net and compiled as part of package net, have functions of theirs. Those ask the host, by
// functions of the module "cofaas:host/net", and fall back to the originals for what stays within the guest.
//
// The overlay is made from the standard library of the Go release that builds the guest. What our files rely on there is checked; a
// release that has changed it is refused with a [*MovedError]. Nothing in the packages runtime, syscall and internal/poll is changed: the
// host's descriptors are such as their poller can wait for.
//
// The package imports the standard library only.
package netoverlay
