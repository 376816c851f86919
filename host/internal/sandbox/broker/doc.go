// Package broker gives native isolates the network that the operator has allowed, and no other.
//
// An isolate has a network of its own, with nothing in it but itself. Its filter has the kernel stop each system call that names an
// address, and tell this package, which reads the address once, asks the policy, and does on a socket of the host's what was asked; that
// socket takes the place of the isolate's. So nothing is decided by what the isolate may still change, and what is connected costs nothing:
// its bytes go between isolate and kernel.
//
// What an isolate listens on stays in its own network, unless the operator mapped it to an address of the host. Names are looked up by the
// host: the servers that the isolate finds in its resolv.conf are played by a [Network], which tells the policy what addresses they have.
package broker
