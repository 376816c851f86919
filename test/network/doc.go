// Package network tests the networking of guests and of native isolates against real servers.
//
// Its functions in folder functions use databases, HTTP, TLS, DNS and the rest as programs do, by libraries that know nothing of guests.
// Each test has them do tasks three times: run natively, a process for each function, and consolidated, in one host, as guests and as native
// isolates. What comes of a task has to be the same, texts of errors included; what the native run says is the oracle.
//
// The tests start the servers that they need: redis-server, PostgreSQL, memcached and nginx, from Debian's packages. Some need root, for
// network namespaces and for a resolver's settings of their own.
package network
